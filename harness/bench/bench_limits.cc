#include "harness/bench/bench_limits.h"

#include <algorithm>
#include <cmath>

#include "harness/bench/bench_limit_calls.h"
#include "harness/bench/bench_rounds.h"
#include "harness/bench/bench_statistics.h"

namespace deltagauge {
namespace {

constexpr int kMinRepetitions = 5;
// Long against waking up a thread, short against the budget.
constexpr double kFmaRunNs = 2e6;
// For each thread: 20 us of a fast one, 50 ms of an emulated one.
constexpr double kFmaTrialFlops = 1e6;

// Repeats until the budget is spent.
Rate Measure(TimedCall& call, double work, double budget_ns, const Clock& clock) {
  const double run_ns = WarmUp(call, budget_ns / 4, clock);
  const Entered entered(call);
  const auto runs = static_cast<int64_t>(std::ceil(kFmaRunNs / 4 / run_ns));  // of a repetition
  std::vector<double> times;
  double total = 0;
  while (times.size() < kMinRepetitions || total < budget_ns) {
    times.push_back(TimeRuns(call, std::max<int64_t>(runs, 1), clock));
    total += times.back() * static_cast<double>(std::max<int64_t>(runs, 1));
  }
  return RateOf(work, times);
}

}  // namespace

Rate RateOf(double work, std::span<const double> ns) {
  return {.best = work / (*std::min_element(ns.begin(), ns.end()) * 1e-9),
          .median = work / (Median(ns) * 1e-9),
          .repetitions = static_cast<int>(ns.size())};
}

std::vector<int> ThreadCounts(int max_threads) {
  std::vector<int> counts;
  for (int n = 1; n < max_threads; n *= 2) counts.push_back(n);
  counts.push_back(max_threads);
  return counts;
}

ThreadPool& ThreadPools::Get(int num_threads) {
  std::unique_ptr<ThreadPool>& pool = pools_[num_threads];
  if (pool == nullptr) {
    std::vector<int> cpus;
    if (static_cast<size_t>(num_threads) <= cpus_.size()) {
      cpus.assign(cpus_.begin(), cpus_.begin() + num_threads);
    }
    pool = std::make_unique<ThreadPool>(num_threads, std::move(cpus));
  }
  return *pool;
}

MachineLimits::MachineLimits(ThreadPools& pools, double budget_ns, Clock clock)
    : pools_(pools), budget_ns_(budget_ns), clock_(std::move(clock)) {}

const Rate& MachineLimits::FmaPeak(const std::string& target, int threads) {
  const auto [place, is_new] = fma_.try_emplace({target, threads});
  if (is_new) place->second = MeasureFma(target, threads);
  return place->second;
}

const Rate& MachineLimits::StreamUpdate(int64_t bytes, int threads) {
  const auto [place, is_new] = stream_.try_emplace({bytes, threads});
  if (is_new) {
    const size_t count = static_cast<size_t>(bytes) / sizeof(float);
    if (memory_.size() < count) memory_.assign(count, 1.0f);
    StreamCall call(std::span<float>(memory_).first(count), 1, pools_.Get(threads));
    place->second = Measure(call, call.BytesPerRun(), budget_ns_, clock_);
  }
  return place->second;
}

double MachineLimits::FmaDrift(const std::string& target, int threads) {
  const double before = FmaPeak(target, threads).best;
  return MeasureFma(target, threads).best / before - 1;
}

Rate MachineLimits::MeasureFma(const std::string& target, int threads) const {
  FmaCall trial(kFmaTrialFlops * threads, 1, pools_.Get(threads), target);
  const double trial_ns = WarmUp(trial, 0, clock_);
  FmaCall call(trial.FlopsPerRun() * kFmaRunNs / std::max(trial_ns, 1.0), 1, pools_.Get(threads),
               target);
  return Measure(call, call.FlopsPerRun(), budget_ns_, clock_);
}

}  // namespace deltagauge
