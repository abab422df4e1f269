#include "harness/run/outside_arms.h"

#include <string>
#include <utility>

#include "fmt/format.h"
#include "harness/model/outside_candidate.h"
#include "harness/run/logits_arm.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

Candidate PluginCandidate(const std::string& name, const std::string& path) {
  const PluginInfo info = AskPlugin(path, IsolationLimits{});
  return {.name = name,
          .version = info.version,
          .description = DescribePlugin(info),
          .outside = MakeOutsideKernel(info, PluginOfFile(path)),
          .make_arm = PluginArm(name, path)};
}

Candidate MakeOutside(const OutsideArm& arm) {
  if (!arm.logits.empty()) return MakeLogitsCandidate(arm);
  if (!arm.torch_op) return PluginCandidate(arm.name, arm.plugin);
  return TorchOperatorCandidate(arm.name, arm.torch_op->library, arm.torch_op->op);
}

Candidate MakeAbsent(const OutsideArm& arm, const std::string& why) {
  return {.name = arm.name,
          .version = "",
          .description = "NOT THERE, its cases are skipped: " + why,
          .make_arm = {},
          .absence = why};
}

// Of a build without libtorch nothing is left of eager but its name.
Candidate MakeEager(const OutsideArm& arm, const CandidateSet& candidates, const std::string& why) {
  Candidate fallback;
  for (const Candidate& known : candidates.All()) {
    if (known.name == NameOf(arm.fallback)) fallback = known;
  }
  fallback.name = arm.name;
  fallback.description =
      fmt::format("NOT {}, but its fallback {}: {}", arm.torch_op->op, NameOf(arm.fallback), why);
  return fallback;
}

}  // namespace

std::vector<PreflightFinding> AddOutsideArms(std::span<const OutsideArm> arms,
                                             CandidateSet& candidates) {
  std::vector<PreflightFinding> findings;
  for (const OutsideArm& arm : arms) {
    Candidate candidate;
    try {
      candidate = MakeOutside(arm);
      candidate.translation = arm.translation;
    } catch (const reference::InputError& error) {
      if (arm.fallback == Fallback::kNone) throw;
      candidate = arm.fallback == Fallback::kSkip ? MakeAbsent(arm, error.what())
                                                  : MakeEager(arm, candidates, error.what());
      findings.push_back({.code = "fallback",
                          .severity = PreflightFinding::Severity::kWarning,
                          .what = fmt::format("'{}' is {}", arm.name, candidate.description),
                          .advice = arm.torch_op ? "ci/deps --peers, or torch_op: {library: PATH}"
                                                 : "build it, or give its path"});
    }
    candidates.Add(std::move(candidate));
  }
  return findings;
}

}  // namespace deltagauge
