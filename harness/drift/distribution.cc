#include "harness/drift/distribution.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace deltagauge {
namespace {

double MeanOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double Percentile(std::span<const double> sorted, double share) {
  if (sorted.empty()) throw std::logic_error("percentile of no values");
  if (!(share >= 0 && share <= 1)) throw std::logic_error("percentile: share outside [0, 1]");
  const double rank = static_cast<double>(sorted.size() - 1) * share;
  const size_t below = static_cast<size_t>(rank);
  if (below + 1 == sorted.size()) return sorted.back();
  const double part = rank - static_cast<double>(below);
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

MeanEstimate EstimateMean(std::span<const double> values) {
  MeanEstimate estimate;
  estimate.count = static_cast<int64_t>(values.size());
  if (values.empty()) return estimate;
  estimate.mean = MeanOf(values);
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (const double value : values) {
    squares += (value - estimate.mean) * (value - estimate.mean);
  }
  const double n = static_cast<double>(values.size());
  estimate.standard_error = std::sqrt(squares / (n - 1) / n);
  return estimate;
}

Interval WilsonInterval(int64_t successes, int64_t trials, double z) {
  if (successes < 0 || successes > trials) throw std::logic_error("successes exceed trials");
  if (trials == 0) return {0, 1};
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z2_n = z * z / n;
  const double center = p + 0.5 * z2_n;
  const double half = z * std::sqrt(p * (1 - p) / n + 0.25 * z2_n / n);
  // At the ends the bound is exact; the formula only comes within rounding of it.
  const double low = successes == 0 ? 0 : (center - half) / (1 + z2_n);
  const double high = successes == trials ? 1 : (center + half) / (1 + z2_n);
  return {low, high};
}

RatioEstimate EstimatePairedRatio(std::span<const double> before, std::span<const double> after) {
  if (before.size() != after.size()) throw std::logic_error("pairs: sizes differ");
  RatioEstimate estimate;
  if (before.empty()) return estimate;
  std::vector<double> differences(before.size());
  for (size_t i = 0; i < before.size(); ++i) differences[i] = after[i] - before[i];
  const MeanEstimate log_ratio = EstimateMean(differences);
  estimate.ratio = std::exp(log_ratio.mean);
  estimate.standard_error = estimate.ratio * log_ratio.standard_error;

  const double mean_before = MeanOf(before);
  const double mean_after = MeanOf(after);
  double product = 0, squares_before = 0, squares_after = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    product += (before[i] - mean_before) * (after[i] - mean_after);
    squares_before += (before[i] - mean_before) * (before[i] - mean_before);
    squares_after += (after[i] - mean_after) * (after[i] - mean_after);
  }
  const double scale = std::sqrt(squares_before) * std::sqrt(squares_after);
  if (scale > 0) estimate.correlation = std::clamp(product / scale, -1.0, 1.0);
  return estimate;
}

Spread SpreadOf(std::vector<double> values) {
  Spread spread;
  if (values.empty()) return spread;
  double squares = 0;
  for (const double value : values) {
    if (std::isnan(value)) throw std::logic_error("spread: NaN among the values");
    squares += value * value;
  }
  const MeanEstimate mean = EstimateMean(values);
  spread.count = mean.count;
  spread.mean = mean.mean;
  spread.standard_error = mean.standard_error;
  spread.rms = std::sqrt(squares / static_cast<double>(values.size()));
  std::sort(values.begin(), values.end());
  spread.min = values.front();
  spread.p01 = Percentile(values, 0.01);
  spread.p05 = Percentile(values, 0.05);
  spread.p25 = Percentile(values, 0.25);
  spread.p50 = Percentile(values, 0.50);
  spread.p75 = Percentile(values, 0.75);
  spread.p95 = Percentile(values, 0.95);
  spread.p99 = Percentile(values, 0.99);
  spread.max = values.back();
  return spread;
}

}  // namespace deltagauge
