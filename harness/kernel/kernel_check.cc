#include "harness/kernel/kernel_check.h"

#include <cstddef>

#include "fmt/format.h"
#include "harness/kernel/check_context.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

// Runs on one target for as long as it lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(const std::string& name) : forced_(!name.empty()) {
    if (forced_) status_ = ForceTarget(name);
  }
  ~ForcedTarget() {
    if (forced_) ResetTargets();
  }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;

  const Status& status() const { return status_; }

 private:
  bool forced_;
  Status status_;
};

void Dispatch(CheckContext& context) {
  switch (context.kernel_case().check) {
    case CheckKind::kAccuracy:
      return CheckAccuracy(context);
    case CheckKind::kThreads:
      return CheckThreads(context);
    case CheckKind::kPieces:
      return CheckPieces(context);
    case CheckKind::kContagion:
      return CheckContagion(context);
    case CheckKind::kSnapshots:
      return CheckSnapshots(context);
    case CheckKind::kNeighbours:
      return CheckNeighbours(context);
    case CheckKind::kInPlace:
      return CheckInPlace(context);
    case CheckKind::kLayouts:
      return CheckLayouts(context);
  }
}

// Sequences without tokens must leave their states as they were, to the bit, and show them in all
// their snapshots.
void ExpectUntouchedStates(CheckContext& context, const KernelResult& result) {
  const KernelCase& c = context.kernel_case();
  const auto size = static_cast<size_t>(c.value_heads * c.key_dim * c.value_dim);
  const std::vector<float> zeros(size, 0.0f);
  const std::vector<float>& initial = context.data().inputs.initial_state;
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    if (c.LengthOf(s) > 0) continue;
    const size_t begin = static_cast<size_t>(s) * size;
    const auto before = initial.empty() ? std::span<const float>(zeros)
                                        : std::span<const float>(initial).subspan(begin, size);
    if (!result.final_state.empty()) {
      context.ExpectSameBits(fmt::format("state of sequence {}, which has no tokens", s), before,
                             std::span<const float>(result.final_state).subspan(begin, size));
    }
    for (int64_t slot = 0; slot < c.snapshots; ++slot) {
      const size_t at = static_cast<size_t>(s * c.snapshots + slot) * size;
      context.ExpectSameBits(fmt::format("slot {} of sequence {}, which has no tokens", slot, s),
                             before, std::span<const float>(result.snapshots).subspan(at, size));
    }
  }
}

}  // namespace

void CheckAccuracy(CheckContext& context) {
  const KernelCase& c = context.kernel_case();
  const CaseInputs& inputs = context.data().inputs;
  const auto first = context.Call("", c, inputs);
  const auto second = context.Call("again", c, inputs, context.threads(), WorkspaceFill::kZero);
  if (!first || !second) return;
  context.ExpectSameBits("again", *first, *second);
  ExpectUntouchedStates(context, *first);
  if (c.TotalTokens() == 0) return;  // no output, the state untouched: said above
  using Report = CheckContext::Report;
  context.JudgeOutput("", first->output, Report::kYes);
  if (c.place != StatePlace::kDiscarded) {
    context.JudgeState("", first->final_state, Report::kYes);
  }
  if (c.snapshots == 0) return;
  context.JudgeSnapshots("", first->snapshots, Report::kYes);
  ExpectExactSlots(context, *first);
}

CaseData MakeCaseData(const KernelCase& kernel_case) {
  CaseData data;
  data.inputs = MakeInputs(kernel_case);
  data.truth = ComputeTruth(kernel_case, data.inputs);
  return data;
}

CheckOutcome CheckKernel(const KernelCase& kernel_case, const CaseData& data, KernelFunction kernel,
                         const CheckOptions& options) {
  CheckOutcome outcome;
  outcome.kernel_case = kernel_case;
  if (const auto error = CheckCase(kernel_case)) {
    outcome.verdict = Verdict::kError;
    outcome.reason = "not a case: " + error->what;
    return outcome;
  }
  const ForcedTarget forced(kernel_case.target);
  if (!forced.status().ok()) {
    outcome.verdict = Verdict::kSkipped;
    outcome.reason = fmt::format("target {} does not run here; these do: {}", kernel_case.target,
                                 fmt::join(RunnableTargets(), ", "));
    return outcome;
  }
  CheckContext context(kernel_case, data, kernel, options, outcome);
  Dispatch(context);
  context.Conclude();
  return outcome;
}

CheckOutcome CheckKernel(const KernelCase& kernel_case) {
  if (CheckCase(kernel_case)) return CheckKernel(kernel_case, CaseData{});
  return CheckKernel(kernel_case, MakeCaseData(kernel_case));
}

}  // namespace deltagauge
