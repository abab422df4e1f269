#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "reference/head_torch-inl.h"
#include "reference/layer_recurrence_torch.h"

namespace deltagauge::reference {
namespace {

// From here on a product of matrices is worth the widening of the weights in blocks.
constexpr int64_t kManyRows = 8;
// Weight rows that are widened at a time: 8 MB at a width of 1024.
constexpr int64_t kBlock = 2048;

constexpr int64_t kLanes = 16;

// Sums in kLanes columns, so that compilers make vectors of it without reordering anything.
float Dot(const float* x, const at::BFloat16* weight, int64_t n) {
  std::array<float, kLanes> sums{};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      sums[static_cast<size_t>(lane)] += x[i + lane] * static_cast<float>(weight[i + lane]);
    }
  }
  for (int64_t lane = 0; i < n; ++i, ++lane) {
    sums[static_cast<size_t>(lane)] += x[i] * static_cast<float>(weight[i]);
  }
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

struct FewRows {
  const float* x;
  const at::BFloat16* weight;
  float* out;
  int64_t rows, width, vocab;

  static void RunTask(const void* context, int task, int /*thread*/) {
    const auto& self = *static_cast<const FewRows*>(context);
    const int64_t end = std::min((task + 1) * kBlock, self.vocab);
    for (int64_t word = task * kBlock; word < end; ++word) {
      for (int64_t row = 0; row < self.rows; ++row) {
        self.out[row * self.vocab + word] =
            Dot(self.x + row * self.width, self.weight + word * self.width, self.width);
      }
    }
  }
};

}  // namespace

Head::Head(at::Tensor weight, LinearLibrary library) {
  if (weight.scalar_type() == at::kBFloat16) {
    narrow_ = std::move(weight);
  } else {
    linear_ = {std::move(weight), library};
  }
}

at::Tensor Head::operator()(const at::Tensor& x) const {
  if (!narrow_.has_value()) return linear_(x);
  const int64_t vocab = narrow_->size(0);
  const int64_t blocks = (vocab + kBlock - 1) / kBlock;
  at::Tensor logits = at::empty({x.size(0), vocab}, x.options());
  if (x.size(0) < kManyRows) {
    const FewRows product = {.x = x.const_data_ptr<float>(),
                             .weight = narrow_->const_data_ptr<at::BFloat16>(),
                             .out = logits.mutable_data_ptr<float>(),
                             .rows = x.size(0),
                             .width = x.size(1),
                             .vocab = vocab};
    RunOnTorchThreads(static_cast<int>(blocks), &FewRows::RunTask, &product);
    return logits;
  }
  for (int64_t first = 0; first < vocab; first += kBlock) {
    const int64_t count = std::min(kBlock, vocab - first);
    const at::Tensor block = narrow_->narrow(0, first, count).to(at::kFloat);
    logits.narrow(1, first, count).copy_(at::linear(x, block));
  }
  return logits;
}

}  // namespace deltagauge::reference
