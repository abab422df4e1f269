#include "harness/bench/bench_kernel_call.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/thread_pool.h"
#include "harness/bench/bench_results.h"
#include "kernels/targets.h"
#include "reference/recurrence.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

BenchProblem SmallProblem() {
  BenchProblem problem;
  problem.tokens = 13;
  problem.heads = 3;
  problem.key_dim = 16;
  problem.value_dim = 32;
  return problem;
}

std::vector<float> Truth(const BenchProblem& p, const BenchInputs& inputs,
                         const std::vector<float>& state) {
  const reference::RecurrenceInputs<float> view = {
      .shape = {p.sequences, p.tokens, p.heads, p.heads, p.key_dim, p.value_dim},
      .query = inputs.query,
      .key = inputs.key,
      .value = inputs.value,
      .log_decay = inputs.log_decay,
      .beta = inputs.beta,
      .initial_state = state};
  return reference::RunRecurrent(view).output;
}

TEST(KernelCallTest, ComputesTheProblem) {
  ThreadPool pool(2);
  for (const int64_t sequences : {1, 2}) {
    BenchProblem problem = SmallProblem();
    problem.sequences = sequences;
    problem.gates = BenchGates::kResetToken;
    const BenchData data = MakeBenchData(problem);
    KernelCall call(problem, data, pool);
    call.Enter();
    call.Run();
    call.Leave();
    EXPECT_EQ(call.Defect(), "");
    EXPECT_EQ(call.Name(), std::string(ActiveTarget()) + ", 2 threads");
    EXPECT_LT(
        RelativeRmsDifference(call.Output(), Truth(problem, data.sets[0], data.initial_state)),
        1e-5);
  }
}

TEST(KernelCallTest, GoesThroughItsSets) {
  ThreadPool pool(1);
  const BenchProblem problem = SmallProblem();
  const BenchData data = MakeBenchData(problem);
  KernelCall call(problem, data, pool);
  call.Run();
  const std::vector<float> first(call.Output().begin(), call.Output().end());
  call.Run();
  EXPECT_GT(RelativeRmsDifference(call.Output(), first), 0.1);
  EXPECT_EQ(call.UnitsPerRun(), 13 * 3);
}

// The outputs that lie otherwise are not offered for comparison; their values are checked all the
// same.
TEST(KernelCallTest, OtherLayoutsAndTypesRun) {
  ThreadPool pool(1);
  BenchProblem problem = SmallProblem();
  problem.layout = BenchLayout::kTokenMajor;
  problem.data_type = DataType::kBFloat16;
  problem.state_layout = StateLayout::kValueMajor;
  KernelCall call(problem, MakeBenchData(problem), pool);
  EXPECT_EQ(call.Defect(), "nothing has run");
  call.Run();
  EXPECT_EQ(call.Defect(), "");
  EXPECT_TRUE(call.Output().empty());
}

TEST(KernelCallTest, OnePassOverAPoolOfStates) {
  ThreadPool pool(1);
  BenchProblem problem = DecodeProblem(3);
  problem.heads = 2;
  const BenchData data = MakeBenchData(problem);
  KernelCall call(problem, data, pool);
  const std::vector<float> before(call.States().begin(), call.States().end());
  ASSERT_EQ(before.size(), 3u * 2 * 128 * 128);
  call.Run();
  EXPECT_EQ(call.Defect(), "");
  EXPECT_EQ(call.UnitsPerRun(), 6);
  // Each state is another one's successor.
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_NE(before[i * 128 * 128], call.States()[i * 128 * 128]) << i;
  }
}

// What must not be timed.
TEST(KernelCallTest, FindsNonFiniteResults) {
  ThreadPool pool(1);
  const BenchProblem problem = SmallProblem();
  for (const int set : {0, 1}) {
    BenchData data = MakeBenchData(problem);
    // At the last token, so that it doesn't reach other outputs; one NaN in one column.
    const size_t last = data.sets[0].value.size() - 1;
    data.sets[static_cast<size_t>(set)].value[last] = NAN;
    KernelCall call(problem, data, pool);
    call.Run();
    EXPECT_EQ(call.Defect().empty(), set == 1) << "set 1 has not run yet";
    call.Run();
    EXPECT_THAT(call.Defect(), HasSubstr("output " + std::to_string(set) + " holds NaN or Inf"));
  }
}

TEST(KernelCallTest, FindsNonFiniteStates) {
  ThreadPool pool(1);
  BenchProblem problem = DecodeProblem(3);
  problem.heads = 2;
  KernelCall call(problem, MakeBenchData(problem), pool);
  call.Run();
  call.States()[5] = INFINITY;
  EXPECT_EQ(call.Defect(), "state holds NaN or Inf at element 5");
}

TEST(KernelCallTest, ForcesATargetWhileEnteredAndTellsWhatRan) {
  ThreadPool pool(1);
  const std::string best = ActiveTarget();
  const std::vector<std::string> targets = RunnableTargets();
  const std::string& last = targets.back();
  const BenchProblem problem = SmallProblem();
  KernelCall call(problem, MakeBenchData(problem), pool, last);
  {
    const Entered entered(call);
    EXPECT_EQ(ActiveTarget(), last);
    call.Run();
  }
  EXPECT_EQ(ActiveTarget(), best);
  EXPECT_EQ(call.Name(), last + ", 1 thread");
  EXPECT_EQ(call.Defect(), "");
  if (targets.size() < 2) GTEST_SKIP() << "only one target runs here";
  call.Run();  // without entering: another target runs, and that is found out
  EXPECT_EQ(call.Defect(), "target " + last + " was forced and " + best + " ran");
}

TEST(ForcedTargetTest, UnknownNamesAreTold) {
  const std::string best = ActiveTarget();
  EXPECT_THAT([] { const ForcedTarget forced("AVX9"); },
              testing::ThrowsMessage<std::invalid_argument>(
                  HasSubstr("target 'AVX9' doesn't run on this machine; expected one of " + best)));
  EXPECT_EQ(ActiveTarget(), best);
}

}  // namespace
}  // namespace deltagauge
