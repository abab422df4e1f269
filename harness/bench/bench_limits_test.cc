#include "harness/bench/bench_limits.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/affinity.h"
#include "harness/bench/bench_kernel_call.h"
#include "harness/bench/bench_limit_calls.h"
#include "harness/bench/bench_problem.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(RateTest, BestAndMedian) {
  const Rate rate = RateOf(1000, std::vector<double>{4, 2, 10});
  EXPECT_DOUBLE_EQ(rate.best, 500e9);
  EXPECT_DOUBLE_EQ(rate.median, 250e9);
  EXPECT_EQ(rate.repetitions, 3);
}

TEST(ThreadCountsTest, PowersOfTwoAndAll) {
  EXPECT_THAT(ThreadCounts(1), ElementsAre(1));
  EXPECT_THAT(ThreadCounts(2), ElementsAre(1, 2));
  EXPECT_THAT(ThreadCounts(6), ElementsAre(1, 2, 4, 6));
  EXPECT_THAT(ThreadCounts(16), ElementsAre(1, 2, 4, 8, 16));
}

TEST(FmaCallTest, DoesTheWorkAskedFor) {
  ThreadPool pool(2);
  FmaCall call(1000, 98304, pool);
  EXPECT_NEAR(call.UnitsPerRun(), 1000, 1);
  EXPECT_NE(call.Defect(), "");  // nothing has run
  call.Run();
  EXPECT_EQ(call.Defect(), "");
}

TEST(FmaCallTest, WorkOfANarrowTargetIsTheSame) {
  ThreadPool pool(1);
  for (const std::string& target : RunnableTargets()) {
    EXPECT_NEAR(FmaCall(1000, 98304, pool, target).UnitsPerRun(), 1000, 1) << target;
  }
}

// Whoever times our threads pins the calling one too, and lets it go again: libtorch's threads
// would inherit its place.
TEST(PinnedCallTest, HoldsTheCallerWhileEntered) {
  const std::vector<int> allowed = AllowedCpus();
  if (allowed.empty()) GTEST_SKIP() << "this system pins no threads";
  ThreadPool pool(1, {allowed.back()});
  std::vector<float> data(16, 1.0f);
  const BenchProblem problem = DecodeProblem(1);
  FmaCall fma(1000, 1, pool);
  StreamCall stream(data, 1, pool);
  KernelCall kernel(problem, MakeBenchData(problem), pool);
  for (TimedCall* call : std::vector<TimedCall*>{&fma, &stream, &kernel}) {
    {
      const Entered entered(*call);
      EXPECT_THAT(AllowedCpus(), ElementsAre(allowed.back())) << call->Name();
    }
    EXPECT_EQ(AllowedCpus(), allowed) << call->Name();
  }
}

TEST(ThreadPoolsTest, PinPoolsThatHaveEnoughCpus) {
  ThreadPools pools({0, 1});
  EXPECT_EQ(pools.Get(1).CallerCpu(), 0);
  EXPECT_EQ(pools.Get(2).CallerCpu(), 0);
  EXPECT_EQ(pools.Get(3).CallerCpu(), std::nullopt);
  EXPECT_EQ(ThreadPools().Get(1).CallerCpu(), std::nullopt);
}

TEST(StreamCallTest, TouchesEveryElementOnce) {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const size_t size : {size_t{1}, size_t{17}, size_t{1000}}) {
      std::vector<float> data(size, 3.0f);
      StreamCall call(data, 1, pool, 2);
      call.Run();
      EXPECT_THAT(data, Each(6.0f));
      EXPECT_EQ(call.BytesPerRun(), 8.0 * static_cast<double>(size));
    }
  }
}

// A clock that a reading moves by 1 ms: no run can then look faster than that.
TEST(MachineLimitsTest, MeasuresOnceAndRemembers) {
  ThreadPools pools;
  int64_t now = 0;
  MachineLimits limits(pools, 1e7, [&now] { return now += 1'000'000; });
  const std::string target = ActiveTarget();
  const double peak = limits.FmaPeak(target, 1).best;
  EXPECT_GT(peak, 0);
  const int64_t then = now;
  EXPECT_EQ(limits.FmaPeak(target, 1).best, peak);
  EXPECT_EQ(now, then);
  EXPECT_DOUBLE_EQ(limits.FmaDrift(target, 1), 0);
  EXPECT_GT(now, then);
  // 1 MB read and written in 1 ms by this clock.
  EXPECT_DOUBLE_EQ(limits.StreamUpdate(1'000'000, 1).best, 2e9);
  EXPECT_GE(limits.StreamUpdate(1'000'000, 1).repetitions, 5);
}

}  // namespace
}  // namespace deltagauge
