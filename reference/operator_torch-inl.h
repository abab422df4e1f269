// An operator of libtorch's dispatcher, for the files that use libtorch.
#ifndef DELTAGAUGE_REFERENCE_OPERATOR_TORCH_INL_H_
#define DELTAGAUGE_REFERENCE_OPERATOR_TORCH_INL_H_

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <vector>

#include "reference/operator_torch.h"

namespace deltagauge::reference {

class DispatchedOperator {
 public:
  // Throws std::runtime_error if no loaded library registers it, or with another schema.
  explicit DispatchedOperator(KnownOperator which);

  struct Result {
    at::Tensor output;       // [B, H, T, V]
    at::Tensor final_state;  // [B, H, K, V]
  };
  // query, key, value, decay as the operator takes it, beta, state; contiguous. Throws
  // std::runtime_error with what the operator says.
  Result Call(const std::vector<at::Tensor>& six) const;

 private:
  KnownOperator which_;
  c10::OperatorHandle handle_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_OPERATOR_TORCH_INL_H_
