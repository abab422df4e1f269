// Somebody else's gated delta rule: an operator that a library registers with libtorch, called
// through the dispatcher. Three are known:
//
//   llama::gated_delta_rule(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta,
//                           Tensor initial_state) -> (Tensor, Tensor)
//     ExecuTorch's. Functional; decay is exp(g).
//   llama::recurrent_gated_delta_rule(Tensor query, Tensor key, Tensor value, Tensor g, Tensor
//   beta,
//                                     Tensor(a!) recurrent_state) -> Tensor
//     The state is updated in place; g is the log decay.
//   deltagauge::gated_delta_rule(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta,
//                                Tensor? initial_state=None, *, ...)
//                                -> (Tensor, Tensor, Tensor)
//     Ours (kernels/torch_ops.cc); functional, called with layout="bhtd", else with its defaults:
//     decay is the log decay.
//
// All take [B, H, T, D] with as many key heads as value heads, [B, H, T] and [B, H, K, V].
#ifndef DELTAGAUGE_REFERENCE_OPERATOR_TORCH_H_
#define DELTAGAUGE_REFERENCE_OPERATOR_TORCH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference/prepared_recurrence.h"

namespace deltagauge::reference {

enum class KnownOperator : uint8_t {
  kGatedDeltaRule,
  kRecurrentGatedDeltaRule,
  kDeltaGaugeGatedDeltaRule
};

// Whether decays are exp(g), not g.
inline bool TakesExponentiatedDecay(KnownOperator which) {
  return which == KnownOperator::kGatedDeltaRule;
}

// "llama::gated_delta_rule" and so on.
const char* OperatorName(KnownOperator which);

// Loads a library that registers operators. `needed_first` are libraries whose symbols it expects
// to find in the process, loaded before it in this order: ExecuTorch's
// libcustom_ops_aot_lib.so is made for Python and needs libpython3.11.so.1.0 there.
// Throws std::runtime_error: no such file, or the loader's own message.
void LoadOperatorLibrary(const std::string& path, const std::vector<std::string>& needed_first);

// The folder of the libtorch_cpu that this process has loaded; empty if it can't be told.
std::string TorchLibraryFolder();

enum class DecayGiven : uint8_t {
  kLog,     // as RecurrenceInputs has it
  kAsTaken  // RecurrenceInputs::log_decay holds what the operator takes
};

// float32. Heads are expanded and decays exponentiated in Prepare, for every call goes through the
// dispatcher as a model's would.
class OperatorRecurrence final : public PreparedRecurrence {
 public:
  // Throws std::runtime_error if no loaded library registers the operator, or with another schema.
  explicit OperatorRecurrence(KnownOperator which, DecayGiven decay = DecayGiven::kLog);
  ~OperatorRecurrence() override;

  std::string Name() const override;
  void Prepare(const RecurrenceInputs<float>& inputs) override;
  void Run() override;
  std::span<const float> Output() const override;
  std::span<const float> FinalState() const override;

 private:
  struct Operator;
  KnownOperator which_;
  DecayGiven decay_;
  std::unique_ptr<Operator> operator_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_OPERATOR_TORCH_H_
