// The fused kernel as the recurrence of the model.
#ifndef DELTAGAUGE_HARNESS_MODEL_FUSED_RECURRENCE_H_
#define DELTAGAUGE_HARNESS_MODEL_FUSED_RECURRENCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/kernel/kernel_call.h"
#include "kernels/parallel_for.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// "fused". float32 and bfloat16 layers run without a copy: strides, the norm of query and key and
// the scale are the kernel's own. A float64 layer is rounded to float32 on the way in and widened
// on the way out. `kernel` has the signature of GatedDeltaRule, so that a faulty one can be put
// into the model; `threads` must outlive this.
class FusedRecurrence final : public reference::LayerRecurrence {
 public:
  explicit FusedRecurrence(ParallelFor& threads, KernelFunction kernel = &GatedDeltaRule,
                           std::string name = "fused");

  std::string Name() const override { return name_; }
  std::string Description() const override;
  void Run(const reference::LayerCall& call) override;

 private:
  void RunNarrowed(const reference::LayerCall& call);
  void RunNative(const reference::LayerCall& call);

  struct AlignedDelete {
    void operator()(std::byte* memory) const;
  };

  ParallelFor& threads_;
  KernelFunction kernel_;
  std::string name_;
  std::string target_;
  std::unique_ptr<std::byte, AlignedDelete> workspace_;
  size_t workspace_bytes_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_FUSED_RECURRENCE_H_
