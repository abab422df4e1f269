// What gates and reports see of a case.
#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fmt/format.h"
#include "harness/config/run_case.h"
#include "harness/config/run_case_lister.h"
#include "harness/report/metric_names.h"

namespace deltagauge {
namespace {

RunCaseFields AllFields(const KernelRun& run) {
  const KernelCase& c = run.kernel_case;
  RunCaseFields fields;
  const auto add = [&](std::string_view name, const auto& value) {
    fields.emplace_back(name, fmt::format("{}", value));
  };
  if (c.lengths.empty()) {
    add("B", c.sequences);
    add("tokens", c.tokens);
  } else {
    fields.emplace_back("lengths", fmt::format("{}", fmt::join(c.lengths, "+")));
  }
  add("Hv", c.value_heads);
  add("Hk", c.key_heads);
  add("K", c.key_dim);
  add("V", c.value_dim);
  add("dtype", NameOf(c.data_type));
  add("gates", NameOf(c.gates));
  add("keys", NameOf(c.keys));
  add("beta", NameOf(c.betas));
  add("state", NameOf(c.state));
  add("layout", NameOf(c.layout));
  add("state_layout", NameOf(c.state_layout));
  add("place", NameOf(c.place));
  add("map", NameOf(c.head_map));
  add("decay", NameOf(c.decay_form));
  add("beta_form", NameOf(c.beta_form));
  add("norm", NameOf(c.qk_norm));
  add("eps", c.norm_epsilon);
  add("scale", c.Scale());
  add("snapshots", c.snapshots);
  add("threads", c.threads);
  add("target", c.target);
  add("check", NameOf(c.check));
  add("seed", c.seed);
  add("candidate", run.candidate);
  return fields;
}

template <typename Run>
RunCaseFields AllFields(const Run& run) {
  return FieldsOf(run);
}

template <size_t index = 0>
void AddNames(std::vector<std::string>& names) {
  if constexpr (index < std::variant_size_v<RunCase>) {
    using Run = std::variant_alternative_t<index, RunCase>;
    if constexpr (!std::is_same_v<Run, KernelRun>) {
      for (auto& [name, value] : FieldsOf(Run{})) names.push_back(std::move(name));
    }
    AddNames<index + 1>(names);
  }
}

bool HasMetric(const KernelRun& run, std::string_view /*metric*/) {
  return run.kernel_case.check == CheckKind::kAccuracy;
}
bool HasMetric(const DriftRun& run, std::string_view metric) {
  if (metric.substr(0, 18) == "model.layer_drift.") return run.by_layer;
  if (metric.substr(0, 24) == "model.logit_drift_truth.") return run.truth != "none";
  return true;
}
template <typename Run>
bool HasMetric(const Run& /*run*/, std::string_view /*metric*/) {
  return true;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ParametersOf(const RunCase& run_case) {
  RunCaseFields fields = std::visit([](const auto& run) { return AllFields(run); }, run_case);
  std::erase_if(fields, [](const auto& field) {
    return field.second.empty() || IsProtocolField(field.first);
  });
  return fields;
}

std::vector<std::string> ParameterNames() {
  std::vector<std::string> names = {
      "B",         "tokens",  "lengths", "Hv",        "Hk",    "K",        "V",
      "dtype",     "gates",   "keys",    "beta",      "state", "layout",   "state_layout",
      "place",     "map",     "decay",   "beta_form", "norm",  "eps",      "scale",
      "snapshots", "threads", "target",  "check",     "seed",  "candidate"};
  AddNames(names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::erase_if(names, IsProtocolField);
  return names;
}

bool CaseHasMetric(const RunCase& run_case, std::string_view metric) {
  return KindHasMetric(NameOf(KindOf(run_case)), metric) &&
         std::visit([&](const auto& run) { return HasMetric(run, metric); }, run_case);
}

bool GateLooksAt(const Gate& gate, const RunCase& run_case) {
  if (!gate.candidate.empty() && gate.candidate != CandidateOf(run_case)) return false;
  if (!CaseHasMetric(run_case, gate.metric)) return false;
  const RunCaseFields parameters = ParametersOf(run_case);
  std::string_view at = gate.at;
  while (!at.empty()) {
    const size_t comma = std::min(at.find(','), at.size());
    const std::string_view pair = at.substr(0, comma);
    const bool holds = std::any_of(
        parameters.begin(), parameters.end(),
        [&](const auto& parameter) { return pair == parameter.first + "=" + parameter.second; });
    if (!holds) return false;
    at.remove_prefix(std::min(comma + 1, at.size()));
  }
  return true;
}

}  // namespace deltagauge
