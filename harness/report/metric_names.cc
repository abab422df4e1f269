#include "harness/report/metric_names.h"

#include <algorithm>
#include <array>
#include <vector>

#include "harness/base/nearest_name.h"

namespace deltagauge {
namespace {

using enum Direction;
using enum Concern;

constexpr auto kMetrics = std::to_array<MetricInfo>({
    {"kernel.error_ratio", "1", kSmallerIsBetter, kCorrectness,
     "(relative RMS error - slack for rounding) / the worst of the float32 references' own; the "
     "largest over output and state"},
    {"kernel.output.rel_rmse", "1", kSmallerIsBetter, kCorrectness,
     "relative RMS error of the output against fp64"},
    {"kernel.state.rel_rmse", "1", kSmallerIsBetter, kCorrectness,
     "relative RMS error of the final state against fp64"},
    {"model.logit_drift.max_abs", "logit", kSmallerIsBetter, kDrift,
     "largest difference of a logit from the baseline's"},
    {"model.logit_drift.max_abs_centered", "logit", kSmallerIsBetter, kDrift,
     "the same after each position's mean difference is taken away, which softmax ignores"},
    {"model.logit_drift.rms", "logit", kSmallerIsBetter, kDrift,
     "RMS difference of the logits from the baseline's"},
    {"model.logit_drift.p999", "logit", kSmallerIsBetter, kDrift,
     "99.9th percentile of the absolute difference from the baseline"},
    {"model.logit_drift_truth.max_abs", "logit", kSmallerIsBetter, kDrift,
     "largest difference of a logit from the fp64 truth's"},
    {"model.logit_drift_truth.max_abs_centered", "logit", kSmallerIsBetter, kDrift,
     "the same after each position's mean difference is taken away"},
    {"model.logit_drift_truth.rms", "logit", kSmallerIsBetter, kDrift,
     "RMS difference of the logits from the fp64 truth's"},
    {"model.logit_drift_truth.p999", "logit", kSmallerIsBetter, kDrift,
     "99.9th percentile of the absolute difference from the fp64 truth"},
    {"model.kld.mean", "nat", kSmallerIsBetter, kDrift,
     "mean KL divergence of the candidate's next-token distribution from the baseline's"},
    {"model.kld.p999", "nat", kSmallerIsBetter, kDrift, "its 99.9th percentile over positions"},
    {"model.kld.max", "nat", kSmallerIsBetter, kDrift, "its largest value"},
    {"model.perplexity_ratio", "1", kNeither, kDrift,
     "perplexity of the candidate over that of the baseline; 1 is no change"},
    {"model.agreement.top1", "1", kLargerIsBetter, kDrift,
     "share of positions where both arms put the same token first"},
    {"model.agreement.tie_flip", "1", kSmallerIsBetter, kDrift,
     "share of positions that differ within the noise of a near tie"},
    {"model.agreement.mismatch", "1", kSmallerIsBetter, kDrift,
     "share of positions that differ and are no near tie"},
    {"model.agreement.tie_density", "1", kNeither, kDrift,
     "share of positions where the baseline's first two tokens are a near tie"},
    {"model.greedy.diverged", "1", kSmallerIsBetter, kDrift,
     "prompts whose greedy continuation differs beyond a tie break, counted"},
    {"model.greedy.tie_break", "1", kSmallerIsBetter, kDrift,
     "prompts whose greedy continuation differs only by a tie break, counted"},
    {"model.greedy.first_divergence", "tokens", kLargerIsBetter, kDrift,
     "the earliest token at which a greedy continuation differs; all of its tokens if none does"},
    {"model.layer_drift.first_layer", "1", kLargerIsBetter, kDrift,
     "the first layer whose relative RMS error is above its budget; the number of layers if none "
     "is"},
    {"model.layer_drift.max", "1", kSmallerIsBetter, kDrift,
     "largest relative RMS error of a layer's output"},
    {"invariance.max_abs", "logit", kSmallerIsBetter, kDrift,
     "largest difference between two ways to compute the same"},
    {"invariance.same_bits", "1", kLargerIsBetter, kDrift,
     "1 if two ways to compute the same give the same bits, else 0"},
    {"performance.kernel.speedup", "1", kLargerIsBetter, kPerformance,
     "baseline's time over the candidate's, of the recurrence alone"},
    {"performance.kernel.latency_ms", "ms", kSmallerIsBetter, kPerformance,
     "the candidate's time for one call of the recurrence"},
    {"performance.kernel.tokens_per_second", "tokens/s", kLargerIsBetter, kPerformance,
     "tokens of the recurrence a second"},
    {"performance.kernel.peak_share", "1", kLargerIsBetter, kPerformance,
     "share of the machine's measured limit for this call"},
    {"performance.prefill.speedup", "1", kLargerIsBetter, kPerformance,
     "baseline's time over the candidate's, of a whole prefill"},
    {"performance.prefill.latency_ms", "ms", kSmallerIsBetter, kPerformance,
     "the candidate's time for one prefill"},
    {"performance.prefill.tokens_per_second", "tokens/s", kLargerIsBetter, kPerformance,
     "prompt tokens a second"},
    {"performance.prefill.peak_share", "1", kLargerIsBetter, kPerformance,
     "share of the machine's measured limit for this prefill"},
    {"performance.decode.speedup", "1", kLargerIsBetter, kPerformance,
     "baseline's time over the candidate's, of decoding"},
    {"performance.decode.latency_ms", "ms", kSmallerIsBetter, kPerformance,
     "the candidate's time for one token"},
    {"performance.decode.tokens_per_second", "tokens/s", kLargerIsBetter, kPerformance,
     "decoded tokens a second"},
    {"performance.decode.peak_share", "1", kLargerIsBetter, kPerformance,
     "share of the machine's measured limit for this decoding"},
});

struct KindOfMetrics {
  std::string_view prefix;
  std::string_view kind;
};

constexpr auto kKinds = std::to_array<KindOfMetrics>({
    {"kernel.", "kernel"},
    {"kernel.", "captured"},
    {"model.logit_drift", "drift"},
    {"model.kld.", "drift"},
    {"model.perplexity_ratio", "drift"},
    {"model.layer_drift.", "drift"},
    {"model.agreement.", "agreement"},
    {"model.greedy.", "greedy"},
    {"invariance.", "invariance"},
    {"performance.kernel.", "timing"},
    {"performance.prefill.", "prefill"},
    {"performance.decode.", "decode"},
});

}  // namespace

std::string_view DirectionName(Direction direction) {
  switch (direction) {
    case kSmallerIsBetter:
      return "smaller";
    case kLargerIsBetter:
      return "larger";
    case kNeither:
      return "neither";
  }
  return "?";
}

std::optional<Direction> DirectionNamed(std::string_view name) {
  for (const Direction direction : {kSmallerIsBetter, kLargerIsBetter, kNeither}) {
    if (DirectionName(direction) == name) return direction;
  }
  return std::nullopt;
}

std::span<const MetricInfo> AllMetrics() { return kMetrics; }

const MetricInfo* FindMetric(std::string_view name) {
  for (const MetricInfo& metric : kMetrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

bool KindHasMetric(std::string_view kind, std::string_view metric) {
  return std::any_of(kKinds.begin(), kKinds.end(), [&](const KindOfMetrics& entry) {
    return entry.kind == kind && metric.starts_with(entry.prefix);
  });
}

std::string MetricHint(std::string_view name) {
  const std::string_view first_word = name.substr(0, name.find('.'));
  std::vector<std::string_view> all;
  std::vector<std::string_view> same_word;
  for (const MetricInfo& metric : kMetrics) {
    all.push_back(metric.name);
    if (metric.name.substr(0, metric.name.find('.')) == first_word)
      same_word.push_back(metric.name);
  }
  if (!NearestName(name, all).empty() || same_word.empty()) return NameHint(name, all);
  return NameHint(name, same_word);
}

}  // namespace deltagauge
