// This machine's limits, measured when they are first asked for and then remembered.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_LIMITS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_LIMITS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/thread_pool.h"
#include "harness/bench/bench_call.h"
#include "harness/bench/bench_memory.h"

namespace deltagauge {

// Work a second over the repetitions of a measurement. The best one is what the machine can do:
// it is the limit that shares are taken of.
struct Rate {
  double best = 0;
  double median = 0;
  int repetitions = 0;
};

// `ns` are times of the same work, at least one.
Rate RateOf(double work, std::span<const double> ns);

// 1, 2, 4, ... below `max_threads`, then `max_threads`.
std::vector<int> ThreadCounts(int max_threads);

// One pool for each number of threads; idle ones sleep.
class ThreadPools {
 public:
  // Threads are pinned to the first of `cpus`. A pool of more threads than that is not pinned.
  explicit ThreadPools(std::vector<int> cpus = {}) : cpus_(std::move(cpus)) {}

  ThreadPool& Get(int num_threads);

 private:
  std::vector<int> cpus_;
  std::map<int, std::unique_ptr<ThreadPool>> pools_;
};

class MachineLimits {
 public:
  // Each measurement takes about `budget_ns`. The pools must outlive this.
  MachineLimits(ThreadPools& pools, double budget_ns, Clock clock);

  // Floating-point operations a second in multiply-adds, by name of an instruction set.
  const Rate& FmaPeak(const std::string& target, int threads);
  // Bytes a second, read and written, updating `bytes` in place over and over.
  const Rate& StreamUpdate(int64_t bytes, int threads);

  // Measures an FMA peak anew and returns by how much it differs from the remembered one: -0.05
  // if it is 5 % lower.
  double FmaDrift(const std::string& target, int threads);

 private:
  Rate MeasureFma(const std::string& target, int threads) const;

  ThreadPools& pools_;
  double budget_ns_;
  Clock clock_;
  std::map<std::pair<std::string, int>, Rate> fma_;
  std::map<std::pair<int64_t, int>, Rate> stream_;
  AlignedVector<float> memory_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_LIMITS_H_
