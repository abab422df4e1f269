// Statistics of samples, as pure functions. Every one says what it assumes; none has state.
#ifndef DELTAGAUGE_HARNESS_DRIFT_DISTRIBUTION_H_
#define DELTAGAUGE_HARNESS_DRIFT_DISTRIBUTION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "harness/bench/bench_statistics.h"  // Interval

namespace deltagauge {

// Two-sided 95 % of the normal distribution: the z with P(|Z| <= z) = 0.95.
inline constexpr double kNormal95 = 1.959963984540054;

// The value below which the share `share` in [0, 1] lies, linear between order statistics: with
// h = (n - 1) share, the value at rank h counted from 0. Share 0 is the minimum, 1 the maximum,
// 0.5 the usual median. `sorted` is ascending and not empty (std::logic_error).
double Percentile(std::span<const double> sorted, double share);

struct MeanEstimate {
  int64_t count = 0;
  double mean = 0;
  // sqrt(s^2 / n), s^2 with n - 1 below the line; 0 for fewer than two values. It takes the values
  // as independent: neighbouring positions of a text are not quite, so it is a lower estimate.
  double standard_error = 0;
};

MeanEstimate EstimateMean(std::span<const double> values);

// Score interval of a proportion after `successes` of `trials`: all p for which the observed share
// is within z standard deviations sqrt(p (1 - p) / n) of p. Within [0, 1], and not of width 0 at 0
// or n successes. No trials: [0, 1].
Interval WilsonInterval(int64_t successes, int64_t trials, double z = kNormal95);

struct RatioEstimate {
  double ratio = 1;           // e^(mean(after) - mean(before))
  double standard_error = 0;  // of the ratio, first order: ratio * standard error of its logarithm
  double correlation = 0;     // of the pairs; 0 where one side does not vary
};

// Ratio of two exponentiated means of paired values, as the ratio of two perplexities over the same
// tokens: the logarithm's error is sqrt(s1^2 + s2^2 - 2 cov), s1 and s2 the errors of the means.
// Taken from the differences of the pairs, which is the same number without its cancellation.
// Both spans have the same size (std::logic_error).
RatioEstimate EstimatePairedRatio(std::span<const double> before, std::span<const double> after);

// A sample of numbers of either sign at a glance.
struct Spread {
  int64_t count = 0;
  double mean = 0;
  double standard_error = 0;
  double rms = 0;
  double min = 0;
  double p01 = 0;
  double p05 = 0;
  double p25 = 0;
  double p50 = 0;
  double p75 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;

  bool operator==(const Spread&) const = default;
};

// All zero for no values. No value may be NaN (std::logic_error): it would sort anywhere.
Spread SpreadOf(std::vector<double> values);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_DISTRIBUTION_H_
