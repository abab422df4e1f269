// Fields of the model half of a case, for report_binding.h.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_MODEL_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_MODEL_H_

#include <string_view>

#include "harness/report/report.h"
#include "harness/report/report_binding.h"
#include "harness/report/report_enum_names.h"

namespace deltagauge {

template <>
struct FieldsOf<Interval> {
  static constexpr std::string_view kName = "interval";
  static void Each(auto& visit, auto& value) {
    visit("low", value.low, "");
    visit("high", value.high, "");
  }
};

template <>
struct FieldsOf<Spread> {
  static constexpr std::string_view kName = "spread";
  static void Each(auto& visit, auto& value) {
    visit("count", value.count, "");
    visit("mean", value.mean, "");
    visit("se", value.standard_error, "standard error of the mean");
    visit("rms", value.rms, "");
    visit("min", value.min, "");
    visit("p01", value.p01, "");
    visit("p05", value.p05, "");
    visit("p25", value.p25, "");
    visit("p50", value.p50, "");
    visit("p75", value.p75, "");
    visit("p95", value.p95, "");
    visit("p99", value.p99, "");
    visit("max", value.max, "");
  }
};

template <>
struct FieldsOf<RowCensus> {
  static constexpr std::string_view kName = "positions";
  static void Each(auto& visit, auto& value) {
    visit("all", value.positions, "");
    visit("usable", value.usable, "finite in both arms: what the statistics are of");
    visit("reference_non_finite", value.reference_non_finite, "");
    visit("candidate_non_finite", value.candidate_non_finite, "");
    visit("first_non_finite", value.first_non_finite, "-1: none");
    visit("constant_reference", value.constant_reference, "");
    visit("shares_storage", value.shares_storage, "");
    visit("identical", value.identical, "all logits are the same");
    visit("negative_kl", value.negative_kl, "within rounding: counted as 0");
    visit("impossible_kl", value.impossible_kl, "negative beyond rounding");
  }
};

template <>
struct FieldsOf<DeltaFigures> {
  static constexpr std::string_view kName = "delta";
  static void Each(auto& visit, auto& value) {
    visit("max_abs", value.max_abs, "");
    visit("max_position", value.max_position, "-1: none");
    visit("max_token", value.max_token, "-1: none");
    visit("rms", value.rms, "");
    visit("p50", value.p50, "of the magnitude");
    visit("p99", value.p99, "");
    visit("p999", value.p999, "");
  }
};

template <>
struct FieldsOf<KlFigures> {
  static constexpr std::string_view kName = "kld";
  static void Each(auto& visit, auto& value) {
    visit("mean", value.mean, "nat");
    visit("se", value.standard_error, "standard error of the mean");
    visit("p50", value.p50, "");
    visit("p90", value.p90, "");
    visit("p95", value.p95, "");
    visit("p99", value.p99, "");
    visit("p999", value.p999, "");
    visit("max", value.max, "");
    visit("argmax", value.max_position, "position; -1: none");
  }
};

template <>
struct FieldsOf<PerplexityFigures> {
  static constexpr std::string_view kName = "perplexity";
  static void Each(auto& visit, auto& value) {
    visit("reference", value.reference, "");
    visit("candidate", value.candidate, "");
    visit("ratio", value.ratio, "candidate / reference");
    visit("ratio_se", value.ratio_standard_error, "paired: of the same tokens");
    visit("log_correlation", value.log_correlation, "of the two arms' log p");
  }
};

template <>
struct FieldsOf<DriftBucket> {
  static constexpr std::string_view kName = "drift_bucket";
  static void Each(auto& visit, auto& value) {
    visit("first_position", value.first_position, "");
    visit("last_position", value.last_position, "");
    visit("positions", value.positions, "usable ones");
    visit("max_abs", value.max_abs, "");
    visit("rms", value.rms, "");
    visit("max_abs_centered", value.max_abs_centered, "");
    visit("rms_centered", value.rms_centered, "");
    visit("kl_mean", value.kl_mean, "");
    visit("kl_max", value.kl_max, "");
  }
};

template <>
struct FieldsOf<LogitDrift> {
  static constexpr std::string_view kName = "logit_drift";
  static void Each(auto& visit, auto& value) {
    visit("logit_type", value.logit_type, "in which the arms compute logits");
    visit("vocabulary", value.vocabulary, "");
    visit("positions", value.rows, "");
    visit("reference_max_abs", value.reference_max_abs, "largest logit");
    visit("logit", value.raw, "candidate minus reference");
    visit("logit_centered", value.centered, "minus the mean delta of its position");
    visit("kld", value.kl, "KL(reference || candidate)");
    visit("true_tokens", value.true_tokens, "positions whose next token is known");
    visit("delta_log_p", value.delta_log_p, "of the true token, nat");
    visit("delta_p", value.delta_p, "of the true token");
    visit("perplexity", value.perplexity, "");
    visit("buckets", value.buckets, "neighbouring positions together, for plots");
  }
};

template <>
struct FieldsOf<LayerFigures> {
  static constexpr std::string_view kName = "layer";
  static void Each(auto& visit, auto& value) {
    visit("layer", value.layer, "from 0");
    visit("positions", value.positions, "");
    visit("rel_rmse", value.rel_rmse, "");
    visit("max_abs", value.max_abs, "");
    visit("max_position", value.max_position, "");
    visit("max_channel", value.max_channel, "");
    visit("reference_rms", value.reference_rms, "");
    visit("growth", value.growth, "rel_rmse / that of the layer before; 0: none");
    visit("reference_non_finite", value.reference_non_finite, "elements");
    visit("candidate_non_finite", value.candidate_non_finite, "elements");
    visit("shares_storage", value.shares_storage, "");
  }
};

template <>
struct FieldsOf<LayerDrift> {
  static constexpr std::string_view kName = "layer_drift";
  static void Each(auto& visit, auto& value) {
    visit("layers", value.layers, "");
    visit("max_rel_rmse", value.max_rel_rmse, "");
    visit("max_layer", value.max_layer, "-1: none");
    visit("budget", value.budget, "relative RMS error that a layer may have");
    visit("first_over_budget", value.first_over_budget, "-1: none");
    visit("growth_per_layer", value.growth_per_layer, "geometric mean; 0: too few layers differ");
  }
};

template <>
struct FieldsOf<DriftResult> {
  static constexpr std::string_view kName = "drift";
  static void Each(auto& visit, auto& value) {
    visit("baseline", value.baseline, "candidate against the baseline");
    visit("truth", value.truth, "candidate against fp64");
    visit("baseline_to_truth", value.baseline_to_truth, "baseline against fp64");
    visit("layers_baseline", value.layers_baseline, "");
    visit("layers_truth", value.layers_truth, "");
    visit("layers_baseline_to_truth", value.layers_baseline_to_truth, "");
  }
};

template <>
struct FieldsOf<TokenDifference> {
  static constexpr std::string_view kName = "token_difference";
  static void Each(auto& visit, auto& value) {
    visit("class", value.match, "");
    visit("position", value.position, "");
    visit("reference_token", value.reference_token, "");
    visit("candidate_token", value.candidate_token, "");
    visit("margin", value.margin, "the reference's first logit minus its second");
    visit("candidate_margin", value.candidate_margin, "");
    visit("gap", value.gap, "the reference's first logit minus that of the candidate's token");
    visit("candidate_rank", value.candidate_rank, "in the reference, from 1; 0: beyond 10");
    visit("tau", value.tau, "below it a margin is a tie");
  }
};

template <>
struct FieldsOf<Agreement> {
  static constexpr std::string_view kName = "agreement";
  static void Each(auto& visit, auto& value) {
    visit("positions", value.rows, "");
    visit("agree", value.agree, "positions");
    visit("tie_flip", value.tie_flip, "positions");
    visit("mismatch", value.mismatch, "positions");
    visit("differ_beyond_ulp", value.differ_beyond_ulp,
          "positions whose difference 2 ULP alone do not excuse");
    visit("agree_share", value.agree_share, "");
    visit("agree_interval", value.agree_interval, "Wilson, 95 %");
    visit("tie_flip_share", value.tie_flip_share, "");
    visit("mismatch_share", value.mismatch_share, "");
    visit("mismatch_interval", value.mismatch_interval, "Wilson, 95 %");
    visit("noise", value.noise, "RMS centred delta over the reference's first ten tokens");
    visit("tau_median", value.tau_median, "");
    visit("tau_max", value.tau_max, "");
    visit("tie_density", value.tie_density, "share of positions that are near ties");
    visit("top5_overlap", value.top5_overlap, "mean Jaccard");
    visit("top10_overlap", value.top10_overlap, "mean Jaccard");
    visit("top5_overlap_min", value.top5_overlap_min, "");
    visit("top10_overlap_min", value.top10_overlap_min, "");
    visit("mismatches", value.mismatches, "the first ones");
    visit("tie_flips", value.tie_flips, "the first ones");
  }
};

template <>
struct FieldsOf<GreedyResult> {
  static constexpr std::string_view kName = "greedy_result";
  static void Each(auto& visit, auto& value) {
    visit("class", value.greedy_class, "");
    visit("reference_tokens", value.reference_tokens, "");
    visit("candidate_tokens", value.candidate_tokens, "that the candidate was asked for");
    visit("matched_prefix", value.matched_prefix, "tokens");
    visit("first_divergence", value.first_divergence, "-1: none");
    visit("reference_token", value.reference_token, "there; -1: an arm is not finite");
    visit("candidate_token", value.candidate_token, "");
    visit("reanchored_tokens", value.reanchored_tokens,
          "that follow in the reference behind the first divergence");
    visit("reanchored_matched", value.reanchored_matched,
          "of them, chosen by the candidate, too, put back wherever it parts");
    visit("shares_storage", value.shares_storage, "");
  }
};

template <>
struct FieldsOf<GreedySummary> {
  static constexpr std::string_view kName = "greedy_summary";
  static void Each(auto& visit, auto& value) {
    visit("prompts", value.prompts, "");
    visit("identical", value.identical, "prompts");
    visit("tie_break", value.tie_break, "prompts");
    visit("diverged", value.diverged, "prompts");
    visit("empty", value.empty, "prompts after which the reference said nothing");
    visit("shares_storage", value.shares_storage, "prompts");
    visit("first_divergence", value.first_divergence, "least index; -1: none");
    visit("first_true_divergence", value.first_true_divergence, "of those that diverged");
    visit("matched_prefix", value.matched_prefix, "tokens, over prompts");
  }
};

template <>
struct FieldsOf<GreedyPrompt> {
  static constexpr std::string_view kName = "greedy_prompt";
  static void Each(auto& visit, auto& value) {
    visit("prompt", value.prompt, "its text or its place");
    visit("result", value.result, "");
  }
};

template <>
struct FieldsOf<GreedyReport> {
  static constexpr std::string_view kName = "greedy";
  static void Each(auto& visit, auto& value) {
    visit("summary", value.summary, "");
    visit("agreement", value.agreement,
          "along all continuations, counted on from prompt to prompt; it lists every parting");
    visit("prompts", value.prompts, "");
  }
};

template <>
struct FieldsOf<InvarianceComparison> {
  static constexpr std::string_view kName = "invariance_comparison";
  static void Each(auto& visit, auto& value) {
    visit("what", value.what, "the two ways");
    visit("compared", value.compared, "logits");
    visit("same_bits", value.same_bits, "");
    visit("max_abs", value.max_abs, "");
    visit("max_position", value.max_position, "-1: none");
    visit("max_token", value.max_token, "-1: none");
    visit("limit", value.limit, "of max_abs; absent: the same bits are asked for");
  }
};

template <>
struct FieldsOf<InvarianceResult> {
  static constexpr std::string_view kName = "invariance";
  static void Each(auto& visit, auto& value) {
    visit("check", value.check, "");
    visit("comparisons", value.comparisons, "");
  }
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_MODEL_H_
