#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "reference/layer_recurrence_torch.h"
#include "reference/layers_torch-inl.h"

namespace deltagauge::reference {
namespace {

at::Tensor ReciprocalRms(const at::Tensor& wide, double eps) {
  return wide.square().mean(-1, /*keepdim=*/true).add_(eps).rsqrt_();
}

// One output row from the rows behind it, oldest first; `Value` is how they are stored, `Wide` what
// is computed in.
template <typename Value, typename Wide>
void ConvolveRow(const Value* const* rows, const Wide* weight, int64_t taps, int64_t channels,
                 Value* out) {
  constexpr int64_t kBlock = 512;  // a row of sums that stays in the first-level cache
  Wide sums[kBlock];
  for (int64_t begin = 0; begin < channels; begin += kBlock) {
    const int64_t size = std::min(kBlock, channels - begin);
    for (int64_t i = 0; i < size; ++i) sums[i] = 0;
    for (int64_t j = 0; j < taps; ++j) {
      const Value* const row = rows[j] + begin;
      const Wide* const w = weight + j * channels + begin;
      for (int64_t i = 0; i < size; ++i) sums[i] += w[i] * static_cast<Wide>(row[i]);
    }
    for (int64_t i = 0; i < size; ++i) out[begin + i] = static_cast<Value>(sums[i]);
  }
}

template <typename Value, typename Wide>
struct Convolution {
  const Value* m;
  const Value* window;
  const Wide* weight;
  Value* out;
  int64_t tokens;
  int64_t taps;
  int64_t channels;
  int64_t rows_per_task;
  int64_t rows;  // of all sequences

  static void RunTask(const void* context, int task, int /*thread*/) {
    const auto& self = *static_cast<const Convolution*>(context);
    const int64_t end = std::min((task + 1) * self.rows_per_task, self.rows);
    std::vector<const Value*> behind(static_cast<size_t>(self.taps));
    for (int64_t row = task * self.rows_per_task; row < end; ++row) {
      const int64_t sequence = row / self.tokens;
      const int64_t token = row % self.tokens;
      for (int64_t j = 0; j < self.taps; ++j) {
        const int64_t from = token - (self.taps - 1) + j;
        behind[static_cast<size_t>(j)] =
            from >= 0
                ? self.m + (sequence * self.tokens + from) * self.channels
                : self.window + (sequence * (self.taps - 1) + self.taps - 1 + from) * self.channels;
      }
      ConvolveRow(behind.data(), self.weight, self.taps, self.channels,
                  self.out + row * self.channels);
    }
  }
};

template <typename Value, typename Wide>
at::Tensor Convolve(const at::Tensor& m, const at::Tensor& weight, const at::Tensor& window) {
  const at::Tensor out = at::empty_like(m);
  Convolution<Value, Wide> convolution{.m = m.const_data_ptr<Value>(),
                                       .window = window.const_data_ptr<Value>(),
                                       .weight = weight.const_data_ptr<Wide>(),
                                       .out = out.mutable_data_ptr<Value>(),
                                       .tokens = m.size(1),
                                       .taps = weight.size(0),
                                       .channels = m.size(2),
                                       .rows_per_task = 16,
                                       .rows = m.size(0) * m.size(1)};
  const int64_t tasks =
      (convolution.rows + convolution.rows_per_task - 1) / convolution.rows_per_task;
  RunOnTorchThreads(static_cast<int>(tasks), &Convolution<Value, Wide>::RunTask, &convolution);
  return out;
}

}  // namespace

at::Tensor ZeroCenteredRmsNorm(const at::Tensor& x, const at::Tensor& one_plus_weight, double eps) {
  const at::Tensor wide = x.to(one_plus_weight.scalar_type());
  return (wide * ReciprocalRms(wide, eps)).mul_(one_plus_weight).to(x.scalar_type());
}

at::Tensor GatedRmsNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& gate,
                        double eps) {
  const at::ScalarType wide_type = weight.scalar_type();
  const at::Tensor wide = x.to(wide_type);
  const at::Tensor normed = (wide * ReciprocalRms(wide, eps)).mul_(weight);
  return at::silu(gate.to(wide_type)).mul_(normed).to(x.scalar_type());
}

at::Tensor CausalConvolution(const at::Tensor& m, const at::Tensor& weight, at::Tensor& window) {
  at::Tensor out;
  switch (m.scalar_type()) {
    case at::kDouble:
      out = Convolve<double, double>(m, weight, window);
      break;
    case at::kFloat:
      out = Convolve<float, float>(m, weight, window);
      break;
    default:
      out = Convolve<at::BFloat16, float>(m, weight, window);
  }
  const int64_t kept = window.size(1);
  const at::Tensor seen = m.size(1) >= kept ? m : at::cat({window, m}, 1);
  window = seen.narrow(1, seen.size(1) - kept, kept).clone();
  return at::silu_(out);
}

at::Tensor LogDecay(const at::Tensor& a, const GateWeights& weights) {
  return at::softplus(a.to(weights.dt_bias.scalar_type()) + weights.dt_bias)
      .mul_(weights.minus_rate);
}

RotaryTable MakeRotaryTable(int64_t first, int64_t count, int64_t rotary_dim, double theta,
                            ComputeType type) {
  const int64_t half = rotary_dim / 2;
  std::vector<double> cosine(static_cast<size_t>(count * half));
  std::vector<double> sine(cosine.size());
  std::vector<double> frequency(static_cast<size_t>(half));
  for (int64_t j = 0; j < half; ++j) {
    frequency[static_cast<size_t>(j)] =
        std::pow(theta, -2.0 * static_cast<double>(j) / static_cast<double>(rotary_dim));
  }
  for (int64_t t = 0; t < count; ++t) {
    for (int64_t j = 0; j < half; ++j) {
      const double angle = static_cast<double>(first + t) * frequency[static_cast<size_t>(j)];
      cosine[static_cast<size_t>(t * half + j)] = std::cos(angle);
      sine[static_cast<size_t>(t * half + j)] = std::sin(angle);
    }
  }
  const auto tensor = [&](std::vector<double>& values) {
    return at::from_blob(values.data(), {count, half}, at::TensorOptions().dtype(at::kDouble))
        .to(ScalarTypeOf(type), /*non_blocking=*/false, /*copy=*/true);
  };
  return {tensor(cosine), tensor(sine)};
}

at::Tensor Rotate(const at::Tensor& x, const RotaryTable& table) {
  const int64_t half = table.cosine.size(1);
  const at::Tensor cosine = table.cosine.unsqueeze(1);  // [T, 1, half]
  const at::Tensor sine = table.sine.unsqueeze(1);
  const at::Tensor low = x.narrow(-1, 0, half);
  const at::Tensor high = x.narrow(-1, half, half);
  return at::cat({low * cosine - high * sine, high * cosine + low * sine,
                  x.narrow(-1, 2 * half, x.size(-1) - 2 * half)},
                 -1);
}

at::Tensor CausalAttention(const at::Tensor& query, const at::Tensor& key,
                           const at::Tensor& value) {
  const int64_t tokens = query.size(1);
  const int64_t positions = key.size(2);
  const int64_t ratio = query.size(2) / key.size(1);
  const auto expanded = [&](const at::Tensor& heads) {
    return ratio == 1 ? heads : heads.repeat_interleave(ratio, 1);
  };
  // Nothing is masked for a single query; a square mask is the operator's own.
  const bool square = tokens == positions && tokens > 1;
  std::optional<at::Tensor> mask;
  if (!square && tokens > 1) {
    mask = at::ones({tokens, positions}, at::TensorOptions().dtype(at::kBool))
               .tril(positions - tokens);
  }
  return at::scaled_dot_product_attention(query.transpose(1, 2), expanded(key), expanded(value),
                                          mask, /*dropout_p=*/0.0, /*is_causal=*/square)
      .transpose(1, 2)
      .contiguous();
}

}  // namespace deltagauge::reference
