#include "harness/timing/timing_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace deltagauge {
namespace {

// Below it the order-statistic interval covers what it says within a percent; the block bootstrap
// of the protocol starts there too.
constexpr double kHarmlessAutocorrelation = 0.2;
// An estimate from n independent values has a standard error of 1 / sqrt(n): less than this many of
// those is no sign of correlation (one-sided, 95 %), and to believe it would ask for more quads of
// every third short measurement.
constexpr double kSigmas = 1.645;

constexpr size_t kMostExactSignedRanks = 50;
constexpr size_t kMostExactRankSums = 20;

std::vector<double> Sorted(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

struct Ranks {
  std::vector<double> ranks;  // from 1; ties share the mean of theirs
  double tie_term = 0;        // sum of t^3 - t over groups of t equal values
};

Ranks RanksOf(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return values[i] < values[j]; });
  Ranks result;
  result.ranks.resize(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const auto group = static_cast<double>(end - begin);
    const double mean_rank = 0.5 * static_cast<double>(begin + 1 + end);
    for (size_t i = begin; i < end; ++i) result.ranks[order[i]] = mean_rank;
    result.tie_term += group * group * group - group;
    begin = end;
  }
  return result;
}

// P(sum <= s) where counts[s] of all equally likely outcomes have the sum s; both tails, at most 1.
double TwoSidedP(const std::vector<double>& counts, double sum) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double mirrored = static_cast<double>(counts.size() - 1) - sum;
  const auto smaller = static_cast<size_t>(std::llround(std::min(sum, mirrored)));
  const double tail = std::accumulate(
      counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(smaller) + 1, 0.0);
  return std::min(1.0, 2 * tail / total);
}

// Of how many sets of ranks 1 .. n each sum is. Doubles are exact up to 2^53, enough for n = 50.
std::vector<double> SignedRankCounts(size_t n) {
  std::vector<double> counts(n * (n + 1) / 2 + 1, 0.0);
  counts[0] = 1;
  for (size_t rank = 1; rank <= n; ++rank) {
    for (size_t sum = counts.size() - 1; sum >= rank; --sum) counts[sum] += counts[sum - rank];
  }
  return counts;
}

// In how many orders of m and n values U pairs are the wrong way round: the coefficients of the
// Gaussian binomial, product over i of (1 - q^(n + i)) / (1 - q^i), i = 1 .. m.
std::vector<double> RankSumCounts(size_t m, size_t n) {
  std::vector<double> counts(m * n + 1, 0.0);
  counts[0] = 1;
  for (size_t i = 1; i <= m; ++i) {
    for (size_t u = counts.size() - 1; u >= n + i && u < counts.size(); --u) {
      counts[u] -= counts[u - n - i];
    }
    for (size_t u = i; u < counts.size(); ++u) counts[u] += counts[u - i];
  }
  return counts;
}

// Two-sided, with continuity correction.
double NormalP(double statistic, double mean, double variance) {
  if (!(variance > 0)) return 1;
  const double distance = std::max(0.0, std::abs(statistic - mean) - 0.5);
  return 2 * NormalCdf(-distance / std::sqrt(variance));
}

}  // namespace

size_t MedianRank(size_t n, double confidence) {
  // The interval misses the median if fewer than r values lie on one of its sides, and how many do
  // is binomial with probability 1/2.
  double probability = std::exp2(-static_cast<double>(n));  // of exactly `rank` values
  double below = 0;
  size_t rank = 0;
  for (; rank < (n + 1) / 2; ++rank) {
    below += probability;
    if (1 - 2 * below < confidence) break;
    probability *= static_cast<double>(n - rank) / static_cast<double>(rank + 1);
  }
  return rank;
}

size_t FewestForMedian(double confidence) {
  size_t n = 1;
  while (MedianRank(n, confidence) == 0) ++n;
  return n;
}

RankedInterval MedianIntervalAt(std::span<const double> values, double confidence) {
  const std::vector<double> sorted = Sorted(values);
  const size_t n = sorted.size();
  const double correlation = Lag1Autocorrelation(values);
  const double harmless =
      std::max(kHarmlessAutocorrelation, kSigmas / std::sqrt(static_cast<double>(n)));
  size_t independent = n;
  if (correlation > harmless) {
    const double worth = static_cast<double>(n) * (1 - correlation) / (1 + correlation);
    independent = static_cast<size_t>(std::max(worth, 1.0));
  }
  const size_t rank = MedianRank(independent, confidence) * n / independent;
  const size_t outer = std::max<size_t>(rank, 1);
  return {.interval = {sorted[outer - 1], sorted[n - outer]},
          .rank = rank,
          .worth = independent,
          .coverage = rank > 0 ? confidence : 1 - std::exp2(1 - static_cast<double>(independent))};
}

double Lag1Autocorrelation(std::span<const double> values) {
  if (values.size() < 3) return 0;
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double products = 0, squares = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double x = values[i] - mean;
    squares += x * x;
    if (i > 0) products += x * (values[i - 1] - mean);
  }
  return squares > 0 ? products / squares : 0;
}

double WilcoxonSignedRankP(std::span<const double> values) {
  std::vector<double> nonzero, magnitudes;
  for (const double value : values) {
    if (value == 0) continue;
    nonzero.push_back(value);
    magnitudes.push_back(std::abs(value));
  }
  const size_t n = nonzero.size();
  if (n == 0) return 1;
  const Ranks ranks = RanksOf(magnitudes);
  double positive = 0;
  for (size_t i = 0; i < n; ++i) positive += nonzero[i] > 0 ? ranks.ranks[i] : 0;
  if (ranks.tie_term == 0 && n <= kMostExactSignedRanks) {
    return TwoSidedP(SignedRankCounts(n), positive);
  }
  const auto count = static_cast<double>(n);
  return NormalP(positive, count * (count + 1) / 4,
                 count * (count + 1) * (2 * count + 1) / 24 - ranks.tie_term / 48);
}

double MannWhitneyP(std::span<const double> x, std::span<const double> y) {
  if (x.empty() || y.empty()) return 1;
  std::vector<double> all(x.begin(), x.end());
  all.insert(all.end(), y.begin(), y.end());
  const Ranks ranks = RanksOf(all);
  const auto m = static_cast<double>(x.size());
  const auto n = static_cast<double>(y.size());
  const double rank_sum = std::accumulate(
      ranks.ranks.begin(), ranks.ranks.begin() + static_cast<std::ptrdiff_t>(x.size()), 0.0);
  const double u = rank_sum - m * (m + 1) / 2;
  if (ranks.tie_term == 0 && std::max(x.size(), y.size()) <= kMostExactRankSums) {
    return TwoSidedP(RankSumCounts(x.size(), y.size()), u);
  }
  const double total = m + n;
  return NormalP(u, m * n / 2, m * n / 12 * (total + 1 - ranks.tie_term / (total * (total - 1))));
}

double CliffsDelta(std::span<const double> x, std::span<const double> y) {
  if (x.empty() || y.empty()) return 0;
  const std::vector<double> sorted = Sorted(x);
  double balance = 0;
  for (const double value : y) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
    balance += static_cast<double>((first - sorted.begin()) - (sorted.end() - last));
  }
  return balance / (static_cast<double>(x.size()) * static_cast<double>(y.size()));
}

std::vector<double> HolmAdjusted(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p[i] < p[j]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, static_cast<double>(order.size() - i) * p[order[i]]);
    adjusted[order[i]] = std::min(largest, 1.0);
  }
  return adjusted;
}

OutlierCounts CountOutliers(std::span<const double> values) {
  OutlierCounts counts;
  if (values.size() < 4) return counts;
  const double lower = Quantile(values, 0.25);
  const double upper = Quantile(values, 0.75);
  const double iqr = upper - lower;
  for (const double value : values) {
    const double distance = std::max(lower - value, value - upper);
    if (distance > 3 * iqr) {
      ++counts.severe;
    } else if (distance > 1.5 * iqr) {
      ++counts.mild;
    }
  }
  return counts;
}

double Quantile(std::span<const double> values, double share) {
  const std::vector<double> sorted = Sorted(values);
  const double h = static_cast<double>(sorted.size() - 1) * share;
  const auto below = static_cast<size_t>(h);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (h - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

double MinimumDetectableEffect(std::span<const double> values, double confidence) {
  constexpr double kIqrOfNormal = 1.3489795;  // in sigma
  constexpr double kMedianError = 1.2533141;  // sqrt(pi / 2): that of a median against a mean
  constexpr double kPower = 0.8;
  if (values.size() < 4) return std::numeric_limits<double>::infinity();
  const double sigma = (Quantile(values, 0.75) - Quantile(values, 0.25)) / kIqrOfNormal;
  const double error = kMedianError * sigma / std::sqrt(static_cast<double>(values.size()));
  return (NormalQuantile(0.5 + 0.5 * confidence) + NormalQuantile(kPower)) * error;
}

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double NormalQuantile(double p) {
  // Bisection: slow, short and right to the last digits that erfc gives.
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (NormalCdf(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace deltagauge
