#include "harness/run/logits_arm.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <variant>
#include <vector>

#include "fmt/format.h"
#include "harness/model/foreign_logits.h"
#include "reference/error_text.h"

namespace deltagauge {
namespace {

const TextSpan* TextOf(const RunCase& run_case) {
  if (const auto* const drift = std::get_if<DriftRun>(&run_case)) return &drift->text;
  if (const auto* const agreement = std::get_if<AgreementRun>(&run_case)) return &agreement->text;
  return nullptr;
}

}  // namespace

Candidate MakeLogitsCandidate(const OutsideArm& arm) {
  Candidate candidate;
  candidate.name = arm.name;
  std::vector<std::string> engines;
  std::vector<std::string> files;
  for (const LogitsConfig& of : arm.logits) {
    const std::filesystem::path path = reference::PathOf(of.file);
    auto logits = std::make_shared<const ForeignLogits>(ForeignLogits::Open(path));
    const std::string engine = logits->engine().empty() ? "engine not said" : logits->engine();
    if (std::find(engines.begin(), engines.end(), engine) == engines.end()) {
      engines.push_back(engine);
    }
    // No folders: reports go further than the machine.
    files.push_back(reference::PathName(path.filename()));
    candidate.logits.push_back({of.text, std::move(logits)});
  }
  candidate.version = fmt::format("{}", fmt::join(engines, "; "));
  candidate.description = fmt::format("logits from {}", fmt::join(files, ", "));
  return candidate;
}

SkipReason WhyLogitsSkip(const CandidateSet& candidates, const RunCase& run_case) {
  const std::string name = CandidateOf(run_case);
  const auto& all = candidates.All();
  const auto candidate = std::ranges::find(all, name, &Candidate::name);
  if (candidate == all.end() || candidate->logits.empty()) return {};
  const TextSpan* const text = TextOf(run_case);
  if (text == nullptr) {
    return {"logits_only",
            name + " is logits from a file, of which only drift and agreement can be told"};
  }
  if (candidate->LogitsOf({text->path, text->offset}) != nullptr) return {};
  return {"no_logits",
          fmt::format("{} has no logits of {} from token {} on", name, text->path, text->offset)};
}

}  // namespace deltagauge
