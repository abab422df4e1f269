// Two reports, case by case: what became worse, what better, what can't be said.
//
// Cases are joined by their ids. Their verdicts can always be compared. Their timings only if both
// ran on machines of one fingerprint: a speedup is a ratio from one machine, but which ratio that
// is depends on the machine too.
#ifndef DELTAGAUGE_HARNESS_REPORT_COMPARE_H_
#define DELTAGAUGE_HARNESS_REPORT_COMPARE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/json.h"
#include "harness/report/report.h"

namespace deltagauge {

enum class Change : uint8_t {
  kSame,
  kBetter,
  kWorse,
  kUnclear,     // more than nothing, less than the noise allows to tell
  kNotCompared  // timings of two machines
};

// "same", "better", "worse", "unclear", "not compared".
std::string_view ChangeName(Change change);

enum class OtherMachines : uint8_t { kRefuse, kCompareAnyway };

struct CompareOptions {
  OtherMachines other_machines = OtherMachines::kRefuse;
  // |log ratio| of two speedups that matters, at least; the noise floors of both count besides.
  double min_effect = 0.02;
};

struct MetricChange {
  std::string metric;
  std::string unit;
  Direction direction = Direction::kNeither;
  std::optional<double> base;  // absent: only the other has it
  std::optional<double> head;
  std::optional<double> ratio;  // head / base, where that is a number
  // Judged for speedups alone, by their intervals: worse or better if they are apart by more than
  // the bound, unclear if the figures are but the intervals meet. Errors and drift are judged by
  // their gates, in the verdict of the case; times and rates are not judged, since a machine's
  // clock is not the same from run to run.
  Change change = Change::kSame;
};

struct CaseChange {
  std::string id;
  std::string kind;
  std::string repro;
  Verdict base = Verdict::kError;
  Verdict head = Verdict::kError;
  Change change = Change::kSame;  // of the verdict and of all metrics: the worst
  std::string reason;             // why not the same
  std::vector<MetricChange> metrics;
};

struct ReportComparison {
  std::string base_report;  // id
  std::string head_report;
  std::string base_commit;
  std::string head_commit;
  std::string timings_refused;     // why; empty: timings were compared, or there are none
  std::vector<std::string> notes;  // "the configurations differ"
  std::vector<CaseChange> cases;   // in both, in the order of head
  std::vector<std::string> only_base;
  std::vector<std::string> only_head;
  // 1, 2, 3 if a case of that concern became worse; 4 if a change is unclear or timings were
  // refused; 5 if no case is in both or head means nothing where base did; 70 if head broke there;
  // 0 else. Precedence as in verdict.h. What was bad in base already changes nothing.
  ExitCode exit_code = kExitPass;
};

ReportComparison CompareReports(const Report& base, const Report& head,
                                const CompareOptions& options);

std::string ComparisonText(const ReportComparison& comparison);
std::string ComparisonMarkdown(const ReportComparison& comparison);
Json ComparisonJson(const ReportComparison& comparison);  // numbers that are not finite are null

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_COMPARE_H_
