// Statistics of a timing, as pure functions. Medians, intervals at 95 % and the noise floor are in
// bench_statistics.h.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_STATISTICS_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_STATISTICS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "harness/bench/bench_statistics.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

// The largest rank r, counted from 1, for which the r-th smallest and the r-th largest of n
// independent values enclose their distribution's median with probability `confidence`, whatever
// that distribution is. 0 if even the whole range does so less often: n too small.
size_t MedianRank(size_t n, double confidence);

// The fewest values whose whole range has that confidence: 6 for 0.95.
size_t FewestForMedian(double confidence);

struct RankedInterval {
  Interval interval;
  size_t rank = 0;      // 0: `values` are too few; the interval is their whole range
  size_t worth = 0;     // independent values, see below
  double coverage = 0;  // at least: the confidence asked for, or that of the whole range
};

// The interval of those ranks. Values that follow each other may be alike: where their lag-1
// autocorrelation exceeds 0.2 beyond chance, the share of values outside the ranks is that of the
// n (1 - r) / (1 + r) independent values that they are worth. `values` must not be empty.
RankedInterval MedianIntervalAt(std::span<const double> values, double confidence);

// Correlation of neighbours, sum (x_i - m)(x_i+1 - m) / sum (x_i - m)^2. 0 for fewer than three
// values, or equal ones.
double Lag1Autocorrelation(std::span<const double> values);

// Two-sided p of the signed-rank test that `values` lie symmetrically about 0. Zeros are left out,
// ties get the mean of their ranks. Exact for up to 50 values without ties; otherwise by the normal
// distribution, with correction for ties and for continuity. 1 if all are zero or there are none.
double WilcoxonSignedRankP(std::span<const double> values);

// Two-sided p of the rank-sum test that x and y have one distribution. Exact for up to 20 values a
// side without ties; otherwise by the normal distribution, corrected as above. 1 if a side is
// empty.
double MannWhitneyP(std::span<const double> x, std::span<const double> y);

// P(y > x) - P(y < x) over all pairs, in [-1, 1]. 0 if a side is empty.
double CliffsDelta(std::span<const double> x, std::span<const double> y);

// Holm's step-down correction: adjusted p in the order given. Rejecting all with adjusted p <=
// alpha keeps the probability of any false rejection below alpha.
std::vector<double> HolmAdjusted(std::span<const double> p);

// Tukey's fences at 1.5 and 3 IQR, quartiles by Quantile. {} for fewer than 4 values.
OutlierCounts CountOutliers(std::span<const double> values);

// Linear between order statistics, h = (n - 1) share. `values` must not be empty.
double Quantile(std::span<const double> values, double share);

// The |median| of n such values that an interval at `confidence` would tell from 0 in 80 % of all
// measurements: (z(confidence) + z(0.8)) * the median's standard error, sqrt(pi / 2) sigma /
// sqrt(n) with sigma = IQR / 1.349, so that outliers don't count. Infinite for fewer than 4 values.
double MinimumDetectableEffect(std::span<const double> values, double confidence);

// Standard normal: P(Z <= z), and its inverse for 0 < p < 1 (to about 1e-12).
double NormalCdf(double z);
double NormalQuantile(double p);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_STATISTICS_H_
