#include "harness/model/captured_case.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

#include "harness/kernel/bfloat16.h"
#include "harness/kernel/comparison.h"
#include "harness/kernel/pass_rules.h"
#include "harness/report/report_metrics.h"
#include "reference/conventions.h"
#include "reference/recurrence.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerTensor;
using reference::RecurrenceShape;

std::vector<std::byte> Copied(const LayerCall& call, const LayerTensor& tensor, int64_t heads,
                              int64_t dim) {
  const auto size = static_cast<size_t>(BytesOf(call.type));
  const size_t row_bytes = static_cast<size_t>(dim) * size;
  std::vector<std::byte> copy(static_cast<size_t>(call.shape.batch * call.shape.tokens * heads) *
                              row_bytes);
  std::byte* out = copy.data();
  for (int64_t b = 0; b < call.shape.batch; ++b) {
    for (int64_t t = 0; t < call.shape.tokens; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t begin =
            b * tensor.batch_stride + t * tensor.token_stride + h * tensor.head_stride;
        std::memcpy(out, static_cast<const std::byte*>(tensor.data) + begin * BytesOf(call.type),
                    row_bytes);
        out += row_bytes;
      }
    }
  }
  return copy;
}

std::vector<float> CopiedFloats(const void* data, int64_t count, bool is_double) {
  std::vector<float> copy(static_cast<size_t>(count));
  if (is_double) {
    const auto* const values = static_cast<const double*>(data);
    std::transform(values, values + count, copy.begin(),
                   [](double value) { return static_cast<float>(value); });
  } else {
    std::memcpy(copy.data(), data, copy.size() * sizeof(float));
  }
  return copy;
}

LayerTensor Contiguous(const std::vector<std::byte>& bytes, const RecurrenceShape& shape,
                       int64_t heads, int64_t dim) {
  return {.data = bytes.data(),
          .batch_stride = shape.tokens * heads * dim,
          .token_stride = heads * dim,
          .head_stride = dim};
}

float Widened(ComputeType type, const std::byte* bytes, size_t index) {
  if (type == ComputeType::kFloat32) {
    float value = 0;
    std::memcpy(&value, bytes + index * sizeof(value), sizeof(value));
    return value;
  }
  uint16_t bits = 0;
  std::memcpy(&bits, bytes + index * sizeof(bits), sizeof(bits));
  return FromBFloat16(bits);
}

// [B, T, heads, dim] as [B, heads, T, dim].
template <typename Real>
std::vector<Real> HeadMajor(ComputeType type, const std::vector<std::byte>& bytes,
                            const RecurrenceShape& shape, int64_t heads, int64_t dim) {
  std::vector<Real> values(static_cast<size_t>(shape.batch * heads * shape.tokens * dim));
  size_t in = 0;
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t t = 0; t < shape.tokens; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t d = 0; d < dim; ++d) {
          values[static_cast<size_t>(((b * heads + h) * shape.tokens + t) * dim + d)] =
              Widened(type, bytes.data(), in++);
        }
      }
    }
  }
  return values;
}

template <typename Real>
std::vector<std::byte> AsBytes(const std::vector<Real>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

template <typename Real>
struct RuleInputs {
  std::vector<Real> query, key, value, log_decay, beta, state;

  reference::RecurrenceInputs<Real> View(const RecurrenceShape& shape) const {
    reference::RecurrenceInputs<Real> view;
    view.shape = shape;
    view.query = query;
    view.key = key;
    view.value = value;
    view.log_decay = log_decay;
    view.beta = beta;
    view.initial_state = state;
    return view;
  }
};

}  // namespace

CapturedCall::CapturedCall(const LayerCall& call)
    : layer_(call.layer),
      shape_(call),
      query_(Copied(call, call.query, call.shape.key_heads, call.shape.key_dim)),
      key_(Copied(call, call.key, call.shape.key_heads, call.shape.key_dim)),
      value_(Copied(call, call.value, call.shape.value_heads, call.shape.value_dim)) {
  if (call.type == ComputeType::kFloat64) {
    throw std::logic_error("CapturedCall: inputs of a float64 model have no kernel to go to");
  }
  const int64_t gates = call.shape.batch * call.shape.tokens * call.shape.value_heads;
  log_decay_ = CopiedFloats(call.log_decay, gates, /*is_double=*/false);
  beta_ = CopiedFloats(call.beta, gates, /*is_double=*/false);
  state_ = CopiedFloats(
      call.state,
      call.shape.batch * call.shape.value_heads * call.shape.key_dim * call.shape.value_dim,
      /*is_double=*/false);
}

LayerCall CapturedCall::Call(std::vector<std::byte>& state, std::vector<std::byte>& output) const {
  const RecurrenceShape& shape = shape_.shape;
  LayerCall call = shape_;
  call.query = Contiguous(query_, shape, shape.key_heads, shape.key_dim);
  call.key = Contiguous(key_, shape, shape.key_heads, shape.key_dim);
  call.value = Contiguous(value_, shape, shape.value_heads, shape.value_dim);
  call.log_decay = log_decay_.data();
  call.beta = beta_.data();
  call.state = state.data();
  call.output = output.data();
  return call;
}

CapturedCall::Result CapturedCall::RunWith(reference::LayerRecurrence& recurrence) const {
  const RecurrenceShape& shape = shape_.shape;
  const auto outputs =
      static_cast<size_t>(shape.batch * shape.tokens * shape.value_heads * shape.value_dim);
  const bool wide = recurrence.StateIsDouble(shape_.type);
  std::vector<std::byte> state =
      wide ? AsBytes(std::vector<double>(state_.begin(), state_.end())) : AsBytes(state_);
  std::vector<std::byte> output(outputs * static_cast<size_t>(BytesOf(shape_.type)));
  recurrence.Run(Call(state, output));

  Result result;
  for (size_t i = 0; i < outputs; ++i) {
    result.output.push_back(Widened(shape_.type, output.data(), i));
  }
  result.state = CopiedFloats(state.data(), static_cast<int64_t>(state_.size()), wide);
  return result;
}

void CapturedCall::Judge(reference::LayerRecurrence& candidate, Limits limits_of,
                         CorrectnessResult& result) const {
  const RecurrenceShape& shape = shape_.shape;
  const auto inputs_as = [&](auto zero) {
    using Real = decltype(zero);
    RuleInputs<Real> inputs;
    inputs.query = HeadMajor<Real>(shape_.type, query_, shape, shape.key_heads, shape.key_dim);
    inputs.key = HeadMajor<Real>(shape_.type, key_, shape, shape.key_heads, shape.key_dim);
    inputs.value = HeadMajor<Real>(shape_.type, value_, shape, shape.value_heads, shape.value_dim);
    inputs.log_decay =
        HeadMajor<Real>(ComputeType::kFloat32, AsBytes(log_decay_), shape, shape.value_heads, 1);
    inputs.beta =
        HeadMajor<Real>(ComputeType::kFloat32, AsBytes(beta_), shape, shape.value_heads, 1);
    inputs.state.assign(state_.begin(), state_.end());
    reference::NormalizeRows<Real>(shape.key_dim, static_cast<Real>(shape_.norm_epsilon),
                                   inputs.query);
    reference::NormalizeRows<Real>(shape.key_dim, static_cast<Real>(shape_.norm_epsilon),
                                   inputs.key);
    reference::Scale<Real>(static_cast<Real>(shape_.scale), inputs.query);
    return inputs;
  };
  const RuleInputs<double> wide = inputs_as(double{});
  const RuleInputs<float> narrow = inputs_as(float{});
  const auto truth = reference::RunRecurrent(wide.View(shape));
  auto recurrent = reference::RunRecurrent(narrow.View(shape));
  auto chunked = reference::RunChunked(narrow.View(shape));
  Result found = RunWith(candidate);

  // The references write the type of the model, too.
  const DataType type =
      shape_.type == ComputeType::kBFloat16 ? DataType::kBFloat16 : DataType::kFloat32;
  if (type == DataType::kBFloat16) {
    for (float& value : recurrent.output) value = RoundToBFloat16(value);
    for (float& value : chunked.output) value = RoundToBFloat16(value);
  }
  found.output = HeadMajor<float>(ComputeType::kFloat32, AsBytes(found.output), shape,
                                  shape.value_heads, shape.value_dim);

  const auto judge = [&](const char* name, DataType tensor_type, int64_t head_size,
                         const std::vector<double>& expected,
                         const std::vector<float>& candidate_values, const std::vector<float>& a,
                         const std::vector<float>& b, std::vector<int64_t> tensor_shape) {
    const PassLimits limits = limits_of == Limits::kFused
                                  ? FusedKernelLimits(tensor_type, QkNorm::kL2)
                                  : AnyKernelLimits(tensor_type);
    ComparisonOptions options{tensor_type, limits.elements, {}};
    if (head_size >= kFewElements) {
      for (int64_t i = 0; i <= static_cast<int64_t>(expected.size()); i += head_size) {
        options.group_begins.push_back(i);
      }
    }
    const TensorReport report{name, CompareTensors(expected, candidate_values, options),
                              CompareTensors(expected, a, options),
                              CompareTensors(expected, b, options)};
    const std::string label = std::string(name) + " of layer " + std::to_string(layer_);
    for (Finding& finding :
         JudgeTensor(label, report.result, std::vector{report.recurrent, report.chunked}, limits,
                     NonFiniteTruth::kInvalid)) {
      result.findings.push_back(std::move(finding));
    }
    result.tensors.push_back(MakeTensorResult(report, {.dtype = std::string(NameOf(tensor_type)),
                                                       .shape = std::move(tensor_shape),
                                                       .layer = layer_,
                                                       .rounding_slack = limits.relative_slack}));
  };
  judge("output", type, shape.tokens * shape.value_dim, truth.output, found.output,
        recurrent.output, chunked.output,
        {shape.batch, shape.value_heads, shape.tokens, shape.value_dim});
  judge("state", DataType::kFloat32, shape.key_dim * shape.value_dim, truth.final_state,
        found.state, recurrent.final_state, chunked.final_state,
        {shape.batch, shape.value_heads, shape.key_dim, shape.value_dim});
}

}  // namespace deltagauge
