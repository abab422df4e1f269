#include "kernels/torch_ops_run.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/torch_ops_threads.h"

namespace deltagauge::torch_ops {
namespace {

bool HasUnitStride(const at::Tensor& tensor, int64_t axis) {
  return tensor.numel() == 0 || tensor.size(axis) == 1 || tensor.stride(axis) == 1;
}

at::Tensor WithUnitStride(const at::Tensor& tensor) {
  return HasUnitStride(tensor, -1) ? tensor : tensor.contiguous();
}

// A dense tensor of the same shape and type, for one that the kernel can't address.
at::Tensor StandIn(const at::Tensor& tensor) {
  return at::empty(tensor.sizes(), tensor.options().memory_format(at::MemoryFormat::Contiguous));
}

Strides TokenStrides(const at::Tensor& tensor, Layout layout) {
  const bool heads_first = layout == Layout::kHeadsFirst;
  return {.sequence = tensor.stride(0),
          .token = tensor.stride(heads_first ? 2 : 1),
          .head = tensor.stride(heads_first ? 1 : 2)};
}

// Of [sequence, head, row, column], or of [sequence, slot, head, row, column].
StateStrides StateStridesOf(const at::Tensor& state) {
  const int64_t last = state.dim() - 1;
  return {
      .sequence = state.stride(0), .head = state.stride(last - 2), .row = state.stride(last - 1)};
}

struct Extent {
  uintptr_t begin = 0;
  uintptr_t end = 0;
};

Extent ExtentOf(const at::Tensor& tensor) {
  if (tensor.numel() == 0) return {};
  int64_t reach = 0;
  for (int64_t axis = 0; axis < tensor.dim(); ++axis) {
    reach += (tensor.size(axis) - 1) * tensor.stride(axis);  // ATen has no negative strides
  }
  const auto begin = reinterpret_cast<uintptr_t>(tensor.const_data_ptr());
  return {begin, begin + static_cast<uintptr_t>(reach + 1) * tensor.element_size()};
}

bool Overlap(const at::Tensor& a, const at::Tensor& b) {
  const Extent first = ExtentOf(a);
  const Extent second = ExtentOf(b);
  return first.begin < second.end && second.begin < first.end;
}

// Sufficient for no two elements in one place: each axis steps over all that the axes of smaller
// strides cover.
bool MayOverlapItself(const at::Tensor& tensor) {
  if (tensor.numel() == 0 || tensor.is_non_overlapping_and_dense()) return false;
  std::array<std::pair<int64_t, int64_t>, 4> axes;  // stride, size
  for (int64_t axis = 0; axis < 4; ++axis) {
    axes[static_cast<size_t>(axis)] = {tensor.stride(axis), tensor.size(axis)};
  }
  std::sort(axes.begin(), axes.end());
  int64_t covered = 1;
  for (const auto& [stride, size] : axes) {
    if (size == 1) continue;
    if (stride < covered) return true;
    covered += (size - 1) * stride;
  }
  return false;
}

// The operator's name for one of the kernel's arguments.
const char* SchemaName(const Call& call, const char* kernel_name) {
  const std::array<std::pair<const char*, const char*>, 5> names = {{
      {"decay", call.decay_name},
      {"initial_state", call.state_name},
      {"final_state", call.state_name},
      {"output", "out"},
      {"cumulative_lengths", "cu_seqlens"},
  }};
  for (const auto& [kernel, schema] : names) {
    if (std::strcmp(kernel, kernel_name) == 0) return schema;
  }
  return kernel_name;
}

void ThrowIfError(const Call& call, const Status& status) {
  TORCH_CHECK(status.ok(), call.op, ": ", SchemaName(call, status.argument), ": ",
              status.Message());
}

// The kernel's description of a call, and the tensors that it refers to.
class CpuCall {
 public:
  CpuCall(const Call& call, const Results& results, OutputOwner owner)
      : call_(call), results_(results), owner_(owner) {
    SetSizes();
    SetInputs();
    SetStates();
    SetOutput();
  }

  void Check() const;
  void Run();

 private:
  bool InPlace() const;
  void SetSizes();
  void SetInputs();
  void SetStates();
  void SetOutput();
  void CheckApart(const char* name, const at::Tensor& written, const char* other_name,
                  const at::Tensor& other) const;
  void CheckWritten(const char* name, const at::Tensor& written) const;

  const Call& call_;
  const Results& results_;
  const OutputOwner owner_;
  // What the kernel sees: the tensors of the call, or copies.
  at::Tensor query_;
  at::Tensor key_;
  at::Tensor value_;
  at::Tensor cu_seqlens_;
  at::Tensor initial_state_;
  at::Tensor final_state_;
  at::Tensor output_;
  GatedDeltaRuleArgs args_;
};

bool CpuCall::InPlace() const {
  return call_.state != nullptr && results_.final_state.is_same(*call_.state);
}

void CpuCall::SetSizes() {
  const bool heads_first = call_.conventions.layout == Layout::kHeadsFirst;
  const int64_t head_axis = heads_first ? 1 : 2;
  args_.num_sequences = results_.final_state.size(0);
  args_.num_tokens = call_.query.size(heads_first ? 2 : 1);
  args_.key_heads = call_.query.size(head_axis);
  args_.value_heads = call_.value.size(head_axis);
  args_.key_dim = call_.query.size(3);
  args_.value_dim = call_.value.size(3);
  const Conventions& conventions = call_.conventions;
  args_.head_map = conventions.head_map;
  args_.decay_form = conventions.decay_form;
  args_.beta_form = conventions.beta_form;
  args_.qk_norm = conventions.qk_norm;
  args_.state_layout = conventions.state_layout;
  args_.norm_epsilon = static_cast<float>(conventions.norm_epsilon);
  args_.scale = static_cast<float>(conventions.scale);
  args_.num_snapshots = conventions.num_snapshots;
}

void CpuCall::SetInputs() {
  const Layout layout = call_.conventions.layout;
  query_ = WithUnitStride(call_.query);
  key_ = WithUnitStride(call_.key);
  value_ = WithUnitStride(call_.value);
  args_.data_type =
      query_.scalar_type() == at::kBFloat16 ? DataType::kBFloat16 : DataType::kFloat32;
  args_.query = {query_.const_data_ptr(), TokenStrides(query_, layout)};
  args_.key = {key_.const_data_ptr(), TokenStrides(key_, layout)};
  args_.value = {value_.const_data_ptr(), TokenStrides(value_, layout)};
  args_.decay = {call_.decay.const_data_ptr<float>(), TokenStrides(call_.decay, layout)};
  args_.beta = {call_.beta.const_data_ptr<float>(), TokenStrides(call_.beta, layout)};
  if (call_.cu_seqlens != nullptr) {
    cu_seqlens_ = call_.cu_seqlens->contiguous();
    args_.cumulative_lengths = cu_seqlens_.const_data_ptr<int64_t>();
  }
}

void CpuCall::SetStates() {
  final_state_ = results_.final_state;
  if (InPlace()) {
    // A state that lies transposed in memory is what the other layout describes.
    if (!HasUnitStride(final_state_, -1) && HasUnitStride(final_state_, -2) &&
        args_.num_snapshots == 0) {
      final_state_ = final_state_.transpose(-1, -2);
      args_.state_layout = args_.state_layout == StateLayout::kKeyMajor ? StateLayout::kValueMajor
                                                                        : StateLayout::kKeyMajor;
    }
    final_state_ = WithUnitStride(final_state_);
    initial_state_ = final_state_;
  } else if (call_.state != nullptr) {
    initial_state_ = WithUnitStride(*call_.state);
  }
  // Asked for first: a copy-on-write tensor moves when it is to be written.
  args_.final_state = {static_cast<float*>(final_state_.mutable_data_ptr()),
                       StateStridesOf(final_state_)};
  if (initial_state_.defined()) {
    args_.initial_state = {initial_state_.const_data_ptr<float>(), StateStridesOf(initial_state_)};
  }
  if (args_.num_snapshots > 0) {
    args_.snapshots = {static_cast<float*>(results_.snapshots->mutable_data_ptr()),
                       StateStridesOf(*results_.snapshots)};
    args_.snapshot_stride = results_.snapshots->stride(1);
  }
}

void CpuCall::SetOutput() {
  output_ = HasUnitStride(results_.output, -1) ? results_.output : StandIn(results_.output);
  args_.output = {output_.mutable_data_ptr(), TokenStrides(output_, call_.conventions.layout)};
}

// The kernel would find most of this too, but it can't name both tensors and doesn't see those
// that a copy stands in for.
void CpuCall::CheckApart(const char* name, const at::Tensor& written, const char* other_name,
                         const at::Tensor& other) const {
  TORCH_CHECK(!Overlap(written, other), call_.op, ": ", name,
              ": expected memory of its own, found that it shares memory with ", other_name);
}

void CpuCall::CheckWritten(const char* name, const at::Tensor& written) const {
  TORCH_CHECK(!MayOverlapItself(written), call_.op, ": ", name,
              ": expected strides that give each element a place of its own, found strides ",
              written.strides(), " of shape ", written.sizes());
  CheckApart(name, written, "query", call_.query);
  CheckApart(name, written, "key", call_.key);
  CheckApart(name, written, "value", call_.value);
  CheckApart(name, written, call_.decay_name, call_.decay);
  CheckApart(name, written, "beta", call_.beta);
  if (call_.cu_seqlens != nullptr) CheckApart(name, written, "cu_seqlens", *call_.cu_seqlens);
}

void CpuCall::Check() const {
  if (InPlace()) CheckWritten(call_.state_name, results_.final_state);
  if (owner_ == OutputOwner::kCaller) {
    CheckWritten("out", results_.output);
    if (call_.state != nullptr) {
      CheckApart("out", results_.output, call_.state_name, *call_.state);
    }
  }
  ThrowIfError(call_, ValidateGatedDeltaRule(args_));
}

void CpuCall::Run() {
  Check();
  // Throws, before anything is written, for a tensor that may not be written (made in inference
  // mode and used outside of it).
  if (InPlace()) results_.final_state.unsafeGetTensorImpl()->bump_version();
  if (owner_ == OutputOwner::kCaller) {
    results_.output.unsafeGetTensorImpl()->bump_version();
  }
  AtenParallelFor threads;
  ThrowIfError(call_, GatedDeltaRule(args_, ThreadWorkspace(threads.NumThreads()), threads));
  if (!output_.is_same(results_.output)) results_.output.copy_(output_);
  if (InPlace() && !final_state_.is_alias_of(results_.final_state)) {
    results_.final_state.copy_(final_state_);
  }
}

}  // namespace

void CheckOnCpu(const Call& call, const Results& results, OutputOwner owner) {
  CpuCall(call, results, owner).Check();
}

void RunOnCpu(const Call& call, const Results& results, OutputOwner owner) {
  CpuCall(call, results, owner).Run();
}

}  // namespace deltagauge::torch_ops
