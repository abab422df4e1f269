// One call of a torch operator on CPU tensors: from tensors to the kernel's description and back.
//
// Every stride is accepted. A tensor is read and written where it lies if its last dimension has
// stride 1 (or size 1), and so is an in-place state whose last-but-one has. Any other input is
// copied first, and any other result is computed beside its tensor and copied into it.
#ifndef DELTAGAUGE_KERNELS_TORCH_OPS_RUN_H_
#define DELTAGAUGE_KERNELS_TORCH_OPS_RUN_H_

#include <cstdint>

#include "kernels/torch_ops_args.h"

namespace deltagauge::torch_ops {

// Where a call puts its results. Refers to tensors of the right shapes.
struct Results {
  const at::Tensor& output;
  const at::Tensor& final_state;          // call.state itself: in place
  const at::Tensor* snapshots = nullptr;  // needed if conventions.num_snapshots is not 0
};

enum class OutputOwner : uint8_t {
  kOperator,  // allocated for this call
  kCaller     // may lie anywhere
};

// Checks what only data and addresses tell. CheckInputs must have accepted the call. Writes
// nothing.
void CheckOnCpu(const Call& call, const Results& results, OutputOwner owner);

// The same checks, then the kernel on ATen's threads. Counts a new version of each tensor of the
// caller that it writes. On error nothing has been written.
void RunOnCpu(const Call& call, const Results& results, OutputOwner owner);

}  // namespace deltagauge::torch_ops

#endif  // DELTAGAUGE_KERNELS_TORCH_OPS_RUN_H_
