// The two ways in which the model's layer is computed with libtorch today.
#ifndef DELTAGAUGE_REFERENCE_LAYER_RECURRENCE_TORCH_H_
#define DELTAGAUGE_REFERENCE_LAYER_RECURRENCE_TORCH_H_

#include <memory>
#include <string>

#include "reference/layer_recurrence.h"
#include "reference/operator_torch.h"
#include "reference/recurrence_torch.h"

namespace deltagauge::reference {

// "eager" or "chunked" (recurrence_torch.h), with the norm, the scale and the expansion of heads
// that the layer asks for. One token always goes the eager way, as model libraries decode.
std::unique_ptr<LayerRecurrence> MakeTorchLayerRecurrence(TorchForm form);

// An operator that is registered (operator_torch.h), in float32 whatever the layer's type, with the
// same translation round it as the two above have. Throws std::runtime_error if it is not there.
std::unique_ptr<LayerRecurrence> MakeOperatorLayerRecurrence(std::string name, KnownOperator which);

// A task for each number from 0 to num_tasks - 1 on ATen's threads, so that a recurrence and the
// layers round it share one set of them: two sets would fight for the CPUs while one of them spins.
// `thread` is below TorchThreads().
using TorchTask = void (*)(const void* context, int task, int thread);
void RunOnTorchThreads(int num_tasks, TorchTask run_task, const void* context);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_LAYER_RECURRENCE_TORCH_H_
