#include "harness/timing/timing_experiment_run.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "harness/base/thread_pool.h"
#include "harness/bench/bench_kernel_call.h"
#include "harness/bench/bench_problem.h"
#include "harness/timing/timing_control.h"
#include "harness/timing/timing_engine.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

constexpr int64_t kTokens = 264;
constexpr int64_t kTokensWithPlanted = 272;
constexpr int64_t kHeads = 2;

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

BenchProblem Problem(int64_t tokens) {
  BenchProblem problem = PrefillProblem(tokens);
  problem.heads = kHeads;
  problem.input_sets = 4;
  return problem;
}

// The kernel on some tokens, counted as kTokens.
class SubjectCall final : public TimedCall {
 public:
  SubjectCall(int64_t tokens, ThreadPool& pool)
      : problem_(Problem(tokens)), data_(MakeBenchData(problem_)), pool_(pool) {
    LayOut();
  }

  // Somewhere else in memory: the old place is given back only afterwards.
  void LayOut() { kernel_ = std::make_unique<KernelCall>(problem_, data_, pool_); }

  std::string Name() const override { return kernel_->Name(); }
  double UnitsPerRun() const override { return TokenHeadsPerRun(Problem(kTokens)); }
  void Enter() override { kernel_->Enter(); }
  void Leave() override { kernel_->Leave(); }
  void Run() override { kernel_->Run(); }
  std::string Defect() const override { return kernel_->Defect(); }

 private:
  BenchProblem problem_;
  BenchData data_;
  ThreadPool& pool_;
  std::unique_ptr<KernelCall> kernel_;
};

}  // namespace

ExperimentRun RunExperiment(const std::string& series, PlantedWork planted, uint64_t seed,
                            double budget_s) {
  const bool has_planted = planted == PlantedWork::kThreePercent;
  ThreadPool pool(1);
  SubjectCall a(has_planted ? kTokensWithPlanted : kTokens, pool);
  SubjectCall b(kTokens, pool);
  SubjectCall second_a(has_planted ? kTokensWithPlanted : kTokens, pool);
  ControlCall control;
  TimingPolicy policy;
  policy.seed = seed;
  policy.warm_up_s = 0.1;  // the protocol's 0.5 s would be half of such a short run
  TimingRequest request;
  request.a = &a;
  request.b = &b;
  request.same = &second_a;
  request.control = &control;
  request.hooks.renew = [&] {
    for (SubjectCall* call : {&a, &b, &second_a}) call->LayOut();
  };
  const TimingResult result = MeasureTiming(request, policy, budget_s, SteadyNanoseconds);
  return {.series = series,
          .planted = has_planted ? 0.03 : 0,
          .seed = seed,
          .verdict = result.verdict,
          .outcome = result.outcome,
          .speedup = result.speedup.point,
          .ci_lo = result.speedup.ci_lo,
          .ci_hi = result.speedup.ci_hi,
          .quads = result.n,
          .aa_floor = result.noise.aa_floor,
          .control_ratio = result.noise.control_ratio,
          .spent_s = result.spent_s};
}

std::string ExperimentSubject() {
  return fmt::format("fused kernel, {}, {} tokens, {} heads, 1 thread", ActiveTarget(), kTokens,
                     kHeads);
}

void MakeLoad(double seconds, uint64_t seed) {
  const int64_t end = SteadyNanoseconds() + static_cast<int64_t>(1e9 * seconds);
  std::mt19937_64 random(seed);
  const auto next_ns = [&random] {
    return static_cast<int64_t>(1'000'000 + random() % 39'000'000);
  };
  while (SteadyNanoseconds() < end) {
    const int64_t busy_until = SteadyNanoseconds() + next_ns();
    while (SteadyNanoseconds() < busy_until) {
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(next_ns()));
  }
}

}  // namespace deltagauge
