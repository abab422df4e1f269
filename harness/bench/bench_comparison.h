// What two calls timed in turns say about each other, and whether that reaches a target.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_COMPARISON_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_COMPARISON_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/base/verdict.h"
#include "harness/bench/bench_call.h"
#include "harness/bench/bench_rounds.h"

namespace deltagauge {

// Of the times a and b for a unit of work.
enum class Quantity : uint8_t {
  kSpeedup,    // b / a: how many times as fast a is
  kTimeRatio,  // a / b: how many times as long a takes
  kPercent,    // 100 b / a: what share of b's rate a reaches
};

enum class Sense : uint8_t { kAtLeast, kAtMost };

struct Target {
  Sense sense = Sense::kAtLeast;
  double bound = 1;
};

// ">= 5.50 x", "<= 1.25 x", ">= 60 %".
std::string DescribeTarget(Quantity quantity, const Target& target);

struct Estimate {
  double point = 0;  // from the median log ratio
  double low = 0;    // its order-statistic interval, 95 %
  double high = 0;
  double noise = 0;  // relative: 0.01 where a call differs from itself by 1 %
};

Estimate EstimateOf(Quantity quantity, const PairedSamples& samples);

// Passed or failed if the whole interval lies on one side of the bound and the point is further
// from the bound than noise alone could put it; else inconclusive.
Verdict Judge(const Target& target, const Estimate& estimate);

// Two calls on the same problem. `b` may refer to the memory of `a`.
struct CallPair {
  std::unique_ptr<TimedCall> a;
  std::unique_ptr<TimedCall> b;
};

enum class Agreement : uint8_t {
  kNotComparable,  // other inputs, another type or no outputs
  kSameOutput      // the first outputs must agree, or the times compare different things
};

// Nanoseconds for a unit of work, medians over all samples.
struct PairedTimes {
  double a_ns = 0;
  double b_ns = 0;
};

struct Comparison {
  std::string what;
  Quantity quantity = Quantity::kSpeedup;
  std::optional<Target> target;  // absent: for information
  // Clearly beyond this can't be: something else was measured.
  std::optional<Target> possible;
  Agreement agreement = Agreement::kNotComparable;
  std::function<CallPair()> make;
  std::string absent;  // not empty: why it can't be measured here
  // What the times mean here, and how much is possible; called after the measurement.
  std::function<std::string(const PairedTimes&)> note;
};

struct ComparisonResult {
  Verdict verdict = Verdict::kSkipped;  // kPassed without a target: measured
  std::string reason;  // of a verdict that is not about the target: skipped, invalid, error
  std::string note;
  Estimate estimate;
  PairedTimes times;
};

// Relative RMS difference of two float32 implementations of one problem that nobody would call
// different results: 100 times the 1e-6 that the worse ones lose.
inline constexpr double kMaxDisagreement = 1e-4;

// Never throws. Measures again as many quads if the first ones leave the verdict open, and half as
// many, but enough for an interval of 95 %, if there is no target.
ComparisonResult RunComparison(const Comparison& comparison, const RoundPlan& plan,
                               const Clock& clock);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_COMPARISON_H_
