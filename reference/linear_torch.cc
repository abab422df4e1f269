#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/input_error.h"
#include "reference/linear_torch-inl.h"

namespace deltagauge::reference {
namespace {

using Reorder = at::Tensor(const at::Tensor&, std::optional<int64_t>);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             std::string_view, c10::List<std::optional<at::Scalar>>,
                             std::optional<std::string_view>);
using PointwiseBinary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                   const std::optional<at::Tensor>&, std::string_view);
using IsSupported = bool();

// Rows that the packed form is made for: where prefill spends its time.
constexpr int64_t kPackedRows = 512;

std::optional<c10::OperatorHandle> Find(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchema({name, overload});
}

at::Tensor Pack(const at::Tensor& weight) {
  static const auto pack = Find("mkldnn::_reorder_linear_weight")->typed<Reorder>();
  return pack.call(weight, kPackedRows);
}

// `after`: "none" or "swish".
at::Tensor PackedLinear(const at::Tensor& x, const at::Tensor& weight, const char* after) {
  static const auto multiply = Find("mkldnn::_linear_pointwise")->typed<Pointwise>();
  static const c10::List<std::optional<at::Scalar>> kNoScalars;
  return multiply.call(x, weight, std::nullopt, after, kNoScalars, "");
}

at::Tensor PackedLinearTimes(const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& factor) {
  static const auto multiply =
      Find("mkldnn::_linear_pointwise", "binary")->typed<PointwiseBinary>();
  return multiply.call(x, factor, weight, std::nullopt, "mul");
}

}  // namespace

at::ScalarType ScalarTypeOf(ComputeType type) {
  switch (type) {
    case ComputeType::kFloat64:
      return at::kDouble;
    case ComputeType::kBFloat16:
      return at::kBFloat16;
    case ComputeType::kFloat32:
      break;
  }
  return at::kFloat;
}

at::ScalarType WideTypeOf(ComputeType type) {
  return type == ComputeType::kFloat64 ? at::kDouble : at::kFloat;
}

at::Tensor MappedTensor(const TensorView& view) {
  at::ScalarType stored = at::kFloat;
  switch (view.type) {
    case TensorType::kFloat64:
      stored = at::kDouble;
      break;
    case TensorType::kFloat32:
      break;
    case TensorType::kBFloat16:
      stored = at::kBFloat16;
      break;
    case TensorType::kFloat16:
      stored = at::kHalf;
      break;
    case TensorType::kInt64:
    case TensorType::kOther:
      throw InputError(view.name, "type " + view.type_name + " can't be computed with",
                       "expected F32, BF16 or F16");
  }
  return at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape,
                       at::TensorOptions().dtype(stored));
}

at::Tensor LoadTensor(const TensorView& view, at::ScalarType type) {
  return MappedTensor(view).to(type, /*non_blocking=*/false, /*copy=*/true);
}

Linear::Linear(at::Tensor weight, LinearLibrary library)
    : library_(library),
      weight_(library == LinearLibrary::kOneDnn ? Pack(weight) : std::move(weight)) {}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return library_ == LinearLibrary::kOneDnn ? PackedLinear(x, weight_, "none")
                                            : at::linear(x, weight_);
}

at::Tensor Linear::Silu(const at::Tensor& x) const {
  if (library_ == LinearLibrary::kOneDnn) return PackedLinear(x, weight_, "swish");
  at::Tensor result = at::linear(x, weight_);
  return at::silu_(result);
}

at::Tensor Linear::Times(const at::Tensor& x, const at::Tensor& factor) const {
  return library_ == LinearLibrary::kOneDnn ? PackedLinearTimes(x, weight_, factor)
                                            : at::linear(x, weight_).mul_(factor);
}

bool HasPackedLinear(ComputeType type) {
  if (type == ComputeType::kFloat64 || !at::globalContext().hasMKLDNN()) return false;
  const auto pack = Find("mkldnn::_reorder_linear_weight");
  const auto multiply = Find("mkldnn::_linear_pointwise");
  const auto multiply_binary = Find("mkldnn::_linear_pointwise", "binary");
  if (!pack.has_value() || !multiply.has_value() || !multiply_binary.has_value()) return false;
  try {  // The operators are libtorch's own affair: another release may declare them otherwise.
    static_cast<void>(pack->typed<Reorder>());
    static_cast<void>(multiply->typed<Pointwise>());
    static_cast<void>(multiply_binary->typed<PointwiseBinary>());
    if (type == ComputeType::kBFloat16) {  // not on every processor
      const auto supported = Find("mkldnn::_is_mkldnn_bf16_supported");
      return supported.has_value() && supported->typed<IsSupported>().call();
    }
  } catch (const c10::Error&) {
    return false;
  }
  return true;
}

LinearChoice ChooseLinear(LinearLibrary wanted, ComputeType type) {
  if (wanted == LinearLibrary::kAten) return {LinearLibrary::kAten, "ATen, as asked"};
  if (HasPackedLinear(type)) {
    return {LinearLibrary::kOneDnn,
            wanted == LinearLibrary::kAuto ? "oneDNN, packed" : "oneDNN, packed, as asked"};
  }
  if (wanted == LinearLibrary::kAuto) {
    return {LinearLibrary::kAten, "ATen, for want of packed weights"};
  }
  throw InputError("linear library 'onednn'",
                   "has no packed weights for " + std::string(NameOf(type)) +
                       " in this build of libtorch or on this machine",
                   "take 'aten' or 'auto'");
}

}  // namespace deltagauge::reference
