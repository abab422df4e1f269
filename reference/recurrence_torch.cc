#include "reference/recurrence_torch.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/matmul.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <stdexcept>
#include <vector>

#include "reference/recurrence_torch-inl.h"
#include "reference/tensors_torch.h"

namespace deltagauge::reference {

struct TorchRecurrence::Tensors : RuleTensors {};

namespace {

constexpr int64_t kChunk = 64;

at::Tensor Column(const at::Tensor& vectors) { return vectors.unsqueeze(-1); }
at::Tensor Row(const at::Tensor& vectors) { return vectors.unsqueeze(-2); }

// [B, H, T, ...] to [B, H, chunks, 64, ...], zeros behind the last token: they decay nothing and
// write nothing.
at::Tensor InChunks(const at::Tensor& tensor) {
  const int64_t tokens = tensor.size(2);
  const int64_t padding = (kChunk - tokens % kChunk) % kChunk;
  std::vector<int64_t> pads(static_cast<size_t>(2 * (tensor.dim() - 2)), 0);
  pads.back() = padding;  // the last pair of numbers is for dimension 2
  std::vector<int64_t> sizes = tensor.sizes().vec();
  sizes[2] = (tokens + padding) / kChunk;
  sizes.insert(sizes.begin() + 3, kChunk);
  const at::Tensor padded = padding == 0 ? tensor : at::constant_pad_nd(tensor, pads);
  return padded.reshape(sizes);
}

}  // namespace

void RuleTensors::RunEager() {
  at::Tensor state = initial_state;
  output = at::empty_like(value);
  for (int64_t t = 0; t < value.size(2); ++t) {
    const at::Tensor k = Column(key.select(2, t));
    const at::Tensor q = Column(query.select(2, t));
    state = state * Column(Column(log_decay.select(2, t).exp()));
    const at::Tensor kept = (state * k).sum(-2);
    const at::Tensor delta = Column(beta.select(2, t)) * (value.select(2, t) - kept);
    state = state + k * Row(delta);
    output.select(2, t).copy_((state * q).sum(-2));
  }
  final_state = state;
}

// Names as in recurrence.h; every tensor has the dimensions [B, H, chunks, ...] until the loop
// walks over the chunks.
void RuleTensors::RunChunked() {
  const at::Tensor q = InChunks(query);
  const at::Tensor k = InChunks(key);
  const at::Tensor v = InChunks(value);
  const at::Tensor b = Column(InChunks(beta));
  const at::Tensor sums = InChunks(log_decay).cumsum(-1);  // G
  const at::Tensor total = sums.narrow(-1, kChunk - 1, 1);
  // Above the diagonal exp may overflow. tril selects, where a product would make NaN of inf * 0.
  const at::Tensor decays = (Column(sums) - Row(sums)).exp().tril();
  const at::Tensor from_start = Column(sums.exp());

  // -A. The solver takes the diagonal for ones and doesn't read what is above it.
  const at::Tensor lower = at::matmul(k * b, k.mT()) * decays;
  const at::Tensor inverse = at::linalg_solve_triangular(  // N
      lower, at::eye(kChunk, lower.options()).expand_as(lower), /*upper=*/false, /*left=*/true,
      /*unitriangular=*/true);
  const at::Tensor u = at::matmul(inverse, v * b);
  const at::Tensor w = at::matmul(inverse, k * b * from_start);
  const at::Tensor scores = at::matmul(q, k.mT()) * decays;
  const at::Tensor decayed_q = q * from_start;
  const at::Tensor keys_to_end = (k * Column((total - sums).exp())).mT();
  const at::Tensor chunk_decay = Column(total.exp());

  at::Tensor state = initial_state;
  const at::Tensor outputs = at::empty_like(v);
  for (int64_t i = 0; i < v.size(2); ++i) {
    const at::Tensor d = u.select(2, i) - at::matmul(w.select(2, i), state);
    outputs.select(2, i).copy_(at::matmul(decayed_q.select(2, i), state) +
                               at::matmul(scores.select(2, i), d));
    state = state * chunk_decay.select(2, i) + at::matmul(keys_to_end.select(2, i), d);
  }
  output = outputs.flatten(2, 3).narrow(2, 0, value.size(2)).contiguous();
  final_state = state;
}

TorchRecurrence::TorchRecurrence(TorchForm form) : form_(form) {}

TorchRecurrence::~TorchRecurrence() = default;

std::string TorchRecurrence::Name() const {
  return form_ == TorchForm::kEager ? "ATen, token by token" : "ATen, 64-token chunks";
}

void TorchRecurrence::Prepare(const RecurrenceInputs<float>& inputs) {
  const std::vector<at::Tensor> made = MakeTensors(inputs);
  tensors_ = std::make_unique<Tensors>(Tensors{{.query = made[0],
                                                .key = made[1],
                                                .value = made[2],
                                                .log_decay = made[3],
                                                .beta = made[4],
                                                .initial_state = made[5],
                                                .output = {},
                                                .final_state = {}}});
}

void TorchRecurrence::Run() {
  if (tensors_ == nullptr) throw std::logic_error("TorchRecurrence: Run before Prepare");
  const c10::InferenceMode no_autograd;
  try {
    if (form_ == TorchForm::kEager) {
      tensors_->RunEager();
    } else {
      tensors_->RunChunked();
    }
  } catch (const c10::Error& error) {
    throw std::runtime_error(Name() + ": " + error.what_without_backtrace());
  }
}

std::span<const float> TorchRecurrence::Output() const {
  return tensors_ == nullptr ? std::span<const float>() : Elements(tensors_->output);
}

std::span<const float> TorchRecurrence::FinalState() const {
  return tensors_ == nullptr ? std::span<const float>() : Elements(tensors_->final_state);
}

void SetTorchThreads(int num_threads) { at::set_num_threads(num_threads); }

int TorchThreads() { return at::get_num_threads(); }

std::string TorchVersion() { return TORCH_VERSION; }

}  // namespace deltagauge::reference
