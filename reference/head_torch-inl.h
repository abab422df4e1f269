// The language model's head on tensors of libtorch.
#ifndef DELTAGAUGE_REFERENCE_HEAD_TORCH_INL_H_
#define DELTAGAUGE_REFERENCE_HEAD_TORCH_INL_H_

#include <ATen/core/Tensor.h>

#include <optional>

#include "reference/linear_torch-inl.h"

namespace deltagauge::reference {

// Logits x W^T, wide: a logit of 20 rounded to bfloat16 is off by up to 0.06, which makes near ties
// of clear decisions and would hide what a recurrence does to them.
class Head {
 public:
  Head() = default;
  // weight [vocab, hidden], contiguous, in the model's type. `library` is for float32.
  Head(at::Tensor weight, LinearLibrary library);

  // x [rows, hidden], wide, to [rows, vocab], wide.
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Linear linear_;                     // float32 and float64
  std::optional<at::Tensor> narrow_;  // bfloat16
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_HEAD_TORCH_INL_H_
