// How the kernel runs its tasks: the caller supplies the threads.
#ifndef DELTAGAUGE_KERNELS_PARALLEL_FOR_H_
#define DELTAGAUGE_KERNELS_PARALLEL_FOR_H_

namespace deltagauge {

// Runs independent tasks on any threads the caller likes. Results never depend on how tasks are
// spread, so an implementation may be static, dynamic or serial.
class ParallelFor {
 public:
  // `task` is in [0, num_tasks); `thread` is in [0, NumThreads()) and no two tasks that run at the
  // same moment may see the same `thread`, because it selects the workspace.
  using Task = void (*)(const void* context, int task, int thread);

  virtual ~ParallelFor() = default;
  virtual int NumThreads() const = 0;
  // Returns when every task has run. Called only from the thread that called the kernel.
  virtual void Run(int num_tasks, Task run_task, const void* context) = 0;
};

// All tasks on the calling thread.
class SerialFor final : public ParallelFor {
 public:
  int NumThreads() const override { return 1; }
  void Run(int num_tasks, Task run_task, const void* context) override {
    for (int task = 0; task < num_tasks; ++task) run_task(context, task, 0);
  }
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_PARALLEL_FOR_H_
