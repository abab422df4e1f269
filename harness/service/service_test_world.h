// A service on a fresh SQLite store, for tests without a network.
#ifndef DELTAGAUGE_HARNESS_SERVICE_SERVICE_TEST_WORLD_H_
#define DELTAGAUGE_HARNESS_SERVICE_SERVICE_TEST_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/service/service.h"
#include "harness/store/store_test_database.h"

namespace deltagauge {

inline constexpr const char* kTestToken = "0123456789abcdef";
inline constexpr int64_t kTestNow = 1'775'000'000;  // 2026-03-31

class ServiceTestWorld {
 public:
  explicit ServiceTestWorld(ServiceOptions options = DefaultOptions())
      : database_(TestDatabase::Make(SqlDialect::kSqlite)),
        store_(ReportStore::Open(database_->address())),
        service_(std::make_unique<Service>(std::move(options), store_.get())) {}

  static ServiceOptions DefaultOptions() {
    ServiceOptions options;
    options.access.token = kTestToken;
    options.config_folder = DELTAGAUGE_CONFIGS;
    options.unix_seconds = [] { return kTestNow; };
    options.version = "1.2.3";
    return options;
  }

  // `target` is a path with a query, undecoded values.
  static HttpRequest Request(const std::string& method, const std::string& target,
                             const std::string& body = {}) {
    HttpRequest request;
    request.method = method;
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    size_t begin = question == std::string::npos ? target.size() : question + 1;
    while (begin < target.size()) {
      const size_t end = std::min(target.find('&', begin), target.size());
      const std::string pair = target.substr(begin, end - begin);
      const size_t equal = pair.find('=');
      request.query.emplace(pair.substr(0, equal), pair.substr(equal + 1));
      begin = end + 1;
    }
    request.body = body;
    request.authorization = std::string("Bearer ") + kTestToken;
    request.host = "localhost:8177";
    return request;
  }

  HttpResponse Ask(const std::string& method, const std::string& target,
                   const std::string& body = {}) {
    return service_->Handle(Request(method, target, body));
  }
  Json AskJson(const std::string& target) { return ParseJson(Ask("GET", target).body, target); }
  HttpResponse Post(const Report& report) {
    return Ask("POST", "/api/v1/reports", WriteReport(report));
  }

  Service& service() { return *service_; }
  ReportStore& store() { return *store_; }

 private:
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<ReportStore> store_;
  std::unique_ptr<Service> service_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_SERVICE_TEST_WORLD_H_
