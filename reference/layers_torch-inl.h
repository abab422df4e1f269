// The parts of a Qwen3.5 layer on tensors of libtorch. B batch, T new tokens; "type" is the
// model's, "wide" is float32, or float64 in a float64 model.
#ifndef DELTAGAUGE_REFERENCE_LAYERS_TORCH_INL_H_
#define DELTAGAUGE_REFERENCE_LAYERS_TORCH_INL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "reference/layer_recurrence.h"
#include "reference/linear_torch-inl.h"
#include "reference/model.h"

namespace deltagauge::reference {

// x / rms(x) (1 + w) over the last axis, computed wide, rounded once. `one_plus_weight` is wide.
at::Tensor ZeroCenteredRmsNorm(const at::Tensor& x, const at::Tensor& one_plus_weight, double eps);

// w (x / rms(x)) silu(gate) over the last axis, computed wide, rounded once. `weight` is wide.
at::Tensor GatedRmsNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& gate,
                        double eps);

// silu(c), c[t, ch] = sum_j weight[ch, j] m[t - (J - 1) + j, ch]; where t runs before the first row
// of `m`, `window` goes on: [B, J - 1, C], oldest first, replaced by the last rows of both.
//   m       [B, T, C] type
//   weight  [J, C]    wide
at::Tensor CausalConvolution(const at::Tensor& m, const at::Tensor& weight, at::Tensor& window);

struct GateWeights {
  at::Tensor minus_rate;  // [Hv] wide: -exp(A_log)
  at::Tensor dt_bias;     // [Hv] wide
};

// g = -exp(A_log) softplus(a + dt_bias): [B, T, Hv] wide, contiguous.
at::Tensor LogDecay(const at::Tensor& a, const GateWeights& weights);

// Cosines and sines of the positions first .. first + count - 1: each [count, rotary_dim / 2], in
// the type. Angles are computed in float64.
struct RotaryTable {
  at::Tensor cosine;
  at::Tensor sine;
};
RotaryTable MakeRotaryTable(int64_t first, int64_t count, int64_t rotary_dim, double theta,
                            ComputeType type);

// Rotates the first rotary_dim of x [B, T, H, D]: half-split pairs j and j + rotary_dim / 2.
at::Tensor Rotate(const at::Tensor& x, const RotaryTable& table);

// Softmax attention with a causal mask: the T queries are the last of the S positions. Scale
// 1 / sqrt(D); query head h reads key-value head h / (Hq / Hkv).
//   query       [B, T, Hq, D]
//   key, value  [B, Hkv, S, D]
//   result      [B, T, Hq, D], contiguous
at::Tensor CausalAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_LAYERS_TORCH_INL_H_
