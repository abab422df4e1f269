// What the service knows of itself, for /metrics.
#ifndef DELTAGAUGE_HARNESS_SERVICE_SERVICE_COUNTERS_H_
#define DELTAGAUGE_HARNESS_SERVICE_SERVICE_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deltagauge {

// Seconds that answers take; the last bucket is everything.
inline constexpr std::array<double, 11> kSecondsBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                           0.1,   0.25,   0.5,   1,    2.5};

struct SecondsHistogram {
  std::array<int64_t, kSecondsBuckets.size() + 1> counts{};  // not cumulative
  double sum = 0;
  int64_t count = 0;
  void Add(double seconds);
};

class ServiceCounters {
 public:
  struct Requests {
    std::map<int, int64_t> by_status;
    SecondsHistogram seconds;
  };

  // `route` is "GET /api/v1/reports", or "none" for what no route fits: never what was sent.
  void CountRequest(std::string_view route, int status, double seconds);
  void CountReport(std::string_view outcome, double seconds);  // "added", "there", "conflict"

  std::map<std::string, Requests, std::less<>> requests() const;
  std::map<std::string, int64_t, std::less<>> reports() const;
  SecondsHistogram ingest_seconds() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Requests, std::less<>> requests_;
  std::map<std::string, int64_t, std::less<>> reports_;
  SecondsHistogram ingest_seconds_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_SERVICE_COUNTERS_H_
