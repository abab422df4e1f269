// Reports with a history, for tests of pages.
#ifndef DELTAGAUGE_HARNESS_SERVICE_PAGES_TEST_REPORTS_H_
#define DELTAGAUGE_HARNESS_SERVICE_PAGES_TEST_REPORTS_H_

#include <string>
#include <string_view>

#include "fmt/format.h"
#include "harness/report/report_example.h"

namespace deltagauge {

// Day `day` of March 2026; every speedup times `speed`.
inline Report ReportOfDay(int day, double speed = 1, const std::string& branch = "main") {
  Report report = ExamplePassingReport();
  report.report_id = fmt::format("{}-{}", branch, day);
  report.created_at = fmt::format("2026-03-{:02}T09:30:00Z", day);
  report.vcs.branch = branch;
  report.vcs.head_sha = fmt::format("{:02x}{}", day, std::string(38, 'e'));
  for (CaseReport& of : report.cases) {
    for (Metric& metric : of.metrics) {
      if (!metric.name.ends_with("speedup")) continue;
      metric.value *= speed;
      if (metric.ci_lo) *metric.ci_lo *= speed;
      if (metric.ci_hi) *metric.ci_hi *= speed;
    }
  }
  return report;
}

inline Report OnMachine(Report report, const std::string& fingerprint, const std::string& name) {
  report.report_id += "-" + name;
  report.machine.fingerprint = fingerprint;
  report.machine.name = name;
  return report;
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_PAGES_TEST_REPORTS_H_
