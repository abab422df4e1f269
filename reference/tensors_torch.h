// The inputs of a recurrence as tensors of libtorch, for the files that use libtorch.
#ifndef DELTAGAUGE_REFERENCE_TENSORS_TORCH_H_
#define DELTAGAUGE_REFERENCE_TENSORS_TORCH_H_

#include <span>
#include <vector>

#include "reference/recurrence.h"

namespace at {
class Tensor;
}

namespace deltagauge::reference {

// Copies, contiguous, in the order in which operators take them:
//   query, key  [B, Hv, T, K]   each value head with the key head that serves it
//   value       [B, Hv, T, V]
//   log_decay   [B, Hv, T]
//   beta        [B, Hv, T]
//   state       [B, Hv, K, V]   zeros if there is no initial state
// Throws std::invalid_argument, naming the tensor, if a span does not have the size that the shape
// asks for.
std::vector<at::Tensor> MakeTensors(const RecurrenceInputs<float>& inputs);

// All elements of a contiguous float tensor; an undefined tensor has none.
std::span<const float> Elements(const at::Tensor& tensor);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_TENSORS_TORCH_H_
