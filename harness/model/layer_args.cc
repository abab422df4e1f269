#include "harness/model/layer_args.h"

#include <algorithm>
#include <cstddef>

#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerTensor;
using reference::RecurrenceShape;

ConstTensor TensorOf(const LayerTensor& tensor) {
  return {
      tensor.data,
      {.sequence = tensor.batch_stride, .token = tensor.token_stride, .head = tensor.head_stride}};
}

// [B, T, Hv], contiguous.
GateTensor GateOf(const void* data, const RecurrenceShape& shape) {
  return {static_cast<const float*>(data),
          {.sequence = shape.tokens * shape.value_heads, .token = shape.value_heads, .head = 1}};
}

float Element(const void* data, int64_t index, ComputeType type) {
  switch (type) {
    case ComputeType::kFloat32:
      return static_cast<const float*>(data)[index];
    case ComputeType::kBFloat16:
      return FromBFloat16(static_cast<const uint16_t*>(data)[index]);
    case ComputeType::kFloat64:
      break;
  }
  return static_cast<float>(static_cast<const double*>(data)[index]);
}

std::vector<float> Elements(const void* data, int64_t count, ComputeType type) {
  std::vector<float> values;
  values.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values.push_back(Element(data, i, type));
  return values;
}

// [B, T, heads, dim], contiguous.
std::vector<float> Elements(const LayerTensor& tensor, const RecurrenceShape& shape, int64_t heads,
                            int64_t dim, ComputeType type) {
  std::vector<float> values;
  values.reserve(static_cast<size_t>(shape.batch * shape.tokens * heads * dim));
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t t = 0; t < shape.tokens; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t row =
            b * tensor.batch_stride + t * tensor.token_stride + h * tensor.head_stride;
        for (int64_t d = 0; d < dim; ++d) values.push_back(Element(tensor.data, row + d, type));
      }
    }
  }
  return values;
}

LayerTensor Contiguous(const std::vector<float>& values, const RecurrenceShape& shape,
                       int64_t heads, int64_t dim) {
  return {.data = values.data(),
          .batch_stride = shape.tokens * heads * dim,
          .token_stride = heads * dim,
          .head_stride = dim};
}

void Store(const std::vector<float>& values, ComputeType type, void* to) {
  switch (type) {
    case ComputeType::kFloat32:
      std::copy(values.begin(), values.end(), static_cast<float*>(to));
      return;
    case ComputeType::kBFloat16:
      std::transform(values.begin(), values.end(), static_cast<uint16_t*>(to), ToBFloat16);
      return;
    case ComputeType::kFloat64:
      std::copy(values.begin(), values.end(), static_cast<double*>(to));
      return;
  }
}

// Of gates and states.
ComputeType WideType(ComputeType type) {
  return type == ComputeType::kFloat64 ? ComputeType::kFloat64 : ComputeType::kFloat32;
}

}  // namespace

GatedDeltaRuleArgs KernelArgsOf(const LayerCall& call) {
  const RecurrenceShape& shape = call.shape;
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
  return args;
}

Float32Layer::Float32Layer(const LayerCall& call) : original_(call), copy_(call) {
  const RecurrenceShape& shape = call.shape;
  const int64_t gates = shape.batch * shape.tokens * shape.value_heads;
  const int64_t states = shape.batch * shape.value_heads * shape.key_dim * shape.value_dim;
  query_ = Elements(call.query, shape, shape.key_heads, shape.key_dim, call.type);
  key_ = Elements(call.key, shape, shape.key_heads, shape.key_dim, call.type);
  value_ = Elements(call.value, shape, shape.value_heads, shape.value_dim, call.type);
  log_decay_ = Elements(call.log_decay, gates, WideType(call.type));
  beta_ = Elements(call.beta, gates, WideType(call.type));
  state_ = Elements(call.state, states, WideType(call.type));
  output_.resize(static_cast<size_t>(gates * shape.value_dim));
  copy_.type = ComputeType::kFloat32;
  copy_.query = Contiguous(query_, shape, shape.key_heads, shape.key_dim);
  copy_.key = Contiguous(key_, shape, shape.key_heads, shape.key_dim);
  copy_.value = Contiguous(value_, shape, shape.value_heads, shape.value_dim);
  copy_.log_decay = log_decay_.data();
  copy_.beta = beta_.data();
  copy_.state = state_.data();
  copy_.output = output_.data();
}

void Float32Layer::StoreResults() const {
  Store(state_, WideType(original_.type), original_.state);
  Store(output_, original_.type, original_.output);
}

}  // namespace deltagauge
