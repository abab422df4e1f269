// What a run can put under test, compare with or take for the truth, by name.
#ifndef DELTAGAUGE_HARNESS_MODEL_CANDIDATE_SET_H_
#define DELTAGAUGE_HARNESS_MODEL_CANDIDATE_SET_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.h"
#include "harness/kernel/kernel_call.h"
#include "harness/kernel/kernel_check.h"
#include "harness/model/foreign_logits.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// Kernel cases of code from outside, which this process doesn't run for them.
struct OutsideKernel {
  // The case in its conventions (AdaptCase).
  std::function<KernelCase(const KernelCase&)> adapt;
  // Judges an adapted case.
  std::function<CheckOutcome(const KernelCase&, const CaseData&)> check;
};

using MakeArmFunction = std::function<std::unique_ptr<reference::LayerRecurrence>()>;

// What a candidate says about one text.
struct TextLogits {
  TextConfig text;
  std::shared_ptr<const ForeignLogits> logits;
};

struct Candidate {
  std::string name;
  std::string version;
  std::string description;
  // Takes every kernel case; nullptr: it has no such form, and kernel cases of it are skipped.
  KernelFunction kernel = nullptr;
  std::optional<OutsideKernel> outside = {};  // in its place
  // For the model; empty: it can't run there.
  MakeArmFunction make_arm;
  // Of an arm that has one (LayerRecurrence::Translate).
  std::optional<Translation> translation = {};
  // Not empty: it runs nowhere. Drift and agreement are those of its logits, all else is skipped.
  std::vector<TextLogits> logits = {};
  // Not empty: it is not there, for this reason. Its cases, and those with it as baseline, are
  // skipped.
  std::string absence = {};

  // nullptr: it has none of this text.
  const ForeignLogits* LogitsOf(const TextConfig& text) const;
};

class CandidateSet {
 public:
  // Replaces one of the same name.
  void Add(Candidate candidate);
  // Throws reference::InputError, with the nearest name, if there is none.
  const Candidate& Get(std::string_view name) const;
  // For the model. Throws as Get does, and std::runtime_error for one that can't run there.
  std::unique_ptr<reference::LayerRecurrence> MakeArm(std::string_view name) const;
  bool IsOutside(std::string_view name) const;
  const std::vector<Candidate>& All() const { return candidates_; }

 private:
  std::vector<Candidate> candidates_;
};

// "fused" and, in a build with libtorch, "oracle", "eager" and "chunked".
CandidateSet BuiltinCandidates();

// The following two by arms.cc and torch_operator.cc; without libtorch by model_cases_none.cc.

// Loads the plug-in into this process when it is called; empty without libtorch: no model, no arm.
MakeArmFunction PluginArm(const std::string& name, const std::string& path);

// An operator of kTorchOps. An empty `library` is looked for: see torch_operator.h. Throws
// reference::InputError if it can't be had.
Candidate TorchOperatorCandidate(const std::string& name, const std::string& library,
                                 const std::string& op);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_CANDIDATE_SET_H_
