// Work at the machine's physical limits, as something that is timed beside the kernel.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_LIMIT_CALLS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_LIMIT_CALLS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/affinity.h"
#include "harness/base/thread_pool.h"
#include "harness/bench/bench_call.h"
#include "harness/bench/bench_target.h"

namespace deltagauge {

// Multiply-adds in registers, spread evenly over the threads.
class FmaCall final : public TimedCall {
 public:
  // A run does `units` times `flops_per_unit`, rounded to whole loops. `target` as in KernelCall.
  FmaCall(double units, double flops_per_unit, ThreadPool& threads, std::string target = "");

  std::string Name() const override;
  double UnitsPerRun() const override { return flops_per_run_ / flops_per_unit_; }
  double FlopsPerRun() const { return flops_per_run_; }
  void Enter() override;
  void Leave() override;
  void Run() override;
  std::string Defect() const override;

 private:
  static void RunTask(const void* context, int task, int thread);

  double flops_per_unit_;
  ThreadPool& threads_;
  std::string target_;
  std::optional<ForcedTarget> forced_;
  std::optional<PinnedThread> pinned_;
  int num_tasks_;
  int64_t iterations_per_task_ = 0;
  double flops_per_run_ = 0;
  mutable std::vector<float> sinks_;  // of each task
};

// Reads and writes memory once, each thread its own part.
class StreamCall final : public TimedCall {
 public:
  // `units` is what a run counts as. With a factor of 1 the numbers in `data` stay.
  StreamCall(std::span<float> data, double units, ThreadPool& threads, float factor = 1);

  std::string Name() const override;
  double UnitsPerRun() const override { return units_; }
  double BytesPerRun() const { return 2.0 * static_cast<double>(data_.size_bytes()); }
  void Enter() override { pinned_.emplace(threads_.CallerCpu()); }
  void Leave() override { pinned_.reset(); }
  void Run() override;
  std::string Defect() const override { return ""; }

 private:
  static void RunTask(const void* context, int task, int thread);

  std::span<float> data_;
  double units_;
  ThreadPool& threads_;
  float factor_;
  std::optional<PinnedThread> pinned_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_LIMIT_CALLS_H_
