// ATen's intra-op threads and a workspace that outlives the call, for the torch operator.
#ifndef DELTAGAUGE_KERNELS_TORCH_OPS_THREADS_H_
#define DELTAGAUGE_KERNELS_TORCH_OPS_THREADS_H_

#include "kernels/gated_delta_rule.h"
#include "kernels/parallel_for.h"

namespace deltagauge::torch_ops {

// Runs tasks on the same pool as every other ATen operator: at::get_num_threads() threads, the
// calling one among them, or only that one inside a parallel region of ATen.
class AtenParallelFor final : public ParallelFor {
 public:
  AtenParallelFor();

  int NumThreads() const override { return num_threads_; }
  void Run(int num_tasks, Task run_task, const void* context) override;

 private:
  int num_threads_;
};

// Scratch for `num_threads` threads. It belongs to the calling thread, is reused by its next call,
// and grows only when a call has more threads than any before it.
Workspace ThreadWorkspace(int num_threads);

}  // namespace deltagauge::torch_ops

#endif  // DELTAGAUGE_KERNELS_TORCH_OPS_THREADS_H_
