#include "harness/timing/timing_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "harness/bench/bench_statistics.h"

namespace deltagauge {
namespace {

double CoefficientOfVariation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (n - 1)) / mean;
}

// Median of the last third / median of the first third.
double Drift(std::span<const double> values) {
  const size_t third = values.size() / 3;
  if (third == 0) return 1;
  return Median(values.last(third)) / Median(values.first(third));
}

std::vector<double> Divided(std::span<const double> values, double divisor) {
  std::vector<double> result(values.begin(), values.end());
  for (double& value : result) value /= divisor;
  return result;
}

void SummarizeLimits(const TimingLimits& limits, TimingResult* result) {
  const double seconds = 1e-9 * result->a.median_ns;
  double share = 0;
  if (limits.flops_per_run > 0) {
    result->gflops = 1e-9 * limits.flops_per_run / seconds;
    if (limits.peak_flops_per_s > 0) share = 1e9 * *result->gflops / limits.peak_flops_per_s;
  }
  if (limits.bytes_per_run > 0) {
    result->gbps = 1e-9 * limits.bytes_per_run / seconds;
    if (limits.peak_bytes_per_s > 0) {
      share = std::max(share, 1e9 * *result->gbps / limits.peak_bytes_per_s);
    }
  }
  if (share > 0) result->peak_share = share;
}

}  // namespace

void SummarizeArm(std::span<const double> samples_ns, ArmTiming* arm) {
  arm->samples_ns.assign(samples_ns.begin(), samples_ns.end());
  arm->median_ns = Median(samples_ns);
  arm->min_ns = *std::min_element(samples_ns.begin(), samples_ns.end());
  arm->p10_ns = Quantile(samples_ns, 0.10);
  arm->p90_ns = Quantile(samples_ns, 0.90);
  arm->iqr_ns = Quantile(samples_ns, 0.75) - Quantile(samples_ns, 0.25);
  arm->cv = CoefficientOfVariation(samples_ns);
  arm->units_per_second = arm->units_per_run / (1e-9 * arm->median_ns);
}

TimingNoise SummarizeNoise(const QuadSamples& samples, double confidence) {
  TimingNoise noise;
  noise.same_log_ratios = samples.same_log_ratios;
  noise.n_aa = static_cast<int>(samples.same_log_ratios.size());
  if (noise.n_aa > 0) noise.aa_floor = NoiseFloor(samples.same_log_ratios);
  noise.mde = MinimumDetectableEffect(samples.log_ratios, confidence);
  noise.lag1_autocorrelation = Lag1Autocorrelation(samples.log_ratios);

  std::vector<double> of_pairs;
  int disturbed = 0;
  for (size_t i = 0; i < samples.control_log_ratios.size(); ++i) {
    const double log_ratio = samples.control_log_ratios[i];
    if (samples.control_is_of_ab[i]) of_pairs.push_back(log_ratio);
    if (std::abs(std::expm1(log_ratio)) > kControlTolerance) ++disturbed;
  }
  noise.control_ratio = std::exp(Median(of_pairs));
  noise.disturbed_quads =
      static_cast<double>(disturbed) / static_cast<double>(samples.control_log_ratios.size());
  noise.control_drift = Drift(samples.control_ns);
  const Interval control = MedianIntervalAt(of_pairs, confidence).interval;
  noise.contaminated =
      std::expm1(control.low) > kControlTolerance || std::expm1(control.high) < -kControlTolerance;
  noise.throttled = noise.control_drift > kThrottledDrift;
  return noise;
}

void SummarizeTiming(const QuadSamples& samples, const RankedInterval& ranked,
                     const LookInterval& look, const TimingLimits& limits, TimingResult* result) {
  SummarizeArm(samples.a_ns, &result->a);
  SummarizeArm(samples.b_ns, &result->b);
  result->order = samples.order;
  result->log_ratios = samples.log_ratios;
  result->n = static_cast<int>(samples.log_ratios.size());

  result->speedup = {
      .point = std::exp(Median(samples.log_ratios)),
      .ci_lo = std::exp(ranked.interval.low),
      .ci_hi = std::exp(ranked.interval.high),
      .level = look.overall,
      .method = fmt::format("order statistics {} and {} of {}, look {} of {}",
                            std::max<size_t>(ranked.rank, 1),
                            samples.log_ratios.size() + 1 - std::max<size_t>(ranked.rank, 1),
                            samples.log_ratios.size(), look.number, look.of)};
  const double units_ratio = result->a.units_per_run / result->b.units_per_run;
  result->min_ratio = result->b.min_ns / result->a.min_ns * units_ratio;
  result->median_ratio = result->b.median_ns / result->a.median_ns * units_ratio;
  result->suspicious = std::abs(std::log(result->speedup.point)) > std::log(kSuspiciousRatio);

  const std::vector<double> a = Divided(samples.a_ns, result->a.units_per_run);
  const std::vector<double> b = Divided(samples.b_ns, result->b.units_per_run);
  result->tests.wilcoxon_p = WilcoxonSignedRankP(samples.log_ratios);
  result->tests.mwu_p = MannWhitneyP(a, b);
  result->tests.cliffs_delta = CliffsDelta(a, b);
  result->outliers = CountOutliers(samples.log_ratios);
  result->noise = SummarizeNoise(samples, look.confidence);
  SummarizeLimits(limits, result);
}

}  // namespace deltagauge
