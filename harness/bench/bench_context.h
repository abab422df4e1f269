// What rows and targets of the benchmark are made from.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_CONTEXT_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_CONTEXT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/affinity.h"
#include "harness/bench/bench_call.h"
#include "harness/bench/bench_kernel_call.h"
#include "harness/bench/bench_limits.h"
#include "harness/bench/bench_peers.h"
#include "harness/bench/bench_problem.h"
#include "harness/bench/bench_rounds.h"

namespace deltagauge {

// The two lengths of prefill that are timed.
struct BenchLengths {
  int64_t tokens = 512;
  int64_t many_tokens = 2048;
};

struct BenchContext {
  int max_threads = 1;
  std::string target;  // the active instruction set, as its code names itself
  BenchLengths lengths;
  RoundPlan rounds;
  Clock clock;
  Pinning pinning;  // of our own threads; libtorch's and ExecuTorch's run where they like
  ThreadPools pools;
  std::unique_ptr<MachineLimits> limits;  // over `pools` and `clock`
  std::unique_ptr<Peers> peers;

  std::vector<int> OneAndAllThreads() const {
    return max_threads == 1 ? std::vector<int>{1} : std::vector<int>{1, max_threads};
  }

  std::unique_ptr<KernelCall> MakeKernelCall(const BenchProblem& problem, int threads,
                                             const std::string& forced_target = "") {
    return std::make_unique<KernelCall>(problem, MakeBenchData(problem), pools.Get(threads),
                                        forced_target);
  }
  std::unique_ptr<TimedCall> MakePeerCall(Peer peer, const BenchProblem& problem,
                                          int threads) const {
    return peers->Make(peer, problem, MakeBenchData(problem), threads);
  }
};

// Decode is timed on the states of one layer, which stay in a cache, and of as many layers as make
// pools of 25 and 100 MB (H = 16, K = V = 128: 1 MiB a layer).
inline constexpr int64_t kLayersInCache = 1;
inline constexpr int64_t kLayersOf25Megabytes = 24;
inline constexpr int64_t kLayersOf100Megabytes = 96;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_CONTEXT_H_
