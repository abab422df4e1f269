#include "harness/bench/bench_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <span>
#include <utility>

#include "harness/bench/bench_results.h"
#include "harness/bench/bench_statistics.h"

namespace deltagauge {
namespace {

constexpr int kFewestQuads = 6;  // whose median an interval encloses with 95 %

// From log(b / a).
double QuantityOf(Quantity quantity, double log_ratio) {
  switch (quantity) {
    case Quantity::kSpeedup:
      return std::exp(log_ratio);
    case Quantity::kTimeRatio:
      return std::exp(-log_ratio);
    case Quantity::kPercent:
      return 100 * std::exp(log_ratio);
  }
  return 0;
}

bool Reaches(const Target& target, double value) {
  return target.sense == Sense::kAtLeast ? value >= target.bound : value <= target.bound;
}

std::string DefectOf(const CallPair& pair) {
  for (const TimedCall* call : {pair.a.get(), pair.b.get()}) {
    const std::string defect = call->Defect();
    if (!defect.empty()) return call->Name() + ": " + defect;
  }
  return "";
}

// Empty, or why the two compute different things.
std::string DisagreementOf(const CallPair& pair) {
  for (TimedCall* call : {pair.a.get(), pair.b.get()}) {
    const Entered entered(*call);
    call->Run();
  }
  const std::string defect = DefectOf(pair);
  if (!defect.empty()) return defect;
  const double difference = RelativeRmsDifference(pair.a->Output(), pair.b->Output());
  // Not a number fails too.
  if (difference <= kMaxDisagreement) return "";
  return fmt::format("outputs differ by {:.1e} (relative RMS)", difference);
}

ComparisonResult Invalid(std::string reason) {
  return {.verdict = Verdict::kInvalid,
          .reason = std::move(reason),
          .note = "",
          .estimate = {},
          .times = {}};
}

ComparisonResult Measure(const Comparison& comparison, const RoundPlan& plan, const Clock& clock) {
  const CallPair pair = comparison.make();
  if (comparison.agreement == Agreement::kSameOutput) {
    const std::string disagreement = DisagreementOf(pair);
    if (!disagreement.empty()) return Invalid(disagreement);
  }
  PairedRounds rounds(*pair.a, *pair.b, plan, clock);
  ComparisonResult result;
  result.verdict = Verdict::kPassed;
  const int quads = comparison.target.has_value()
                        ? plan.quads
                        : std::min(plan.quads, std::max(kFewestQuads, plan.quads / 2));
  for (int attempt = 0; attempt < 2; ++attempt) {
    rounds.Measure(quads);
    result.estimate = EstimateOf(comparison.quantity, rounds.samples());
    if (!comparison.target.has_value()) break;
    result.verdict = Judge(*comparison.target, result.estimate);
    if (result.verdict != Verdict::kInconclusive) break;
  }
  const std::string defect = DefectOf(pair);
  if (!defect.empty()) return Invalid(defect);
  if (comparison.possible.has_value() &&
      Judge(*comparison.possible, result.estimate) == Verdict::kFailed) {
    return Invalid(fmt::format("measured {:.3g}, and only {} is possible", result.estimate.point,
                               DescribeTarget(comparison.quantity, *comparison.possible)));
  }
  result.times = {Median(rounds.samples().a_ns), Median(rounds.samples().b_ns)};
  if (comparison.note) result.note = comparison.note(result.times);
  return result;
}

}  // namespace

std::string DescribeTarget(Quantity quantity, const Target& target) {
  const char* sense = target.sense == Sense::kAtLeast ? ">=" : "<=";
  return quantity == Quantity::kPercent ? fmt::format("{} {:.0f} %", sense, target.bound)
                                        : fmt::format("{} {:.2f} x", sense, target.bound);
}

Estimate EstimateOf(Quantity quantity, const PairedSamples& samples) {
  const Interval interval = MedianInterval(samples.log_ratios);
  Estimate estimate;
  estimate.point = QuantityOf(quantity, Median(samples.log_ratios));
  estimate.low = QuantityOf(quantity, interval.low);
  estimate.high = QuantityOf(quantity, interval.high);
  if (estimate.low > estimate.high) std::swap(estimate.low, estimate.high);
  estimate.noise = std::expm1(NoiseFloor(samples.same_log_ratios));
  return estimate;
}

Verdict Judge(const Target& target, const Estimate& estimate) {
  const double distance = std::abs(std::log(estimate.point / target.bound));
  const bool low_reaches = Reaches(target, estimate.low);
  const bool high_reaches = Reaches(target, estimate.high);
  if (low_reaches != high_reaches || !(distance > std::log1p(estimate.noise))) {
    return Verdict::kInconclusive;
  }
  return low_reaches ? Verdict::kPassed : Verdict::kFailed;
}

ComparisonResult RunComparison(const Comparison& comparison, const RoundPlan& plan,
                               const Clock& clock) {
  ComparisonResult result;
  if (!comparison.absent.empty()) {
    result.reason = comparison.absent;
    return result;
  }
  try {
    return Measure(comparison, plan, clock);
  } catch (const std::exception& error) {
    result.verdict = Verdict::kError;
    result.reason = error.what();
    return result;
  }
}

}  // namespace deltagauge
