// libdeltagauge_ops.so: the fused gated delta rule as operators of libtorch, on CPU tensors. Load
// it with torch.ops.load_library, or link it. The equation and its error bounds are in
// gated_delta_rule.h; how strides are treated in torch_ops_run.h.
//
// 1. llama::recurrent_gated_delta_rule, for models that were written against the operator of that
//    name in ExecuTorch's Llama examples:
//
//      recurrent_gated_delta_rule(Tensor query, Tensor key, Tensor value, Tensor g, Tensor beta,
//                                 Tensor(a!) recurrent_state) -> Tensor
//      recurrent_gated_delta_rule.out(..., *, Tensor(b!) out) -> Tensor(b!)
//
//      query, key        [B, H, T, K]   float32 or bfloat16; normalised and scaled by the caller
//      value, result     [B, H, T, V]   the same type
//      g, beta           [B, H, T]      float32; g is the log decay, beta is past its sigmoid
//      recurrent_state   [B, H, K, V]   float32; updated in place
//
//    `out` of the right shape is written whatever its strides; one without elements is resized;
//    any other shape is an error, and so is sharing memory with an input or the state. It is for
//    eager calls: torch.export, which makes graphs functional, needs the variant without `out`.
//
// 2. deltagauge::gated_delta_rule, the whole range of the kernel:
//
//      gated_delta_rule(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta,
//                       Tensor? initial_state=None, *, OPTIONS)
//          -> (Tensor output, Tensor final_state, Tensor snapshots)
//      gated_delta_rule_(..., Tensor(a!) state, *, OPTIONS) -> (Tensor output, Tensor snapshots)
//
//      str layout="bthd"            query, key [B, T, Hk, K], value and output [B, T, Hv, V], decay
//                                   and beta [B, T, Hv]; "bhtd": [B, Hk, T, K] and so on
//      str head_map="grouped"       the key head of value head h: h / (Hv / Hk); "tiled": h % Hk
//      str decay_form="log"         decay holds g; "exponentiated": it holds exp(g)
//      str beta_form="activated"    beta is used as it is; "logit": sigmoid(beta) is
//      str qk_norm="none"           "l2": query and key are divided by
//                                   sqrt(sum of squares + norm_epsilon)
//      str state_layout="kv"        states are [N, Hv, K, V]; "vk": [N, Hv, V, K]
//      float norm_epsilon=1e-06
//      float scale=1.0              of the query, after its norm; 1 / sqrt(K) in the model
//      Tensor? cu_seqlens=None      int64 [N + 1]: N sequences packed on the token axis of a batch
//                                   of 1; without it N is B
//      int num_snapshots=0          n: the states after each of the last n tokens of every
//                                   sequence, oldest first, in snapshots [N, n, <state>]; slots
//                                   before the first token hold the initial state
//
//    No initial_state means zeros.
//
// All results are new and contiguous in the layout named. There are Meta implementations, so the
// operators can be traced, compiled and exported, with symbolic sizes too. There is no backward
// formula: backward raises where it reaches a result of inputs that require grad, and a state
// carries no history from call to call.
//
// If an operator of the same name is there already when this library is loaded, that one stays,
// and a warning names the replacement. (The other way round is up to the other library; one that
// uses TORCH_LIBRARY ends the process. Load this one last.)
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/torch_ops_args.h"
#include "kernels/torch_ops_run.h"

namespace deltagauge::torch_ops {
namespace {

constexpr const char* kRecurrent = "llama::recurrent_gated_delta_rule";
constexpr const char* kRecurrentOut = "llama::recurrent_gated_delta_rule.out";
constexpr const char* kFunctional = "deltagauge::gated_delta_rule";
constexpr const char* kInPlace = "deltagauge::gated_delta_rule_";

enum class Backend : uint8_t { kCpu, kMeta };

// ---- llama::recurrent_gated_delta_rule

Call RecurrentCall(const char* op, const at::Tensor& query, const at::Tensor& key,
                   const at::Tensor& value, const at::Tensor& g, const at::Tensor& beta,
                   const at::Tensor& recurrent_state) {
  return {.op = op,
          .decay_name = "g",
          .state_name = "recurrent_state",
          .query = query,
          .key = key,
          .value = value,
          .decay = g,
          .beta = beta,
          .state = &recurrent_state,
          .conventions = {.layout = Layout::kHeadsFirst, .head_rule = HeadRule::kEqual}};
}

template <Backend backend>
at::Tensor Recurrent(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const at::Tensor& g, const at::Tensor& beta, at::Tensor& recurrent_state) {
  const Call call = RecurrentCall(kRecurrent, query, key, value, g, beta, recurrent_state);
  CheckInputs(call);
  at::Tensor output = NewOutput(call);
  if constexpr (backend == Backend::kCpu) {
    RunOnCpu(call, {.output = output, .final_state = recurrent_state}, OutputOwner::kOperator);
  }
  return output;
}

// Gives `out` its size. Whatever could fail in the call fails before.
template <Backend backend>
void ResizeOut(const Call& call, const at::Tensor& out) {
  if constexpr (backend == Backend::kCpu) {
    // A tensor without elements may still be a view into another one's storage.
    const std::initializer_list<std::pair<const char*, const at::Tensor*>> others = {
        {"query", &call.query},         {"key", &call.key},   {"value", &call.value},
        {call.decay_name, &call.decay}, {"beta", &call.beta}, {call.state_name, call.state}};
    for (const auto& [name, tensor] : others) {
      TORCH_CHECK(!out.is_alias_of(*tensor), call.op,
                  ": out: expected memory of its own, found that it shares memory with ", name);
    }
    const at::Tensor stand_in = NewOutput(call);
    CheckOnCpu(call, {.output = stand_in, .final_state = *call.state}, OutputOwner::kOperator);
    // resize_ finds this out only after it has changed the sizes.
    TORCH_CHECK(out.storage().resizable() || out.storage().nbytes() >= stand_in.nbytes(), call.op,
                ": out: expected a storage that can grow to ", stand_in.nbytes(),
                " bytes, found one of ", out.storage().nbytes(), " bytes that can't be resized");
  }
  ResizeToOutput(call, out);
}

template <Backend backend>
at::Tensor& RecurrentOut(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                         const at::Tensor& g, const at::Tensor& beta, at::Tensor& recurrent_state,
                         at::Tensor& out) {
  const Call call = RecurrentCall(kRecurrentOut, query, key, value, g, beta, recurrent_state);
  CheckInputs(call);
  if (!CheckOut(call, out)) ResizeOut<backend>(call, out);
  if constexpr (backend == Backend::kCpu) {
    RunOnCpu(call, {.output = out, .final_state = recurrent_state}, OutputOwner::kCaller);
  }
  return out;
}

// ---- deltagauge::gated_delta_rule

// The keyword options, as the schema spells them.
struct Options {
  const std::string& layout;
  const std::string& head_map;
  const std::string& decay_form;
  const std::string& beta_form;
  const std::string& qk_norm;
  const std::string& state_layout;
  double norm_epsilon;
  double scale;
  int64_t num_snapshots;
};

Conventions ParseOptions(const char* op, const Options& options) {
  return {.layout = ParseLayout(op, options.layout),
          .head_map = ParseHeadMap(op, options.head_map),
          .decay_form = ParseDecayForm(op, options.decay_form),
          .beta_form = ParseBetaForm(op, options.beta_form),
          .qk_norm = ParseQkNorm(op, options.qk_norm),
          .state_layout = ParseStateLayout(op, options.state_layout),
          .norm_epsilon = options.norm_epsilon,
          .scale = options.scale,
          .num_snapshots = options.num_snapshots};
}

const at::Tensor* PointerTo(const std::optional<at::Tensor>& tensor) {
  return tensor.has_value() && tensor->defined() ? &*tensor : nullptr;
}

template <Backend backend>
std::tuple<at::Tensor, at::Tensor, at::Tensor> Functional(
    const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
    const at::Tensor& decay, const at::Tensor& beta, const std::optional<at::Tensor>& initial_state,
    const std::string& layout, const std::string& head_map, const std::string& decay_form,
    const std::string& beta_form, const std::string& qk_norm, const std::string& state_layout,
    double norm_epsilon, double scale, const std::optional<at::Tensor>& cu_seqlens,
    int64_t num_snapshots) {
  const Call call = {
      .op = kFunctional,
      .decay_name = "decay",
      .state_name = "initial_state",
      .query = query,
      .key = key,
      .value = value,
      .decay = decay,
      .beta = beta,
      .state = PointerTo(initial_state),
      .cu_seqlens = PointerTo(cu_seqlens),
      .conventions = ParseOptions(kFunctional, {layout, head_map, decay_form, beta_form, qk_norm,
                                                state_layout, norm_epsilon, scale, num_snapshots})};
  CheckInputs(call);
  at::Tensor output = NewOutput(call);
  at::Tensor final_state = NewFinalState(call);
  at::Tensor snapshots = NewSnapshots(call);
  if constexpr (backend == Backend::kCpu) {
    RunOnCpu(call, {output, final_state, &snapshots}, OutputOwner::kOperator);
  }
  return {std::move(output), std::move(final_state), std::move(snapshots)};
}

template <Backend backend>
std::tuple<at::Tensor, at::Tensor> InPlace(
    const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
    const at::Tensor& decay, const at::Tensor& beta, at::Tensor& state, const std::string& layout,
    const std::string& head_map, const std::string& decay_form, const std::string& beta_form,
    const std::string& qk_norm, const std::string& state_layout, double norm_epsilon, double scale,
    const std::optional<at::Tensor>& cu_seqlens, int64_t num_snapshots) {
  const Call call = {
      .op = kInPlace,
      .decay_name = "decay",
      .state_name = "state",
      .query = query,
      .key = key,
      .value = value,
      .decay = decay,
      .beta = beta,
      .state = &state,
      .cu_seqlens = PointerTo(cu_seqlens),
      .conventions = ParseOptions(kInPlace, {layout, head_map, decay_form, beta_form, qk_norm,
                                             state_layout, norm_epsilon, scale, num_snapshots})};
  CheckInputs(call);
  at::Tensor output = NewOutput(call);
  at::Tensor snapshots = NewSnapshots(call);
  if constexpr (backend == Backend::kCpu) {
    RunOnCpu(call, {output, state, &snapshots}, OutputOwner::kOperator);
  }
  return {std::move(output), std::move(snapshots)};
}

// ---- Registration

constexpr const char* kOptionsSchema =
    "str layout=\"bthd\", str head_map=\"grouped\", str decay_form=\"log\", "
    "str beta_form=\"activated\", str qk_norm=\"none\", str state_layout=\"kv\", "
    "float norm_epsilon=1e-06, float scale=1.0, Tensor? cu_seqlens=None, int num_snapshots=0";

// A library like TORCH_LIBRARY_FRAGMENT's, but built only if its names are free: the dispatcher
// throws at a second definition, and an exception from a static initialiser ends the process.
class Registration {
 public:
  Registration() noexcept {
    try {
      if (AreFree(kRecurrent, {"", "out"}, Replacement())) RegisterRecurrent();
      if (AreFree(kFunctional, {""}, "") && AreFree(kInPlace, {""}, "")) RegisterGatedDeltaRule();
    } catch (const std::exception& error) {
      TORCH_WARN("libdeltagauge_ops: an operator could not be registered: ", error.what());
    }
  }

 private:
  static const char* Replacement() {
    return " The fused kernel is deltagauge::gated_delta_rule_(query, key, value, g, beta, "
           "recurrent_state, layout=\"bhtd\"), which returns (output, snapshots).";
  }

  // Warns if one is taken.
  static bool AreFree(const char* name, std::initializer_list<const char*> overloads,
                      const char* replacement) {
    for (const char* overload : overloads) {
      const auto taken = c10::Dispatcher::singleton().findSchema({name, overload});
      if (!taken.has_value()) continue;
      TORCH_WARN("libdeltagauge_ops: ", taken->operator_name(), " is already registered (",
                 taken->debug(), "). It is left as it is, and this library's is not available.",
                 replacement);
      return false;
    }
    return true;
  }

  torch::Library& Add(torch::Library::Kind kind, const char* name_space,
                      std::optional<c10::DispatchKey> key) {
    libraries_.push_back(
        std::make_unique<torch::Library>(kind, name_space, key, __FILE__, __LINE__));
    return *libraries_.back();
  }

  void RegisterRecurrent() {
    torch::Library& definitions = Add(torch::Library::FRAGMENT, "llama", std::nullopt);
    const std::string arguments =
        "(Tensor query, Tensor key, Tensor value, Tensor g, Tensor beta, "
        "Tensor(a!) recurrent_state";
    definitions.def(("recurrent_gated_delta_rule" + arguments + ") -> Tensor").c_str(),
                    {at::Tag::pt2_compliant_tag});
    definitions.def(
        ("recurrent_gated_delta_rule.out" + arguments + ", *, Tensor(b!) out) -> Tensor(b!)")
            .c_str(),
        {at::Tag::pt2_compliant_tag});
    torch::Library& cpu = Add(torch::Library::IMPL, "llama", c10::DispatchKey::CPU);
    cpu.impl("recurrent_gated_delta_rule", TORCH_FN(Recurrent<Backend::kCpu>));
    cpu.impl("recurrent_gated_delta_rule.out", TORCH_FN(RecurrentOut<Backend::kCpu>));
    torch::Library& meta = Add(torch::Library::IMPL, "llama", c10::DispatchKey::Meta);
    meta.impl("recurrent_gated_delta_rule", TORCH_FN(Recurrent<Backend::kMeta>));
    meta.impl("recurrent_gated_delta_rule.out", TORCH_FN(RecurrentOut<Backend::kMeta>));
    RefuseBackward("llama", {"recurrent_gated_delta_rule", "recurrent_gated_delta_rule.out"});
  }

  void RegisterGatedDeltaRule() {
    torch::Library& definitions = Add(torch::Library::FRAGMENT, "deltagauge", std::nullopt);
    const std::string arguments =
        "(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta, ";
    const std::string options = std::string(", *, ") + kOptionsSchema + ")";
    definitions.def(("gated_delta_rule" + arguments + "Tensor? initial_state=None" + options +
                     " -> (Tensor output, Tensor final_state, Tensor snapshots)")
                        .c_str(),
                    {at::Tag::pt2_compliant_tag});
    definitions.def(("gated_delta_rule_" + arguments + "Tensor(a!) state" + options +
                     " -> (Tensor output, Tensor snapshots)")
                        .c_str(),
                    {at::Tag::pt2_compliant_tag});
    torch::Library& cpu = Add(torch::Library::IMPL, "deltagauge", c10::DispatchKey::CPU);
    cpu.impl("gated_delta_rule", TORCH_FN(Functional<Backend::kCpu>));
    cpu.impl("gated_delta_rule_", TORCH_FN(InPlace<Backend::kCpu>));
    torch::Library& meta = Add(torch::Library::IMPL, "deltagauge", c10::DispatchKey::Meta);
    meta.impl("gated_delta_rule", TORCH_FN(Functional<Backend::kMeta>));
    meta.impl("gated_delta_rule_", TORCH_FN(InPlace<Backend::kMeta>));
    RefuseBackward("deltagauge", {"gated_delta_rule", "gated_delta_rule_"});
  }

  // Without this, gradients would silently stop at the operator.
  void RefuseBackward(const char* name_space, std::initializer_list<const char*> operators) {
    torch::Library& autograd = Add(torch::Library::IMPL, name_space, c10::DispatchKey::Autograd);
    for (const char* name : operators) {
      autograd.impl(name, torch::autograd::autogradNotImplementedFallback());
    }
  }

  std::vector<std::unique_ptr<torch::Library>> libraries_;
};

const Registration registration;

}  // namespace
}  // namespace deltagauge::torch_ops
