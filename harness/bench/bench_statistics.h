// Statistics of paired timings, as pure functions.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_STATISTICS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_STATISTICS_H_

#include <cstddef>
#include <span>

namespace deltagauge {

// Middle value, or the mean of the two in the middle. `values` must not be empty.
double Median(std::span<const double> values);

struct Interval {
  double low = 0;
  double high = 0;
};

// The largest rank r, counted from 1, for which the r-th smallest and the r-th largest of n
// independent values enclose the median of their distribution with a probability of at least 95 %,
// whatever that distribution is: 6 for n = 20 (95.9 %), 10 for n = 30 (95.7 %). 1 for n < 6, where
// even the whole range covers less.
size_t MedianIntervalRank(size_t n);

// The values of those ranks. `values` must not be empty.
Interval MedianInterval(std::span<const double> values);

// How far from 0 the median of log ratios comes out although nothing differs: the 95th percentile
// of its magnitude over 2,000 samples drawn from `same_log_ratios` with replacement, from a fixed
// seed. `same_log_ratios` are those of a call with itself and must not be empty.
double NoiseFloor(std::span<const double> same_log_ratios);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_STATISTICS_H_
