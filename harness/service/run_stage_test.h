// For tests of runs on demand: a service whose runs do what the test says, without processes.
#ifndef DELTAGAUGE_HARNESS_SERVICE_RUN_STAGE_TEST_H_
#define DELTAGAUGE_HARNESS_SERVICE_RUN_STAGE_TEST_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/service/run_queue.h"
#include "harness/service/service.h"
#include "harness/store/store_test_database.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {

// A runner that does one deed of the test's after another. Asked to end, it ends with what
// `when_cancelled` holds.
class RunStage {
 public:
  // Ends the run if it gives an outcome.
  using Deed = std::function<std::optional<RunOutcome>(const RunWatch&)>;

  Runner runner() {
    return [this](const RunOrder& order, const RunWatch& watch) { return Run(order, watch); };
  }

  // Returns once it is done.
  void Do(Deed deed) {
    std::unique_lock lock(mutex_);
    const int64_t number = ++given_;
    deeds_.push_back(std::move(deed));
    changed_.notify_all();
    changed_.wait(lock, [&] { return done_ >= number; });
  }
  void Start() {
    Do([](const RunWatch& watch) {
      watch.started();
      return std::nullopt;
    });
  }
  void Step(const RunStep& step) {
    Do([&](const RunWatch& watch) {
      watch.progress(step);
      return std::nullopt;
    });
  }
  void Finish(const RunOutcome& outcome) {
    Do([&](const RunWatch&) { return std::optional(outcome); });
  }
  std::vector<RunOrder> orders() {
    const std::lock_guard lock(mutex_);
    return orders_;
  }

  RunOutcome when_cancelled;

 private:
  RunOutcome Run(const RunOrder& order, const RunWatch& watch) {
    std::unique_lock lock(mutex_);
    orders_.push_back(order);
    for (;;) {
      // Nobody tells it of a cancellation: it looks.
      changed_.wait_for(lock, std::chrono::milliseconds(1), [&] { return !deeds_.empty(); });
      if (deeds_.empty()) {
        if (watch.cancelled()) return when_cancelled;
        continue;
      }
      const Deed deed = std::move(deeds_.front());
      deeds_.pop_front();
      lock.unlock();
      std::optional<RunOutcome> outcome;
      std::exception_ptr error;
      try {
        outcome = deed(watch);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      ++done_;
      changed_.notify_all();
      if (error) std::rethrow_exception(error);
      if (outcome) return *outcome;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Deed> deeds_;
  std::vector<RunOrder> orders_;
  int64_t given_ = 0;
  int64_t done_ = 0;
};

enum class Whole : uint8_t { kYes, kNo };

inline std::string ReportText(const std::string& id, Whole whole = Whole::kYes) {
  Report report = ExamplePassingReport();
  report.report_id = id;
  report.complete = whole == Whole::kYes;
  if (!report.complete) report.incomplete_reason = "interrupted";
  return WriteReport(report);
}

class RunServiceTest : public ::testing::Test {
 protected:
  static constexpr const char* kToken = "0123456789abcdef";
  static constexpr std::string_view kTiny =
      "version: 1\nname: tiny\nkernel: {shapes: [{tokens: 3}]}\n";

  void SetUp() override {
    reference::WriteFile((configs_ / "tiny.yaml").string(), kTiny);
    reference::WriteFile((configs_ / "tiny_policy.yaml").string(), "version: 1\n");
    database_ = TestDatabase::Make(SqlDialect::kSqlite);
    store_ = ReportStore::Open(database_->address());
    Open();
  }

  void TearDown() override {
    if (runs_) runs_->Close();
  }

  void Open(size_t max_waiting = 2) {
    service_.reset();
    runs_.reset();
    RunQueueOptions queue;
    queue.max_waiting = max_waiting;
    queue.unix_seconds = [] { return int64_t{1'800'000'000}; };
    queue.new_task = [this] { return "task-" + std::to_string(++tasks_); };
    runs_ = std::make_unique<RunQueue>(queue, store_.get(), stage_.runner());
    Serve(runs_.get());
  }

  void Serve(RunQueue* runs) {
    ServiceOptions options;
    options.access.token = kToken;
    options.config_folder = configs_.path();
    options.unix_seconds = [] { return int64_t{1'800'000'000}; };
    options.runs = runs;
    options.heartbeat = std::chrono::milliseconds(0);
    service_ = std::make_unique<Service>(options, store_.get());
  }

  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body = {},
                   std::multimap<std::string, std::string, std::less<>> query = {}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.query = std::move(query);
    request.authorization = std::string("Bearer ") + kToken;
    return service_->Handle(request);
  }

  HttpResponse Post(const std::string& body = R"({"config": "tiny"})") {
    return Ask("POST", "/api/v1/runs", body);
  }
  Json Get(const std::string& task) { return JsonOf(Ask("GET", "/api/v1/runs/" + task)); }

  // Waits until it has ended.
  Json Ended(const std::string& task) {
    for (;;) {
      Json run = JsonOf(Ask("GET", "/api/v1/runs/" + task, "", {{"wait", "30"}}));
      const std::string state = Text(run, "state");
      if (state != "queued" && state != "running") return run;
    }
  }

  static Json JsonOf(const HttpResponse& response) { return ParseJson(response.body, "answer"); }
  static std::string Text(const Json& json, std::string_view name) {
    const Json* const member = json.Find(name);
    return member != nullptr && member->IsString() ? member->AsString() : "";
  }
  static int64_t Int(const Json& json, std::string_view name) {
    const Json* const member = json.Find(name);
    return member != nullptr && member->FitsInt64() ? member->AsInt64() : -1;
  }
  static std::string Code(const HttpResponse& response) {
    const Json json = JsonOf(response);
    return json.Find("error") != nullptr ? Text(*json.Find("error"), "code") : "";
  }
  static std::string Header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  const reference::TemporaryFolder configs_;
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<ReportStore> store_;
  RunStage stage_;
  int tasks_ = 0;
  std::unique_ptr<RunQueue> runs_;
  std::unique_ptr<Service> service_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_RUN_STAGE_TEST_H_
