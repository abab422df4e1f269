#include "harness/model/candidate_set.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "harness/base/nearest_name.h"
#include "reference/input_error.h"

namespace deltagauge {

const ForeignLogits* Candidate::LogitsOf(const TextConfig& text) const {
  for (const TextLogits& of : logits) {
    if (of.text == text) return of.logits.get();
  }
  return nullptr;
}

void CandidateSet::Add(Candidate candidate) {
  for (Candidate& known : candidates_) {
    if (known.name != candidate.name) continue;
    known = std::move(candidate);
    return;
  }
  candidates_.push_back(std::move(candidate));
}

const Candidate& CandidateSet::Get(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Candidate& candidate : candidates_) {
    if (candidate.name == name) return candidate;
    names.push_back(candidate.name);
  }
  throw reference::InputError("", "unknown candidate '" + std::string(name) + "'",
                              NameHint(name, names));
}

std::unique_ptr<reference::LayerRecurrence> CandidateSet::MakeArm(std::string_view name) const {
  const Candidate& candidate = Get(name);
  if (!candidate.make_arm) {
    throw std::runtime_error("'" + candidate.name + "' can't run inside a model");
  }
  return candidate.make_arm();
}

bool CandidateSet::IsOutside(std::string_view name) const {
  return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
    return candidate.name == name && candidate.outside.has_value();
  });
}

}  // namespace deltagauge
