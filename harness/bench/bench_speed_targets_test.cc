#include "harness/bench/bench_speed_targets.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/bench/bench_header.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Without peers: this test is linked with bench_peers_none.cc.
class SpeedTargetsTest : public testing::Test {
 protected:
  SpeedTargetsTest() {
    context_.max_threads = 2;
    context_.target = ActiveTarget();
    context_.lengths = {.tokens = 8, .many_tokens = 12};
    context_.rounds = {.quads = 1, .batches = 1, .batch_ns = 1, .slow_ns = 1e9, .warm_up_ns = 1};
    context_.clock = SteadyNanoseconds;
    context_.limits = std::make_unique<MachineLimits>(context_.pools, 1e5, context_.clock);
    context_.peers = LoadPeers({});
  }

  BenchContext context_;
};

TEST_F(SpeedTargetsTest, AllButThePeersCanBeMeasured) {
  std::set<std::string> names;
  int measured = 0;
  for (const Comparison& comparison : SpeedTargets(context_)) {
    SCOPED_TRACE(comparison.what);
    EXPECT_TRUE(names.insert(comparison.what).second) << "named twice";
    // Whether it is reached is not for a test to say, and one round on tiny problems may even beat
    // a floor.
    Comparison what_it_runs = comparison;
    what_it_runs.possible.reset();
    const ComparisonResult result = RunComparison(what_it_runs, context_.rounds, context_.clock);
    if (result.verdict == Verdict::kSkipped) {
      EXPECT_EQ(result.reason, "built without libtorch");
      continue;
    }
    EXPECT_TRUE(result.verdict == Verdict::kPassed || result.verdict == Verdict::kFailed ||
                result.verdict == Verdict::kInconclusive)
        << VerdictName(result.verdict) << ": " << result.reason;
    EXPECT_GT(result.times.a_ns, 0);
    EXPECT_GT(result.times.b_ns, 0);
    EXPECT_NE(result.note, "");
    ++measured;
  }
  EXPECT_GE(measured, 15);
}

TEST_F(SpeedTargetsTest, OneThreadSaysWhatItCannotMeasure) {
  context_.max_threads = 1;
  std::set<std::string> reasons;
  for (const Comparison& comparison : SpeedTargets(context_)) {
    if (!comparison.absent.empty()) reasons.insert(comparison.absent);
  }
  EXPECT_THAT(reasons,
              testing::UnorderedElementsAre("built without libtorch", "this run has 1 thread"));
}

TEST_F(SpeedTargetsTest, HeaderNamesMachineAndLimits) {
  context_.pinning = {.cpus = {}, .why_not = "a test"};
  const std::string text = RenderLines(DescribeRun(context_));
  for (const char* part :
       {"CPU", "compiler", "FMA peak, 2 threads", "GFLOP/s", "stream, 25 MB", "stream, 256 MB",
        "2 at most, not pinned: a test", "eager absent: built without libtorch", "libtorch none"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, HasSubstr(context_.target + " (of "));
}

}  // namespace
}  // namespace deltagauge
