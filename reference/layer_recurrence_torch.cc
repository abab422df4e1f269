#include "reference/layer_recurrence_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reference/linear_torch-inl.h"
#include "reference/operator_torch-inl.h"
#include "reference/recurrence_torch-inl.h"

namespace deltagauge::reference {
namespace {

// Torch's views take pointers to mutable memory; what is read here is never written through them.
at::Tensor View(const void* data, at::IntArrayRef sizes, at::IntArrayRef strides,
                at::ScalarType type) {
  return at::from_blob(const_cast<void*>(data), sizes, strides, at::TensorOptions().dtype(type));
}

// [B, H, T, D] in the type of the rule, one head for each value head.
at::Tensor Heads(const LayerCall& call, const LayerTensor& tensor, int64_t heads, int64_t dim,
                 at::ScalarType rule_type) {
  const RecurrenceShape& shape = call.shape;
  return View(tensor.data, {shape.batch, heads, shape.tokens, dim},
              {tensor.batch_stride, tensor.head_stride, tensor.token_stride, 1},
              ScalarTypeOf(call.type))
      .to(rule_type);
}

at::Tensor Normalized(const at::Tensor& rows, double epsilon) {
  return rows * (rows.square().sum(-1, /*keepdim=*/true) + epsilon).rsqrt();
}

at::Tensor Expanded(const at::Tensor& heads, const RecurrenceShape& shape) {
  const int64_t ratio = shape.value_heads / shape.key_heads;
  return ratio == 1 ? heads : heads.repeat_interleave(ratio, 1);
}

// Query and key normalised and scaled, heads expanded. The state is a view of the call's.
RuleTensors RuleTensorsOf(const LayerCall& call, at::ScalarType rule_type) {
  const RecurrenceShape& shape = call.shape;
  const at::ScalarType state_type = call.type == ComputeType::kFloat64 ? at::kDouble : at::kFloat;
  const at::Tensor query =
      Normalized(Heads(call, call.query, shape.key_heads, shape.key_dim, rule_type),
                 call.norm_epsilon) *
      call.scale;
  const at::Tensor key = Normalized(
      Heads(call, call.key, shape.key_heads, shape.key_dim, rule_type), call.norm_epsilon);
  const auto gate = [&](const void* data) {
    return View(data, {shape.batch, shape.value_heads, shape.tokens},
                {shape.tokens * shape.value_heads, 1, shape.value_heads}, state_type)
        .to(rule_type)
        .contiguous();
  };
  RuleTensors rule;
  rule.query = Expanded(query, shape);
  rule.key = Expanded(key, shape);
  rule.value = Heads(call, call.value, shape.value_heads, shape.value_dim, rule_type).contiguous();
  rule.log_decay = gate(call.log_decay);
  rule.beta = gate(call.beta);
  rule.initial_state =
      at::from_blob(call.state, {shape.batch, shape.value_heads, shape.key_dim, shape.value_dim},
                    at::TensorOptions().dtype(state_type));
  return rule;
}

// [B, H, T, V] and [B, H, K, V] into the call's output and state.
void StoreResults(const at::Tensor& output, const at::Tensor& final_state, const LayerCall& call) {
  const RecurrenceShape& shape = call.shape;
  at::from_blob(
      call.state, {shape.batch, shape.value_heads, shape.key_dim, shape.value_dim},
      at::TensorOptions().dtype(call.type == ComputeType::kFloat64 ? at::kDouble : at::kFloat))
      .copy_(final_state);
  at::from_blob(call.output, {shape.batch, shape.tokens, shape.value_heads, shape.value_dim},
                at::TensorOptions().dtype(ScalarTypeOf(call.type)))
      .copy_(output.transpose(1, 2));
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
  void RunRule(const LayerCall& call) const {
    RuleTensors rule =
        RuleTensorsOf(call, call.type == ComputeType::kFloat64 ? at::kDouble : at::kFloat);
    if (form_ == TorchForm::kEager || call.shape.tokens == 1) {
      rule.RunEager();
    } else {
      rule.RunChunked();
    }
    StoreResults(rule.output, rule.final_state, call);
  }

  TorchForm form_;
};

class TranslatedOperatorCall final : public TranslatedCall {
 public:
  TranslatedOperatorCall(KnownOperator which, const LayerCall& call)
      : operator_(which), call_(call) {
    const c10::InferenceMode no_autograd;
    const RuleTensors rule = RuleTensorsOf(call, at::kFloat);
    // Updated in place by some: never the caller's own.
    arguments_ = {rule.query.contiguous(),
                  rule.key.contiguous(),
                  rule.value,
                  TakesExponentiatedDecay(which) ? rule.log_decay.exp() : rule.log_decay,
                  rule.beta,
                  rule.initial_state.to(at::kFloat).clone()};
  }

  void Run() override {
    const c10::InferenceMode no_autograd;
    result_ = operator_.Call(arguments_);
  }

  void Finish() override {
    const c10::InferenceMode no_autograd;
    StoreResults(result_.output, result_.final_state, call_);
  }

 private:
  DispatchedOperator operator_;
  LayerCall call_;
  std::vector<at::Tensor> arguments_;
  DispatchedOperator::Result result_;
};

class OperatorLayerRecurrence final : public LayerRecurrence {
 public:
  OperatorLayerRecurrence(std::string name, KnownOperator which)
      : name_(std::move(name)), which_(which) {
    const DispatchedOperator must_be_there(which);
  }

  std::string Name() const override { return name_; }
  std::string Description() const override { return name_ + ", " + OperatorName(which_); }

  void Run(const LayerCall& call) override {
    const std::unique_ptr<TranslatedCall> translated = Translate(call);
    translated->Run();
    translated->Finish();
  }

  std::unique_ptr<TranslatedCall> Translate(const LayerCall& call) override {
    try {
      return std::make_unique<TranslatedOperatorCall>(which_, call);
    } catch (const c10::Error& error) {
      throw std::runtime_error(name_ + ": " + error.what_without_backtrace());
    }
  }

 private:
  std::string name_;
  KnownOperator which_;
};

}  // namespace

std::unique_ptr<LayerRecurrence> MakeOperatorLayerRecurrence(std::string name,
                                                             KnownOperator which) {
  return std::make_unique<OperatorLayerRecurrence>(std::move(name), which);
}

std::unique_ptr<LayerRecurrence> MakeTorchLayerRecurrence(TorchForm form) {
  return std::make_unique<TorchLayerRecurrence>(form);
}

}  // namespace deltagauge::reference
