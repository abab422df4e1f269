// What changed from the report before to a branch's newest, remembered: reports never change.
#ifndef DELTAGAUGE_HARNESS_SERVICE_HEAD_CHANGES_H_
#define DELTAGAUGE_HARNESS_SERVICE_HEAD_CHANGES_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "harness/store/store_queries.h"

namespace deltagauge {

struct HeadChange {
  std::string base_report;  // id of the report before
  size_t worse = 0;         // cases
  std::string first;        // why the first of them is worse: text
};

// The report before of the same branch, machine and configuration.
std::optional<ReportRow> ReportBefore(const ReportRow& report, Database* database);

// Safe for any number of threads.
class HeadChanges {
 public:
  // Nothing if there is none before, or if one of them can't be read.
  std::optional<HeadChange> Of(const ReportRow& head, Database* database);

 private:
  static constexpr size_t kMaxKept = 10'000;

  std::mutex mutex_;
  std::map<std::pair<int64_t, int64_t>, std::optional<HeadChange>> kept_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_HEAD_CHANGES_H_
