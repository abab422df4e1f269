#include "harness/model/fused_recurrence.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerTensor;

ConstTensor TensorOf(const LayerTensor& tensor) {
  return {
      tensor.data,
      {.sequence = tensor.batch_stride, .token = tensor.token_stride, .head = tensor.head_stride}};
}

// [B, T, Hv], contiguous.
GateTensor GateOf(const void* data, const reference::RecurrenceShape& shape) {
  return {static_cast<const float*>(data),
          {.sequence = shape.tokens * shape.value_heads, .token = shape.value_heads, .head = 1}};
}

std::vector<float> Narrowed(const void* data, int64_t count) {
  const auto* const values = static_cast<const double*>(data);
  std::vector<float> narrow(static_cast<size_t>(count));
  std::transform(values, values + count, narrow.begin(),
                 [](double value) { return static_cast<float>(value); });
  return narrow;
}

// [B, T, heads, dim], contiguous.
std::vector<float> NarrowedTensor(const LayerTensor& tensor,
                                  const reference::RecurrenceShape& shape, int64_t heads,
                                  int64_t dim) {
  const auto* const values = static_cast<const double*>(tensor.data);
  std::vector<float> narrow;
  narrow.reserve(static_cast<size_t>(shape.batch * shape.tokens * heads * dim));
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t t = 0; t < shape.tokens; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        const double* const row =
            values + b * tensor.batch_stride + t * tensor.token_stride + h * tensor.head_stride;
        for (int64_t d = 0; d < dim; ++d) narrow.push_back(static_cast<float>(row[d]));
      }
    }
  }
  return narrow;
}

LayerTensor Contiguous(const std::vector<float>& values, const reference::RecurrenceShape& shape,
                       int64_t heads, int64_t dim) {
  return {.data = values.data(),
          .batch_stride = shape.tokens * heads * dim,
          .token_stride = heads * dim,
          .head_stride = dim};
}

}  // namespace

void FusedRecurrence::AlignedDelete::operator()(std::byte* memory) const {
  ::operator delete (memory, std::align_val_t{kWorkspaceAlignment});
}

FusedRecurrence::FusedRecurrence(ParallelFor& threads, KernelFunction kernel, std::string name)
    : threads_(threads), kernel_(kernel), name_(std::move(name)) {}

std::string FusedRecurrence::Description() const {
  return target_.empty() ? name_ : name_ + ", " + target_;
}

void FusedRecurrence::Run(const LayerCall& call) {
  if (call.type == ComputeType::kFloat64) {
    RunNarrowed(call);
  } else {
    RunNative(call);
  }
}

void FusedRecurrence::RunNarrowed(const LayerCall& call) {
  const reference::RecurrenceShape& shape = call.shape;
  const int64_t gates = shape.batch * shape.tokens * shape.value_heads;
  const int64_t states = shape.batch * shape.value_heads * shape.key_dim * shape.value_dim;
  const auto query = NarrowedTensor(call.query, shape, shape.key_heads, shape.key_dim);
  const auto key = NarrowedTensor(call.key, shape, shape.key_heads, shape.key_dim);
  const auto value = NarrowedTensor(call.value, shape, shape.value_heads, shape.value_dim);
  const auto log_decay = Narrowed(call.log_decay, gates);
  const auto beta = Narrowed(call.beta, gates);
  std::vector<float> state = Narrowed(call.state, states);
  std::vector<float> output(static_cast<size_t>(gates * shape.value_dim));

  LayerCall narrow = call;
  narrow.type = ComputeType::kFloat32;
  narrow.query = Contiguous(query, shape, shape.key_heads, shape.key_dim);
  narrow.key = Contiguous(key, shape, shape.key_heads, shape.key_dim);
  narrow.value = Contiguous(value, shape, shape.value_heads, shape.value_dim);
  narrow.log_decay = log_decay.data();
  narrow.beta = beta.data();
  narrow.state = state.data();
  narrow.output = output.data();
  RunNative(narrow);
  std::copy(state.begin(), state.end(), static_cast<double*>(call.state));
  std::copy(output.begin(), output.end(), static_cast<double*>(call.output));
}

void FusedRecurrence::RunNative(const LayerCall& call) {
  const reference::RecurrenceShape& shape = call.shape;
  GatedDeltaRuleArgs args;
  args.num_sequences = shape.batch;
  args.num_tokens = shape.tokens;
  args.key_heads = shape.key_heads;
  args.value_heads = shape.value_heads;
  args.key_dim = shape.key_dim;
  args.value_dim = shape.value_dim;
  args.data_type = call.type == ComputeType::kBFloat16 ? DataType::kBFloat16 : DataType::kFloat32;
  args.qk_norm = QkNorm::kL2;
  args.norm_epsilon = static_cast<float>(call.norm_epsilon);
  args.scale = static_cast<float>(call.scale);
  args.query = TensorOf(call.query);
  args.key = TensorOf(call.key);
  args.value = TensorOf(call.value);
  args.decay = GateOf(call.log_decay, shape);
  args.beta = GateOf(call.beta, shape);
  const StateStrides strides = {.sequence = shape.value_heads * shape.key_dim * shape.value_dim,
                                .head = shape.key_dim * shape.value_dim,
                                .row = shape.value_dim};
  args.initial_state = {static_cast<const float*>(call.state), strides};
  args.final_state = {static_cast<float*>(call.state), strides};
  args.output = {call.output,
                 {.sequence = shape.tokens * shape.value_heads * shape.value_dim,
                  .token = shape.value_heads * shape.value_dim,
                  .head = shape.value_dim}};

  const size_t bytes = static_cast<size_t>(threads_.NumThreads()) * kWorkspaceBytesPerThread;
  if (workspace_bytes_ < bytes) {
    workspace_.reset(
        static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kWorkspaceAlignment})));
    workspace_bytes_ = bytes;
  }
  RunInfo info;
  const Status status = kernel_(args, {workspace_.get(), workspace_bytes_}, threads_, &info);
  if (!status.ok()) throw std::runtime_error(name_ + " recurrence: " + status.Message());
  target_ = info.target;
}

}  // namespace deltagauge
