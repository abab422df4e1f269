// The rule's own inputs inside a model as a kernel case.
#ifndef DELTAGAUGE_HARNESS_MODEL_CAPTURED_CASE_H_
#define DELTAGAUGE_HARNESS_MODEL_CAPTURED_CASE_H_

#include <cstdint>
#include <vector>

#include "harness/kernel/kernel_check.h"
#include "harness/report/report.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// A layer's call with copies of everything that it reads. The recurrence that runs the layer must
// keep its states in float32, as all but the oracle do: a call doesn't say.
class CapturedCall {
 public:
  explicit CapturedCall(const reference::LayerCall& call);
  CapturedCall(const CapturedCall&) = delete;
  CapturedCall& operator=(const CapturedCall&) = delete;
  CapturedCall(CapturedCall&&) = default;

  int layer() const { return layer_; }

  // Runs the recurrence on fresh copies of the inputs. float32 and bfloat16 calls only.
  struct Result {
    std::vector<float> output;  // [B, T, Hv, V]
    std::vector<float> state;   // [B, Hv, K, V]
  };
  Result RunWith(reference::LayerRecurrence& recurrence) const;

  // Output and state of the candidate against fp64, with the two float32 forms' own errors beside,
  // by the rules R1 to R5 with AnyKernelLimits, or the fused kernel's own.
  enum class Limits : uint8_t { kAny, kFused };
  void Judge(reference::LayerRecurrence& candidate, Limits limits, CorrectnessResult& result) const;

 private:
  reference::LayerCall Call(std::vector<std::byte>& state, std::vector<std::byte>& output) const;

  int layer_;
  reference::LayerCall shape_;    // sizes and scalars; no pointer of it is used
  std::vector<std::byte> query_;  // [B, T, Hk, K]
  std::vector<std::byte> key_;    // [B, T, Hk, K]
  std::vector<std::byte> value_;  // [B, T, Hv, V]
  std::vector<float> log_decay_;  // [B, T, Hv]
  std::vector<float> beta_;       // [B, T, Hv]
  std::vector<float> state_;      // [B, Hv, K, V]
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_CAPTURED_CASE_H_
