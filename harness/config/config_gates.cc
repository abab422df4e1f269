#include "harness/config/config_gates.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/run_case.h"
#include "harness/config/run_plan.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

const ConfigNode& GateNode(const ConfigNode& root, size_t index) {
  const ConfigNode& gates = *root.Find("gates");
  return gates.kind == ConfigNode::Kind::kList ? gates.items[index] : gates;
}

const SourcePlace& PlaceOf(const ConfigNode& gate, std::string_view key) {
  const ConfigNode* node = gate.Find(key);
  return node == nullptr ? gate.place : node->place;
}

// The dtypes of the cases that the gate looks at, in order of their names.
std::vector<std::string> DtypesOf(const Gate& gate, const std::vector<PlanEntry>& plan) {
  std::vector<std::string> dtypes;
  for (const PlanEntry& entry : plan) {
    if (!GateLooksAt(gate, entry.run_case)) continue;
    for (const auto& [name, value] : ParametersOf(entry.run_case)) {
      if (name == "dtype") dtypes.push_back(value);
    }
  }
  std::sort(dtypes.begin(), dtypes.end());
  dtypes.erase(std::unique(dtypes.begin(), dtypes.end()), dtypes.end());
  return dtypes;
}

// `at` with the dtype added, sorted as config_decode.cc does.
std::string WithDtype(std::string_view at, std::string_view dtype) {
  std::vector<std::string> pairs;
  while (!at.empty()) {
    const size_t comma = std::min(at.find(','), at.size());
    pairs.emplace_back(at.substr(0, comma));
    at.remove_prefix(std::min(comma + 1, at.size()));
  }
  const std::string pair = fmt::format("dtype={}", dtype);
  if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
  std::sort(pairs.begin(), pairs.end());
  return fmt::format("{}", fmt::join(pairs, ","));
}

const Tolerance* FindTolerance(const Config& config, std::string_view dtype,
                               std::string_view metric) {
  const auto found =
      std::find_if(config.tolerances.begin(), config.tolerances.end(),
                   [&](const Tolerance& t) { return t.dtype == dtype && t.metric == metric; });
  return found == config.tolerances.end() ? nullptr : &*found;
}

}  // namespace

void ResolveGates(const ConfigNode& root, ConfigProblems& problems, Config& config) {
  std::vector<PlanEntry> plan;
  try {
    plan = BuildPlan(config);
  } catch (const reference::InputError& error) {
    problems.Add(root.place, error.problem(), error.hint());
    return;
  }
  std::vector<Gate> resolved;
  for (size_t i = 0; i < config.gates.size(); ++i) {
    const Gate& gate = config.gates[i];
    const ConfigNode& node = GateNode(root, i);
    const std::vector<std::string_view> names(config.candidates.begin(), config.candidates.end());
    if (!gate.candidate.empty() &&
        std::find(names.begin(), names.end(), gate.candidate) == names.end()) {
      problems.Add(PlaceOf(node, "candidate"),
                   fmt::format("'{}' is not a candidate of this configuration", gate.candidate),
                   NameHint(gate.candidate, names));
      continue;
    }
    const std::vector<std::string> dtypes = DtypesOf(gate, plan);
    if (dtypes.empty()) {
      problems.Add(PlaceOf(node, gate.at.empty() ? "metric" : "at"),
                   fmt::format("no case of this configuration has '{}'{}", gate.metric,
                               gate.at.empty() ? "" : " at " + gate.at),
                   "a gate that looks at nothing would prove nothing");
      continue;
    }
    if (gate.min || gate.max) {
      resolved.push_back(gate);
      continue;
    }
    for (const std::string& dtype : dtypes) {
      const Tolerance* tolerance = FindTolerance(config, dtype, gate.metric);
      if (tolerance == nullptr) {
        problems.Add(node.place,
                     fmt::format("the gate has neither min nor max, and tolerances have no '{}' "
                                 "for {}",
                                 gate.metric, dtype),
                     "give a number, or extends: tolerances.yaml");
        continue;
      }
      Gate with_numbers = gate;
      with_numbers.min = tolerance->min;
      with_numbers.max = tolerance->max;
      with_numbers.at = WithDtype(gate.at, dtype);
      with_numbers.source = LimitSource::kTolerances;
      resolved.push_back(std::move(with_numbers));
    }
  }
  config.gates = std::move(resolved);
}

}  // namespace deltagauge
