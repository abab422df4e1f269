// From the parts of a case to the figures that gates and exporters know by name.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_METRICS_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_METRICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel/kernel_check.h"
#include "harness/report/report.h"

namespace deltagauge {

// All metrics that the parts of the case give, in the order of metric_names.h. A timing that is
// invalid or in error has none: its figures mean nothing.
std::vector<Metric> CaseMetrics(const CaseReport& case_report);

// Null if the case has no metric of that name.
const Metric* FindMetricOf(const CaseReport& case_report, std::string_view name);

// Sets holm_p of every timing that has quads, from wilcoxon_p, over all of them.
void CorrectTests(std::vector<CaseReport>* cases);

struct TensorDescription {
  std::string dtype;
  std::vector<int64_t> shape;
  std::optional<int64_t> layer;
  double rounding_slack = 0;  // PassLimits::relative_slack
};

// One tensor of an accuracy check, with its figures relative to those of the float32 references.
// References that aren't finite where the truth is don't count.
TensorResult MakeTensorResult(const TensorReport& tensor, const TensorDescription& description);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_METRICS_H_
