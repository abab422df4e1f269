// What a run can put under test, compare with or take for the truth, by name.
#ifndef DELTAGAUGE_HARNESS_MODEL_CANDIDATE_SET_H_
#define DELTAGAUGE_HARNESS_MODEL_CANDIDATE_SET_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel/kernel_call.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

struct Candidate {
  std::string name;
  std::string version;
  std::string description;
  // Takes every kernel case; nullptr: it has no such form, and kernel cases of it are skipped.
  KernelFunction kernel = nullptr;
  // For the model; empty: it can't run there.
  std::function<std::unique_ptr<reference::LayerRecurrence>()> make_arm;
};

class CandidateSet {
 public:
  // Replaces one of the same name.
  void Add(Candidate candidate);
  // Throws reference::InputError, with the nearest name, if there is none.
  const Candidate& Get(std::string_view name) const;
  const std::vector<Candidate>& All() const { return candidates_; }

 private:
  std::vector<Candidate> candidates_;
};

// "fused" and, in a build with libtorch, "oracle", "eager" and "chunked".
CandidateSet BuiltinCandidates();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_CANDIDATE_SET_H_
