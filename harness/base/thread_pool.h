// Threads for the kernel: a fixed set that waits for regions of independent tasks.
#ifndef DELTAGAUGE_HARNESS_BASE_THREAD_POOL_H_
#define DELTAGAUGE_HARNESS_BASE_THREAD_POOL_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "kernels/parallel_for.h"

namespace deltagauge {

// The calling thread works too, as thread 0, so a pool of n threads starts n - 1. Tasks are claimed
// one at a time, so uneven tasks balance. Between regions the threads spin for about 50 us and then
// sleep: back-to-back regions of 100 us scale, and an idle pool costs nothing.
//
// Run may be called from one thread at a time. Tasks must not throw and must not call Run.
class ThreadPool final : public ParallelFor {
 public:
  // num_threads >= 1, the caller included. `cpus` are where the threads are to run, the caller's
  // first; empty for wherever the system puts them. The pool places its own threads, for good; the
  // caller's place is the caller's business (PinnedThread in affinity.h). Throws
  // std::invalid_argument if there is neither no CPU nor one for each thread.
  explicit ThreadPool(int num_threads, std::vector<int> cpus = {});
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int NumThreads() const override { return static_cast<int>(workers_.size()) + 1; }
  void Run(int num_tasks, Task run_task, const void* context) override;

  // Where the thread that calls Run should be; nothing if the pool isn't pinned.
  std::optional<int> CallerCpu() const {
    return cpus_.empty() ? std::nullopt : std::optional<int>(cpus_.front());
  }

 private:
  void WorkerLoop(int thread);
  void RunClaimedTasks(uint32_t region, int thread);

  // The region being run, written before ticket_ publishes it. A thread reads these only while it
  // holds a claimed task: until that task is finished, Run can't return and no next region starts.
  Task run_task_ = nullptr;
  const void* context_ = nullptr;

  // Number of the region (upper half) and its unclaimed tasks (lower half) in one word, so that a
  // thread that wakes up late can't claim a task of a region it didn't mean.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<uint32_t> unfinished_{0};
  // Number of the region again: what idle threads watch. A word of its own because waiting on it
  // must not wake at every claim.
  alignas(64) std::atomic<uint32_t> region_{0};
  std::atomic<bool> stop_{false};
  const std::vector<int> cpus_;
  std::vector<std::thread> workers_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_THREAD_POOL_H_
