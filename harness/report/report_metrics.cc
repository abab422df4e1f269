#include "harness/report/report_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/drift/distribution.h"
#include "harness/timing/timing_statistics.h"

namespace deltagauge {
namespace {

constexpr double kIntervalLevel = 0.95;  // of kNormal95 and of the Wilson intervals

class MetricList {
 public:
  Metric& Add(std::string_view name, double value) {
    const MetricInfo& info = *FindMetric(name);
    Metric metric;
    metric.name = info.name;
    metric.value = value;
    metric.unit = info.unit;
    metric.direction = info.direction;
    metrics_.push_back(std::move(metric));
    return metrics_.back();
  }

  void Add(std::string_view name, double value, const Interval& interval) {
    Metric& metric = Add(name, value);
    metric.ci_lo = interval.low;
    metric.ci_hi = interval.high;
    metric.level = kIntervalLevel;
  }

  std::vector<Metric> Take() { return std::move(metrics_); }

 private:
  std::vector<Metric> metrics_;
};

Interval Around(double value, double standard_error) {
  return {value - kNormal95 * standard_error, value + kNormal95 * standard_error};
}

// NaN if one of them is: std::max would lose it.
double LargerOrNan(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return std::max(a, b);
}

void AddCorrectness(const CorrectnessResult& correctness, MetricList* metrics) {
  if (correctness.tensors.empty()) return;
  double error_ratio = 0;
  for (const TensorResult& tensor : correctness.tensors) {
    error_ratio = LargerOrNan(error_ratio, tensor.error_ratio);
  }
  metrics->Add("kernel.error_ratio", error_ratio);
  for (const auto& [tensor_name, metric] : {std::pair("output", "kernel.output.rel_rmse"),
                                            std::pair("state", "kernel.state.rel_rmse")}) {
    std::optional<double> worst;
    for (const TensorResult& tensor : correctness.tensors) {
      if (tensor.name != tensor_name) continue;
      worst = LargerOrNan(worst.value_or(0), tensor.result.rel_rmse);
    }
    if (worst) metrics->Add(metric, *worst);
  }
}

void AddLogitDrift(const std::string& prefix, const LogitDrift& drift, MetricList* metrics) {
  metrics->Add(prefix + ".max_abs", drift.raw.max_abs);
  metrics->Add(prefix + ".max_abs_centered", drift.centered.max_abs);
  metrics->Add(prefix + ".rms", drift.raw.rms);
  metrics->Add(prefix + ".p999", drift.raw.p999);
}

void AddDrift(const DriftResult& drift, MetricList* metrics) {
  if (drift.baseline) AddLogitDrift("model.logit_drift", *drift.baseline, metrics);
  if (drift.truth) AddLogitDrift("model.logit_drift_truth", *drift.truth, metrics);
  if (drift.baseline) {
    const KlFigures& kl = drift.baseline->kl;
    metrics->Add("model.kld.mean", kl.mean, Around(kl.mean, kl.standard_error));
    metrics->Add("model.kld.p999", kl.p999);
    metrics->Add("model.kld.max", kl.max);
    if (drift.baseline->true_tokens > 0) {
      const PerplexityFigures& perplexity = drift.baseline->perplexity;
      metrics->Add("model.perplexity_ratio", perplexity.ratio,
                   Around(perplexity.ratio, perplexity.ratio_standard_error));
    }
  }
  const auto& layers = drift.layers_baseline ? drift.layers_baseline : drift.layers_truth;
  if (layers && !layers->layers.empty()) {
    const int64_t first = layers->first_over_budget;
    const auto count = static_cast<double>(layers->layers.size());
    metrics->Add("model.layer_drift.first_layer", first < 0 ? count : static_cast<double>(first));
    metrics->Add("model.layer_drift.max", layers->max_rel_rmse);
  }
}

void AddAgreement(const Agreement& agreement, MetricList* metrics) {
  if (agreement.rows.usable == 0) return;
  metrics->Add("model.agreement.top1", agreement.agree_share, agreement.agree_interval);
  metrics->Add("model.agreement.tie_flip", agreement.tie_flip_share);
  metrics->Add("model.agreement.mismatch", agreement.mismatch_share, agreement.mismatch_interval);
  metrics->Add("model.agreement.tie_density", agreement.tie_density);
}

void AddGreedy(const GreedyReport& greedy, MetricList* metrics) {
  if (greedy.summary.prompts == 0) return;
  metrics->Add("model.greedy.diverged", static_cast<double>(greedy.summary.diverged));
  metrics->Add("model.greedy.tie_break", static_cast<double>(greedy.summary.tie_break));
  int64_t first = greedy.summary.first_divergence;
  if (first < 0) {
    first = 0;
    for (const GreedyPrompt& prompt : greedy.prompts) {
      first = std::max(first, prompt.result.reference_tokens);
    }
  }
  metrics->Add("model.greedy.first_divergence", static_cast<double>(first));
}

void AddInvariance(const InvarianceResult& invariance, MetricList* metrics) {
  if (invariance.comparisons.empty()) return;
  double max_abs = 0;
  bool same_bits = true;
  for (const InvarianceComparison& comparison : invariance.comparisons) {
    max_abs = LargerOrNan(max_abs, comparison.max_abs);
    same_bits = same_bits && comparison.same_bits;
  }
  metrics->Add("invariance.max_abs", max_abs);
  metrics->Add("invariance.same_bits", same_bits ? 1 : 0);
}

void AddPerformance(std::string_view kind, const TimingResult& timing, MetricList* metrics) {
  if (timing.verdict == Verdict::kInvalid || timing.verdict == Verdict::kError ||
      timing.verdict == Verdict::kSkipped || timing.n == 0) {
    return;
  }
  // A decoding call takes several tokens, of which each counts; the others are one call.
  const bool per_token = kind == "decode";
  const std::string prefix =
      "performance." + std::string(kind == "timing" ? std::string_view("kernel") : kind);
  Metric& speedup = metrics->Add(prefix + ".speedup", timing.speedup.point);
  speedup.ci_lo = timing.speedup.ci_lo;
  speedup.ci_hi = timing.speedup.ci_hi;
  speedup.level = timing.speedup.level;
  speedup.floor = timing.noise.aa_floor;
  metrics->Add(prefix + ".latency_ms",
               timing.a.median_ns / 1e6 / (per_token ? timing.a.units_per_run : 1));
  metrics->Add(prefix + ".tokens_per_second", timing.a.units_per_second);
  if (timing.peak_share) metrics->Add(prefix + ".peak_share", *timing.peak_share);
}

}  // namespace

std::vector<Metric> CaseMetrics(const CaseReport& case_report) {
  MetricList metrics;
  if (case_report.correctness) AddCorrectness(*case_report.correctness, &metrics);
  if (case_report.drift) AddDrift(*case_report.drift, &metrics);
  if (case_report.agreement) AddAgreement(*case_report.agreement, &metrics);
  if (case_report.greedy) AddGreedy(*case_report.greedy, &metrics);
  if (case_report.invariance) AddInvariance(*case_report.invariance, &metrics);
  if (case_report.performance) AddPerformance(case_report.kind, *case_report.performance, &metrics);
  return metrics.Take();
}

const Metric* FindMetricOf(const CaseReport& case_report, std::string_view name) {
  for (const Metric& metric : case_report.metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

TensorResult MakeTensorResult(const TensorReport& tensor, const TensorDescription& description) {
  TensorResult result;
  result.name = tensor.name;
  result.layer = description.layer;
  result.dtype = description.dtype;
  result.shape = description.shape;
  result.result = tensor.result;
  if (!tensor.digest.hash.empty()) result.digest = tensor.digest;
  for (const TensorComparison* reference : {&tensor.recurrent, &tensor.chunked}) {
    if (reference->non_finite_mismatches > 0) continue;
    result.reference_rel_rmse = std::max(result.reference_rel_rmse, reference->rel_rmse);
  }
  result.rounding_slack = description.rounding_slack;
  const double above = result.result.rel_rmse - result.rounding_slack;
  if (std::isnan(above)) {
    result.error_ratio = above;
  } else if (above > 0) {
    result.error_ratio = above / result.reference_rel_rmse;  // infinite if no reference errs
  }
  if (result.result.nmse > 0) result.snr_db = -10 * std::log10(result.result.nmse);
  return result;
}

void CorrectTests(std::vector<CaseReport>* cases) {
  std::vector<TimingTests*> tests;
  std::vector<double> p;
  for (CaseReport& of : *cases) {
    if (!of.performance || of.performance->n == 0) continue;
    tests.push_back(&of.performance->tests);
    p.push_back(of.performance->tests.wilcoxon_p);
  }
  const std::vector<double> adjusted = HolmAdjusted(p);
  for (size_t i = 0; i < tests.size(); ++i) tests[i]->holm_p = adjusted[i];
}

}  // namespace deltagauge
