// Our kernel, as something that is timed.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_KERNEL_CALL_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_KERNEL_CALL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/affinity.h"
#include "harness/base/thread_pool.h"
#include "harness/bench/bench_call.h"
#include "harness/bench/bench_memory.h"
#include "harness/bench/bench_problem.h"
#include "harness/bench/bench_target.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// Each call updates its state in place.
class KernelCall final : public TimedCall {
 public:
  // `data` are the inputs of `problem`. `target` is empty for the active instruction set, or one
  // to be forced while entered. `threads` must outlive this.
  KernelCall(const BenchProblem& problem, const BenchData& data, ThreadPool& threads,
             std::string target = "");

  // With the instruction set that the code which ran has reported.
  std::string Name() const override;
  double UnitsPerRun() const override { return TokenHeadsPerRun(problem_); }
  void Enter() override;
  void Leave() override;
  void Run() override;
  std::string Defect() const override;
  std::span<const float> Output() const override;

  // All states, one after the other: what a loop at the memory's speed may stream through.
  std::span<float> States() { return states_; }

 private:
  // Inputs as the problem lays them out, and the output beside them.
  struct Tensors {
    AlignedVector<std::byte> query, key, value, output;
    AlignedVector<float> decay, beta;
  };

  AlignedVector<std::byte> LayOut(const std::vector<float>& tensor, int64_t dim) const;
  AlignedVector<float> LayOutGate(const std::vector<float>& gate) const;
  Strides StridesOf(int64_t dim) const;
  GatedDeltaRuleArgs Args(size_t set, size_t state);
  std::string DefectOfOutput(size_t set) const;

  BenchProblem problem_;
  ThreadPool& threads_;
  std::string target_;
  std::optional<ForcedTarget> forced_;
  std::optional<PinnedThread> pinned_;
  std::string reported_target_;
  std::vector<Tensors> sets_;
  AlignedVector<float> states_;
  AlignedVector<std::byte> workspace_;
  std::vector<GatedDeltaRuleArgs> calls_;  // made in turn
  size_t next_call_ = 0;
  size_t calls_made_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_KERNEL_CALL_H_
