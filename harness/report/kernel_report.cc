#include "harness/report/kernel_report.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/report_metrics.h"

namespace deltagauge {
namespace {

std::vector<int64_t> ShapeOf(const KernelCase& c, std::string_view tensor) {
  if (tensor.starts_with("output")) {
    return {c.NumSequences(), c.value_heads, c.lengths.empty() ? c.tokens : c.TotalTokens(),
            c.value_dim};
  }
  if (tensor.starts_with("snapshots")) {
    return {c.NumSequences(), c.snapshots, c.value_heads, c.key_dim, c.value_dim};
  }
  return {c.NumSequences(), c.value_heads, c.key_dim, c.value_dim};
}

}  // namespace

void FillKernelReport(const CheckOutcome& outcome, CaseReport* report) {
  const KernelCase& kernel_case = outcome.kernel_case;
  report->status = outcome.verdict;
  report->reason = outcome.reason;
  if (outcome.verdict == Verdict::kSkipped) {
    report->reason_code = "no_target";
  } else if (outcome.verdict != Verdict::kPassed) {
    report->reason_code = outcome.verdict == Verdict::kInvalid ? "vacuous" : "rule";
  }
  CorrectnessResult correctness;
  correctness.check = NameOf(kernel_case.check);
  correctness.target = outcome.target;
  correctness.findings = outcome.findings;
  for (const TensorReport& tensor : outcome.tensors) {
    const DataType type =
        tensor.name.starts_with("output") ? kernel_case.data_type : DataType::kFloat32;
    correctness.tensors.push_back(MakeTensorResult(
        tensor, {.dtype = std::string(NameOf(type)),
                 .shape = ShapeOf(kernel_case, tensor.name),
                 .layer = std::nullopt,
                 .rounding_slack = FusedKernelLimits(type, kernel_case.qk_norm).relative_slack}));
  }
  report->correctness = std::move(correctness);
}

}  // namespace deltagauge
