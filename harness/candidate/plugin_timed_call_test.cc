#include "harness/candidate/plugin_timed_call.h"

#include <limits>
#include <stdexcept>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/thread_pool.h"
#include "harness/bench/bench_kernel_call.h"
#include "harness/bench/bench_results.h"
#include "harness/candidate/candidate_test.h"

namespace deltagauge {
namespace {

BenchProblem SmallProblem() {
  BenchProblem problem = PrefillProblem(7);
  problem.heads = 3;
  problem.key_dim = 24;
  problem.value_dim = 16;
  problem.input_sets = 1;
  return problem;
}

TEST(PluginTimedCallTest, ComputesWhatOurKernelDoes) {
  const BenchProblem problem = SmallProblem();
  const BenchData data = MakeBenchData(problem);
  const Plugin plugin = LoadPlugin(DELTAGAUGE_EXAMPLE_PLUGIN);
  PluginTimedCall theirs(plugin, problem, data, 1, Trap::kNone);
  ThreadPool one_thread(1);
  KernelCall ours(problem, data, one_thread);
  EXPECT_EQ(theirs.Defect(), "nothing has run");
  ours.Run();
  theirs.Run();
  EXPECT_EQ(theirs.Defect(), "");
  EXPECT_LT(RelativeRmsDifference(theirs.Output(), ours.Output()), 1e-5);
  EXPECT_EQ(theirs.UnitsPerRun(), 21);
  EXPECT_EQ(theirs.Name(), "example 1.0, 1 thread");
  theirs.Run();  // from the same state again
  EXPECT_EQ(theirs.Defect(), "");
  EXPECT_LT(RelativeRmsDifference(theirs.Output(), ours.Output()), 1e-5);
}

TEST(PluginTimedCallTest, NonsenseIsADefect) {
  BenchData data = MakeBenchData(SmallProblem());
  data.sets[0].value[5] = std::numeric_limits<float>::infinity();
  const Plugin plugin = LoadPlugin(DELTAGAUGE_EXAMPLE_PLUGIN);
  PluginTimedCall call(plugin, SmallProblem(), data, 1, Trap::kNone);
  call.Run();
  EXPECT_THAT(call.Defect(), ::testing::HasSubstr("output holds NaN or Inf"));
}

TEST(PluginTimedCallTest, OtherTypesAndLayoutsAreRefused) {
  const Plugin plugin = LoadPlugin(DELTAGAUGE_EXAMPLE_PLUGIN);
  const BenchData data = MakeBenchData(SmallProblem());
  BenchProblem problem = SmallProblem();
  problem.layout = BenchLayout::kTokenMajor;
  EXPECT_THROW(PluginTimedCall(plugin, problem, data, 1, Trap::kNone), std::invalid_argument);
}

}  // namespace
}  // namespace deltagauge
