#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_report.h"
#include "harness/report/exposition.h"
#include "harness/report/report_time.h"

namespace deltagauge {
namespace {

// How names of ours become families: what follows `prefix` becomes the value of `label`.
struct Rule {
  std::string_view prefix;
  std::string_view family;
  std::string_view label;
  std::string_view help;
};

constexpr auto kRules = std::to_array<Rule>({
    {"kernel.error_ratio", "deltagauge_kernel_error_ratio", "",
     "Error of a kernel over that of the float32 references"},
    {"kernel.", "deltagauge_kernel_relative_rmse_ratio", "tensor",
     "Relative RMS error of a kernel against fp64"},
    {"model.logit_drift_truth.", "deltagauge_logit_drift_truth_logits", "stat",
     "Difference of logits from fp64"},
    {"model.logit_drift.", "deltagauge_logit_drift_logits", "stat",
     "Difference of logits from the baseline"},
    {"model.kld.", "deltagauge_kld_nats", "stat", "KL divergence from the baseline"},
    {"model.perplexity_ratio", "deltagauge_perplexity_ratio", "",
     "Perplexity over that of the baseline"},
    {"model.agreement.", "deltagauge_agreement_ratio", "class", "Share of positions by agreement"},
    {"model.greedy.first_divergence", "deltagauge_greedy_first_divergence_tokens", "",
     "Earliest token at which a greedy continuation differs"},
    {"model.greedy.", "deltagauge_greedy_prompts", "class", "Prompts by their continuation"},
    {"model.layer_drift.first_layer", "deltagauge_layer_drift_first_layer", "",
     "First layer over its budget"},
    {"model.layer_drift.max", "deltagauge_layer_drift_ratio", "",
     "Largest relative RMS error of a layer"},
    {"invariance.max_abs", "deltagauge_invariance_max_abs_logits", "",
     "Largest difference between two ways to compute the same"},
    {"invariance.same_bits", "deltagauge_invariance_same_bits", "",
     "Whether two ways to compute the same give the same bits"},
});

// "performance.prefill.latency_ms" -> deltagauge_prefill_latency_seconds.
void AddPerformance(const Metric& metric, const Labels& labels, Exposition* text) {
  const std::string_view rest = std::string_view{metric.name}.substr(12);
  const size_t dot = rest.find('.');
  const std::string what(rest.substr(0, dot));
  const std::string_view figure = rest.substr(dot + 1);
  const std::string prefix = "deltagauge_" + what + "_";
  if (figure == "latency_ms") {
    text->Add(prefix + "latency_seconds", "Time of the candidate", labels, metric.value / 1000);
  } else if (figure == "tokens_per_second") {
    text->Add(prefix + "tokens_per_second", "Tokens a second of the candidate", labels,
              metric.value);
  } else {
    text->Add(prefix + std::string(figure) + "_ratio",
              figure == "speedup" ? "Time of the baseline over that of the candidate"
                                  : "Share of the machine's measured limit",
              labels, metric.value);
  }
  for (const auto& [bound, value] :
       {std::pair("lower", metric.ci_lo), std::pair("upper", metric.ci_hi)}) {
    if (!value) continue;
    Labels with_bound = labels;
    with_bound.emplace_back("of", what);
    with_bound.emplace_back("bound", bound);
    text->Add("deltagauge_speedup_ratio_ci", "Interval of a speedup", with_bound, *value);
  }
}

void AddMetric(const Metric& metric, const Labels& labels, Exposition* text) {
  if (metric.name.starts_with("performance.")) {
    AddPerformance(metric, labels, text);
    return;
  }
  for (const Rule& rule : kRules) {
    if (!metric.name.starts_with(rule.prefix)) continue;
    Labels all = labels;
    if (!rule.label.empty()) {
      std::string value = metric.name.substr(rule.prefix.size());
      value = value.substr(0, value.find('.'));
      all.emplace_back(rule.label, value);
    }
    text->Add(std::string(rule.family), rule.help, all, metric.value);
    return;
  }
}

// Nothing for a gate that did not apply.
std::optional<double> GateStatus(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
    case Verdict::kWaived:
      return 0;
    case Verdict::kFailed:
      return 1;
    case Verdict::kInconclusive:
    case Verdict::kInvalid:
    case Verdict::kError:
      return 2;
    case Verdict::kSkipped:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string ExportPrometheus(const Report& report, PrometheusText form) {
  Exposition text(form);
  const std::string& machine = report.machine.fingerprint;
  // The commit is here alone: on a value it would begin a new series with every commit.
  text.Add("deltagauge_run_info", "The run that the other series are of",
           {{"machine", machine},
            {"commit", report.tool.commit},
            {"branch", report.vcs.branch},
            {"cpu", report.machine.cpu_model},
            {"version", report.tool.version},
            {"config", report.config.name}},
           1);
  text.Add("deltagauge_run_exit_code", "0 pass, 1 correctness, 2 drift, 3 performance, ...",
           {{"machine", machine}}, report.summary.exit_code);
  if (const auto seconds = ParseUtc(report.created_at)) {
    text.Add("deltagauge_last_run_timestamp_seconds", "When the run began", {{"machine", machine}},
             static_cast<double>(*seconds));
  }
  for (const CaseReport& of : report.cases) {
    const Labels labels = {{"case", of.id}, {"machine", of.machine.value_or(machine)}};
    for (const Metric& metric : of.metrics) AddMetric(metric, labels, &text);
    if (!of.correctness) continue;
    for (const TensorResult& tensor : of.correctness->tensors) {
      Labels with_tensor = labels;
      with_tensor.emplace_back("tensor", tensor.name);
      if (tensor.layer) with_tensor.emplace_back("layer", std::to_string(*tensor.layer));
      text.Add("deltagauge_max_abs_error", "Largest absolute error against fp64", with_tensor,
               tensor.result.max_abs_error);
    }
  }
  for (const GateResult& gate : report.gates) {
    const auto status = GateStatus(gate.verdict);
    if (!status) continue;
    text.Add("deltagauge_gate_status", "0 passed, 1 failed, 2 undecided",
             {{"gate", gate.id}, {"machine", machine}}, *status);
  }
  return text.Take();
}

}  // namespace deltagauge
