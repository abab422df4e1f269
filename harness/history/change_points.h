// Where the level of a series changes: figures of one metric of one case on one machine, in the
// order of commits. Pure: no clock, no files, the same result everywhere.
#ifndef DELTAGAUGE_HARNESS_HISTORY_CHANGE_POINTS_H_
#define DELTAGAUGE_HARNESS_HISTORY_CHANGE_POINTS_H_

#include <cstddef>
#include <span>
#include <vector>

namespace deltagauge {

struct ChangePointOptions {
  // Of each test: about how often a series without a change shows one. README.md has the rates.
  double significance = 0.01;
  // Of the test; 1 / (permutations + 1) is the smallest p and must not exceed `significance`.
  size_t permutations = 199;
  // The fewest values before, between and after change points: 3 or more.
  size_t min_segment = 5;
  // Changes of the median by less than this share of it are not reported: the noise band of the
  // metric, if it is known.
  double min_relative_change = 0;
};

struct ChangePoint {
  size_t index = 0;  // of the first value of the new level
  // From the change point before, or the beginning, to the next one, or the end.
  double mean_before = 0;
  double mean_after = 0;
  double median_before = 0;
  double median_after = 0;
  // (median_after - median_before) / |median_before|; infinite where that is 0.
  double relative_change = 0;
  double p = 1;  // of the values between its neighbours, by permutation; <= significance
};

// E-divisive with means (Matteson and James, "A nonparametric approach for multiple change point
// analysis of multivariate data", 2014; for performance figures Daly et al., 2020, and Hunter):
// split where the energy statistic is largest, as long as a permutation test says that it is too
// large for chance; then hold each point against its own neighbourhood, move it, or drop it.
// Neighbouring figures are often alike, and then permutations find changes everywhere; so the
// test is of the series whitened by the autocorrelation that the parts of it have. README.md says
// how often that is right.
//
// O(permutations n log n) a level of the splits. By index, in ascending order; none for fewer than
// 2 min_segment values. Throws reference::InputError for a value that is not finite and for options
// beyond their limits.
std::vector<ChangePoint> FindChangePoints(std::span<const double> series,
                                          const ChangePointOptions& options = {});

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_HISTORY_CHANGE_POINTS_H_
