#include "harness/timing/timing_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace deltagauge {
namespace {

std::string DescribeInterval(const Interval& log_ratio) {
  return fmt::format("the speedup lies between {:.3f} and {:.3f}", std::exp(log_ratio.low),
                     std::exp(log_ratio.high));
}

std::string DescribeFloor(double floor, double min_effect) {
  return fmt::format("a call differs from itself by {:.1f} %, more than the {:.1f} % to be found",
                     100 * std::expm1(floor), 100 * std::expm1(min_effect));
}

}  // namespace

std::string_view TimingOutcomeName(TimingOutcome outcome) {
  switch (outcome) {
    case TimingOutcome::kUndecided:
      return "undecided";
    case TimingOutcome::kRegression:
      return "regression";
    case TimingOutcome::kEquivalent:
      return "equivalent";
    case TimingOutcome::kNotSlower:
      return "not slower";
    case TimingOutcome::kImproved:
      return "improved";
    case TimingOutcome::kTargetMet:
      return "target met";
    case TimingOutcome::kTargetMissed:
      return "target missed";
  }
  return "?";
}

TimingJudgement JudgeNoRegression(const Interval& log_ratio, double floor, double min_effect) {
  const double bound = std::max(floor, min_effect);
  if (log_ratio.high < -bound) {
    return {Verdict::kFailed, TimingOutcome::kRegression,
            fmt::format("slower: {}", DescribeInterval(log_ratio))};
  }
  if (log_ratio.low > bound) return {Verdict::kPassed, TimingOutcome::kImproved, ""};
  if (floor > min_effect) {
    return {Verdict::kInconclusive, TimingOutcome::kUndecided, DescribeFloor(floor, min_effect)};
  }
  if (log_ratio.low > -bound) {
    const TimingOutcome outcome =
        log_ratio.high < bound ? TimingOutcome::kEquivalent : TimingOutcome::kNotSlower;
    return {Verdict::kPassed, outcome, ""};
  }
  return {Verdict::kInconclusive, TimingOutcome::kUndecided,
          fmt::format("{}: neither clearly slower by {:.1f} % nor clearly not",
                      DescribeInterval(log_ratio), -100 * std::expm1(-bound))};
}

TimingJudgement JudgeTarget(const Interval& log_ratio, double floor, double min_effect,
                            double target) {
  const double bound = std::log(target);
  const bool is_noisy = floor > min_effect;
  const double margin = is_noisy ? floor : 0;
  if (log_ratio.high < bound - margin) {
    return {Verdict::kFailed, TimingOutcome::kTargetMissed,
            fmt::format("{}, below {:g}", DescribeInterval(log_ratio), target)};
  }
  if (log_ratio.low >= bound + margin) return {Verdict::kPassed, TimingOutcome::kTargetMet, ""};
  if (is_noisy) {
    return {Verdict::kInconclusive, TimingOutcome::kUndecided, DescribeFloor(floor, min_effect)};
  }
  return {Verdict::kInconclusive, TimingOutcome::kUndecided,
          fmt::format("{}, on both sides of {:g}", DescribeInterval(log_ratio), target)};
}

TimingJudgement JudgeTiming(const Interval& log_ratio, double floor, const TimingPolicy& policy) {
  return policy.target.has_value()
             ? JudgeTarget(log_ratio, floor, policy.min_effect, *policy.target)
             : JudgeNoRegression(log_ratio, floor, policy.min_effect);
}

std::string WhyInvalid(const TimingResult& result) {
  if (result.noise.contaminated) {
    return fmt::format(
        "contaminated: work that never calls either arm took {:.3f} times as long beside B as "
        "beside A",
        result.noise.control_ratio);
  }
  if (result.noise.throttled) {
    return fmt::format(
        "throttled: the same work took {:.2f} times as long at the end as at the beginning",
        result.noise.control_drift);
  }
  if (result.peak_share.has_value() && *result.peak_share > kPeakTolerance) {
    return fmt::format("{:.0f} % of what this machine can do: something else was measured",
                       100 * *result.peak_share);
  }
  return "";
}

}  // namespace deltagauge
