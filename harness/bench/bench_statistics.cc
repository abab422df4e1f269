#include "harness/bench/bench_statistics.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace deltagauge {
namespace {

constexpr double kConfidence = 0.95;
constexpr int kResamples = 2000;

std::vector<double> Sorted(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

double MedianOfSorted(const std::vector<double>& sorted) {
  const size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}

}  // namespace

double Median(std::span<const double> values) { return MedianOfSorted(Sorted(values)); }

size_t MedianIntervalRank(size_t n) {
  // The interval misses the median if fewer than r values lie on one of its sides, and how many do
  // is binomial with probability 1/2.
  double probability = std::exp2(-static_cast<double>(n));  // of exactly `rank` - 1 values
  double below = 0;
  size_t rank = 1;
  for (; rank <= (n + 1) / 2; ++rank) {
    below += probability;
    if (1 - 2 * below < kConfidence) break;
    probability *= static_cast<double>(n - rank + 1) / static_cast<double>(rank);
  }
  return std::max<size_t>(rank - 1, 1);
}

Interval MedianInterval(std::span<const double> values) {
  const std::vector<double> sorted = Sorted(values);
  const size_t rank = MedianIntervalRank(sorted.size());
  return {sorted[rank - 1], sorted[sorted.size() - rank]};
}

double NoiseFloor(std::span<const double> same_log_ratios) {
  std::mt19937_64 bits(1);  // its sequence is fixed by the standard, that of a distribution is not
  std::vector<double> medians;
  std::vector<double> sample(same_log_ratios.size());
  for (int i = 0; i < kResamples; ++i) {
    for (double& x : sample) x = same_log_ratios[bits() % same_log_ratios.size()];
    std::sort(sample.begin(), sample.end());
    medians.push_back(std::abs(MedianOfSorted(sample)));
  }
  std::sort(medians.begin(), medians.end());
  return medians[static_cast<size_t>(kConfidence * kResamples)];
}

}  // namespace deltagauge
