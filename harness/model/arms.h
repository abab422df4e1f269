// The recurrences that a run can name, for the model.
#ifndef DELTAGAUGE_HARNESS_MODEL_ARMS_H_
#define DELTAGAUGE_HARNESS_MODEL_ARMS_H_

#include <memory>
#include <span>
#include <string_view>

#include "kernels/parallel_for.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// "oracle", "eager", "chunked", "fused".
std::span<const std::string_view> ArmNames();

// Works on ATen's threads (reference::SetTorchThreads), the oracle on `oracle_threads` of its own.
// Throws reference::InputError, with the nearest name, for an unknown one.
std::unique_ptr<reference::LayerRecurrence> MakeArm(std::string_view name, int oracle_threads);

// ATen's threads for the kernel, as many as SetTorchThreads last said.
class TorchParallelFor final : public ParallelFor {
 public:
  int NumThreads() const override;
  void Run(int num_tasks, Task run_task, const void* context) override;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_ARMS_H_
