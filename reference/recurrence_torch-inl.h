// The gated delta rule in ATen's operators, for the files that use libtorch.
#ifndef DELTAGAUGE_REFERENCE_RECURRENCE_TORCH_INL_H_
#define DELTAGAUGE_REFERENCE_RECURRENCE_TORCH_INL_H_

#include <ATen/core/Tensor.h>

namespace deltagauge::reference {

// float32 or float64, all of one type. The query carries its scale; heads are expanded.
struct RuleTensors {
  at::Tensor query;          // [B, H, T, K]
  at::Tensor key;            // [B, H, T, K]
  at::Tensor value;          // [B, H, T, V]
  at::Tensor log_decay;      // [B, H, T]
  at::Tensor beta;           // [B, H, T]
  at::Tensor initial_state;  // [B, H, K, V]
  // Results of the functions below.
  at::Tensor output;       // [B, H, T, V]
  at::Tensor final_state;  // [B, H, K, V]

  void RunEager();
  void RunChunked();
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_RECURRENCE_TORCH_INL_H_
