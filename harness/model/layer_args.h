// A layer's call as kernels take it: arguments of GatedDeltaRule, or first a copy in float32.
#ifndef DELTAGAUGE_HARNESS_MODEL_LAYER_ARGS_H_
#define DELTAGAUGE_HARNESS_MODEL_LAYER_ARGS_H_

#include <vector>

#include "kernels/gated_delta_rule.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// Views of the call's own memory, the state in place, norm and scale for the kernel. float32 and
// bfloat16 calls with float32 states.
GatedDeltaRuleArgs KernelArgsOf(const reference::LayerCall& call);

// A call of any type, rounded or widened to float32 on the way in and back on the way out.
class Float32Layer {
 public:
  // What `call` points to must outlive this, if StoreResults is called.
  explicit Float32Layer(const reference::LayerCall& call);
  Float32Layer(const Float32Layer&) = delete;
  Float32Layer& operator=(const Float32Layer&) = delete;

  const reference::LayerCall& call() const { return copy_; }  // contiguous, states too
  void StoreResults() const;  // copy_'s state and output into the original's

 private:
  const reference::LayerCall original_;
  std::vector<float> query_, key_, value_, log_decay_, beta_, state_, output_;
  reference::LayerCall copy_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_LAYER_ARGS_H_
