#include "harness/model/fused_recurrence.h"

#include <new>
#include <stdexcept>
#include <utility>

#include "harness/model/layer_args.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge {

using reference::ComputeType;
using reference::LayerCall;

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
  Float32Layer narrow(call);
  RunNative(narrow.call());
  narrow.StoreResults();
}

void FusedRecurrence::RunNative(const LayerCall& call) {
  const GatedDeltaRuleArgs args = KernelArgsOf(call);
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
