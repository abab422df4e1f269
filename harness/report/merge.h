// The shards of a run, put together: one report, equal to that of the run in one piece but for
// times and ids.
#ifndef DELTAGAUGE_HARNESS_REPORT_MERGE_H_
#define DELTAGAUGE_HARNESS_REPORT_MERGE_H_

#include <span>
#include <string>
#include <vector>

#include "harness/report/report.h"

namespace deltagauge {

struct NamedReport {
  std::string name;  // for messages: the file that it came from
  Report report;
};

// Cases in the order of the plan, gates judged again over all of them, a summary. The earliest
// beginning, the sum of the durations; `report_id` is the new report's. A shard that is missing
// leaves the report incomplete.
//
// Throws reference::InputError, naming the reports: none at all; another configuration, commit or
// changed tree; other gates, waivers or policy; another count of shards, a shard twice with other
// results; a case in two of them with different results (times aside).
Report MergeReports(std::span<const NamedReport> shards, const std::string& report_id);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_MERGE_H_
