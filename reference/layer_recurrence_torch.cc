#include "reference/layer_recurrence_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <stdexcept>
#include <string>

#include "reference/linear_torch-inl.h"
#include "reference/recurrence_torch-inl.h"

namespace deltagauge::reference {
namespace {

// Torch's views take pointers to mutable memory; what is read here is never written through them.
at::Tensor View(const void* data, at::IntArrayRef sizes, at::IntArrayRef strides,
                at::ScalarType type) {
  return at::from_blob(const_cast<void*>(data), sizes, strides, at::TensorOptions().dtype(type));
}

class TorchLayerRecurrence final : public LayerRecurrence {
 public:
  explicit TorchLayerRecurrence(TorchForm form) : form_(form) {}

  std::string Name() const override { return form_ == TorchForm::kEager ? "eager" : "chunked"; }
  std::string Description() const override {
    return Name() + ", ATen " + TorchVersion() +
           (form_ == TorchForm::kEager ? ", token by token" : ", 64-token chunks");
  }

  void Run(const LayerCall& call) override {
    const c10::InferenceMode no_autograd;
    try {
      RunRule(call);
    } catch (const c10::Error& error) {
      throw std::runtime_error(Name() + " recurrence: " + error.what_without_backtrace());
    }
  }

 private:
  // [B, H, T, D] in the type of the rule, one head for each value head.
  static at::Tensor Heads(const LayerCall& call, const LayerTensor& tensor, int64_t heads,
                          int64_t dim, at::ScalarType rule_type) {
    const RecurrenceShape& shape = call.shape;
    return View(tensor.data, {shape.batch, heads, shape.tokens, dim},
                {tensor.batch_stride, tensor.head_stride, tensor.token_stride, 1},
                ScalarTypeOf(call.type))
        .to(rule_type);
  }

  static at::Tensor Normalized(const at::Tensor& rows, double epsilon) {
    return rows * (rows.square().sum(-1, /*keepdim=*/true) + epsilon).rsqrt();
  }

  static at::Tensor Expanded(const at::Tensor& heads, const RecurrenceShape& shape) {
    const int64_t ratio = shape.value_heads / shape.key_heads;
    return ratio == 1 ? heads : heads.repeat_interleave(ratio, 1);
  }

  void RunRule(const LayerCall& call) const {
    const RecurrenceShape& shape = call.shape;
    const at::ScalarType rule_type = call.type == ComputeType::kFloat64 ? at::kDouble : at::kFloat;
    const at::Tensor query =
        Normalized(Heads(call, call.query, shape.key_heads, shape.key_dim, rule_type),
                   call.norm_epsilon) *
        call.scale;
    const at::Tensor key = Normalized(
        Heads(call, call.key, shape.key_heads, shape.key_dim, rule_type), call.norm_epsilon);
    const auto gate = [&](const void* data) {
      return View(data, {shape.batch, shape.value_heads, shape.tokens},
                  {shape.tokens * shape.value_heads, 1, shape.value_heads}, rule_type)
          .contiguous();
    };
    const at::Tensor state =
        at::from_blob(call.state, {shape.batch, shape.value_heads, shape.key_dim, shape.value_dim},
                      at::TensorOptions().dtype(rule_type));
    RuleTensors rule;
    rule.query = Expanded(query, shape);
    rule.key = Expanded(key, shape);
    rule.value =
        Heads(call, call.value, shape.value_heads, shape.value_dim, rule_type).contiguous();
    rule.log_decay = gate(call.log_decay);
    rule.beta = gate(call.beta);
    rule.initial_state = state;
    if (form_ == TorchForm::kEager || shape.tokens == 1) {
      rule.RunEager();
    } else {
      rule.RunChunked();
    }
    state.copy_(rule.final_state);
    at::from_blob(call.output, {shape.batch, shape.tokens, shape.value_heads, shape.value_dim},
                  at::TensorOptions().dtype(ScalarTypeOf(call.type)))
        .copy_(rule.output.transpose(1, 2));
  }

  TorchForm form_;
};

}  // namespace

std::unique_ptr<LayerRecurrence> MakeTorchLayerRecurrence(TorchForm form) {
  return std::make_unique<TorchLayerRecurrence>(form);
}

}  // namespace deltagauge::reference
