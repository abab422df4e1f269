#include "harness/kernel/pass_rules.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "fmt/format.h"

namespace deltagauge {
namespace {

constexpr RuleInfo kRules[] = {
    {Rule::kRelative, "R1",
     "error against the fp64 truth is at most twice that of the float32 references",
     "a fixed tolerance passes a kernel that loses three digits"},
    {Rule::kCeiling, "R2", "relative RMS error stays below the ceiling of the data type",
     "an inaccurate reference must not widen the budget without limit"},
    {Rule::kElementwise, "R3", "no element is outside its tolerance",
     "an average hides one wrong element"},
    {Rule::kFinite, "R4", "NaN and Inf appear where the truth has them and nowhere else",
     "a comparison with NaN is false, whichever way it is asked"},
    {Rule::kNotVacuous, "R5", "something was compared with something",
     "zeros equal zeros; an empty tensor equals anything"},
    {Rule::kGuards, "R6", "memory around the results and all inputs are as before",
     "an out-of-bounds write spoils somebody else's data"},
    {Rule::kRepeatable, "R7", "a second run gives the same bits",
     "a race or uninitialised memory passes most of the time"},
};

// `observed <= limit` must be asked in this direction: NaN then fails.
Finding Bounded(Rule rule, std::string_view tensor, double observed, double limit,
                std::string detail) {
  Finding finding{rule, std::string(tensor), Verdict::kPassed, observed, limit, ""};
  if (!(observed <= limit)) {
    finding.verdict = Verdict::kFailed;
    finding.detail = std::move(detail);
  }
  return finding;
}

std::string VacuityOf(const TensorComparison& result, const PassLimits& limits,
                      NonFiniteTruth non_finite_truth) {
  if (result.count == 0) return "the tensor is empty";
  const double count = static_cast<double>(result.count);
  if (result.truth_non_finite_count == result.count) return "the truth has no finite element";
  if (result.truth_non_finite_count > 0 && non_finite_truth == NonFiniteTruth::kInvalid) {
    return fmt::format("{} of {} elements of the truth are not finite",
                       result.truth_non_finite_count, result.count);
  }
  if (result.truth_non_finite_count == 0 && non_finite_truth == NonFiniteTruth::kExpected) {
    return "the truth was to have NaN or Inf, and has none";
  }
  const double zero_share = static_cast<double>(result.truth_zero_count) / count;
  if (zero_share > limits.largest_zero_share) {
    return fmt::format("{:.0f} % of the truth is zero", 100 * zero_share);
  }
  if (result.truth_is_constant) return "all elements of the truth are the same";
  const ElementTolerance& elements = limits.elements;
  if (elements.of_largest + elements.relative >= 1) {
    return "the element tolerance is as large as the largest element";
  }
  return "";
}

Finding JudgeVacuity(std::string_view tensor, const TensorComparison& result,
                     const PassLimits& limits, NonFiniteTruth non_finite_truth) {
  const double zeros = result.count == 0 ? 1
                                         : static_cast<double>(result.truth_zero_count) /
                                               static_cast<double>(result.count);
  Finding finding{Rule::kNotVacuous,         std::string(tensor),
                  Verdict::kPassed,          zeros,
                  limits.largest_zero_share, VacuityOf(result, limits, non_finite_truth)};
  if (!finding.detail.empty()) finding.verdict = Verdict::kInvalid;
  return finding;
}

Finding JudgeFinite(std::string_view tensor, const TensorComparison& result) {
  return Bounded(Rule::kFinite, tensor, static_cast<double>(result.non_finite_mismatches), 0,
                 fmt::format("first at element {}; the result has {} NaN and {} Inf",
                             result.first_non_finite_mismatch, result.nan_count, result.inf_count));
}

Finding JudgeRelative(std::string_view tensor, const TensorComparison& result,
                      std::span<const TensorComparison> references, const PassLimits& limits) {
  double worst = -1;
  for (const TensorComparison& reference : references) {
    if (reference.non_finite_mismatches > 0) continue;
    worst = std::max(worst, reference.rel_rmse);
  }
  if (worst < 0) {
    return {Rule::kRelative,
            std::string(tensor),
            Verdict::kInvalid,
            result.rel_rmse,
            std::numeric_limits<double>::quiet_NaN(),
            "no float32 reference is finite here"};
  }
  const double limit = limits.relative_factor * worst + limits.relative_slack;
  return Bounded(Rule::kRelative, tensor, result.rel_rmse, limit,
                 fmt::format("the float32 references have {:.2g}", worst));
}

Finding JudgeCeiling(std::string_view tensor, const TensorComparison& result,
                     const PassLimits& limits) {
  return Bounded(Rule::kCeiling, tensor, std::max(result.rel_rmse, result.worst_group_rel_rmse),
                 limits.ceiling,
                 fmt::format("relative RMS of all {:.3g}, of head {} {:.3g}", result.rel_rmse,
                             result.worst_group, result.worst_group_rel_rmse));
}

Finding JudgeElements(std::string_view tensor, const TensorComparison& result) {
  return Bounded(
      Rule::kElementwise, tensor, static_cast<double>(result.violations), 0,
      fmt::format("first at element {}; largest error {:.3g} at element {}", result.first_violation,
                  result.max_abs_error, result.max_abs_error_index));
}

}  // namespace

std::span<const RuleInfo> AllRules() { return kRules; }

const RuleInfo& InfoOf(Rule rule) { return kRules[static_cast<size_t>(rule)]; }

std::string Finding::Message() const {
  const char* relation = verdict == Verdict::kFailed ? ">" : "<=";
  std::string message = fmt::format("{} {} {}: ", InfoOf(rule).id, tensor, VerdictName(verdict));
  if (verdict == Verdict::kPassed || verdict == Verdict::kFailed) {
    message += fmt::format("{:.3g} {} {:.3g}", observed, relation, limit);
    if (!detail.empty()) message += " (" + detail + ")";
    return message;
  }
  return message + detail;
}

PassLimits FusedKernelLimits(DataType destination, QkNorm norm) {
  PassLimits limits = AnyKernelLimits(destination);
  limits.relative_slack = norm == QkNorm::kNone ? kRoundingSlack : kNormRoundingSlack;
  if (destination == DataType::kFloat32) {
    limits.ceiling = 2e-6;
  } else {
    limits.elements = {.of_largest = 1e-5, .relative = 0, .ulps = 0.5};
  }
  return limits;
}

PassLimits AnyKernelLimits(DataType destination) {
  PassLimits limits;
  limits.relative_slack = 1e-5;
  if (destination == DataType::kFloat32) {
    limits.ceiling = 1e-5;
    // As torch.testing.assert_close: relative 1.3e-6, absolute 1e-5.
    limits.elements = {.of_largest = 1e-5, .relative = 1.3e-6, .ulps = 0};
  } else {
    limits.ceiling = 5e-3;
    limits.elements = {.of_largest = 1e-5, .relative = 1.6e-2, .ulps = 0};
  }
  return limits;
}

std::vector<Finding> JudgeTensor(std::string_view tensor, const TensorComparison& result,
                                 std::span<const TensorComparison> references,
                                 const PassLimits& limits, NonFiniteTruth non_finite_truth) {
  return {JudgeVacuity(tensor, result, limits, non_finite_truth), JudgeFinite(tensor, result),
          JudgeRelative(tensor, result, references, limits), JudgeCeiling(tensor, result, limits),
          JudgeElements(tensor, result)};
}

Verdict WorstOf(std::span<const Finding> findings) {
  Verdict worst = Verdict::kSkipped;
  for (const Finding& finding : findings) worst = Worse(worst, finding.verdict);
  return worst;
}

}  // namespace deltagauge
