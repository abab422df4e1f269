// Multiplication with weights, and tensors of libtorch from a checkpoint.
#ifndef DELTAGAUGE_REFERENCE_LINEAR_TORCH_INL_H_
#define DELTAGAUGE_REFERENCE_LINEAR_TORCH_INL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "reference/layer_recurrence.h"
#include "reference/model.h"
#include "reference/safetensors.h"

namespace deltagauge::reference {

at::ScalarType ScalarTypeOf(ComputeType type);
// What norms, gates and states are computed in: float64 for float64, else float32.
at::ScalarType WideTypeOf(ComputeType type);

// A copy of the tensor, of this type, contiguous.
at::Tensor LoadTensor(const TensorView& view, at::ScalarType type);
// A view of its bytes in the file.
at::Tensor MappedTensor(const TensorView& view);

// x W^T for one W.
class Linear {
 public:
  Linear() = default;
  // weight [out, in], contiguous, in the model's type. `library` is kAten or kOneDnn.
  Linear(at::Tensor weight, LinearLibrary library);

  // x [..., in], contiguous, to [..., out]: x W^T, silu(x W^T) and factor * (x W^T). oneDNN applies
  // silu and factor before it rounds to the type.
  at::Tensor operator()(const at::Tensor& x) const;
  at::Tensor Silu(const at::Tensor& x) const;
  at::Tensor Times(const at::Tensor& x, const at::Tensor& factor) const;

 private:
  LinearLibrary library_ = LinearLibrary::kAten;
  at::Tensor weight_;
};

// Whether oneDNN's packed weights exist for this type in this build of libtorch, on this machine.
bool HasPackedLinear(ComputeType type);

struct LinearChoice {
  LinearLibrary library = LinearLibrary::kAten;
  std::string description;
};

// InputError: oneDNN is asked for where HasPackedLinear is false.
LinearChoice ChooseLinear(LinearLibrary wanted, ComputeType type);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_LINEAR_TORCH_INL_H_
