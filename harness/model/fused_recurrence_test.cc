#include "harness/model/fused_recurrence.h"

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/model/layer_call_test.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::RecurrenceShape;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::array<RecurrenceShape, 4> kShapes = {{
    {.batch = 1, .tokens = 1, .key_heads = 1, .value_heads = 1, .key_dim = 4, .value_dim = 5},
    {.batch = 2, .tokens = 7, .key_heads = 2, .value_heads = 6, .key_dim = 16, .value_dim = 24},
    {.batch = 3, .tokens = 9, .key_heads = 2, .value_heads = 2, .key_dim = 32, .value_dim = 16},
    {.batch = 1, .tokens = 70, .key_heads = 1, .value_heads = 2, .key_dim = 128, .value_dim = 128},
}};

// bfloat16 output: rounding to 8 bits gives up to 2^-9 / sqrt(3) in the mean.
double OutputLimit(ComputeType type) { return type == ComputeType::kBFloat16 ? 2.5e-3 : 2e-6; }

class FusedRecurrenceTest : public testing::TestWithParam<std::tuple<ComputeType, CallLayout>> {
 protected:
  ComputeType type() const { return std::get<0>(GetParam()); }
  CallLayout layout() const { return std::get<1>(GetParam()); }

  SerialFor serial_;
  std::unique_ptr<reference::LayerRecurrence> oracle_ = reference::MakeOracleRecurrence(1);
};

TEST_P(FusedRecurrenceTest, EqualsTheOracle) {
  FusedRecurrence fused(serial_);
  for (const RecurrenceShape& shape : kShapes) {
    SCOPED_TRACE(std::to_string(shape.tokens) + " tokens");
    const LayerProblem problem(type(), shape, layout());
    const LayerProblem::Result expected = problem.RunWith(*oracle_);
    const LayerProblem::Result found = problem.RunWith(fused);
    EXPECT_LE(RelativeError(expected.output, found.output), OutputLimit(type()));
    EXPECT_LE(RelativeError(expected.state, found.state), 2e-6);
    EXPECT_FALSE(found.damage);
  }
}

// The comparison above would find it.
TEST_P(FusedRecurrenceTest, FaultsOfTheKernelShow) {
  const LayerProblem problem(type(), kShapes[1], layout());
  const LayerProblem::Result expected = problem.RunWith(*oracle_);
  for (const KernelFunction kernel :
       {&FaultyKernel<Fault::kIgnoresNorm>, &FaultyKernel<Fault::kIgnoresScale>,
        &FaultyKernel<Fault::kReturnsZeros>, &FaultyKernel<Fault::kOutputReadsOldState>}) {
    FusedRecurrence faulty(serial_, kernel, "faulty");
    EXPECT_GT(RelativeError(expected.output, problem.RunWith(faulty).output), 0.01);
  }
}

TEST_P(FusedRecurrenceTest, LayoutChangesNoBit) {
  FusedRecurrence fused(serial_);
  const LayerProblem plain(type(), kShapes[1], CallLayout::kContiguous);
  const LayerProblem strided(type(), kShapes[1], CallLayout::kStrided);
  EXPECT_EQ(plain.RunWith(fused).output, strided.RunWith(fused).output);
  EXPECT_EQ(plain.RunWith(fused).state, strided.RunWith(fused).state);
}

INSTANTIATE_TEST_SUITE_P(
    Types, FusedRecurrenceTest,
    testing::Combine(testing::Values(ComputeType::kFloat32, ComputeType::kBFloat16,
                                     ComputeType::kFloat64),
                     testing::Values(CallLayout::kContiguous, CallLayout::kStrided)),
    [](const auto& param) {
      return std::string(NameOf(std::get<0>(param.param))) +
             (std::get<1>(param.param) == CallLayout::kStrided ? "Strided" : "Contiguous");
    });

TEST(FusedRecurrenceRefusalTest, IsARuntimeErrorThatNamesTheRecurrence) {
  SerialFor serial;
  const LayerProblem problem(ComputeType::kFloat32, kShapes[1]);
  FusedRecurrence refusing(serial, &FaultyKernel<Fault::kRefusesEverything>, "stubborn");
  EXPECT_THAT([&] { problem.RunWith(refusing); },
              testing::ThrowsMessage<std::runtime_error>(StartsWith("stubborn recurrence: ")));
  // What the kernel itself refuses comes through in its own words.
  FusedRecurrence fused(serial);
  reference::LayerCall call = problem.call();
  std::vector<float> state(problem.state().begin(), problem.state().end());
  call.state = state.data();
  call.output = nullptr;
  EXPECT_THAT([&] { fused.Run(call); },
              testing::ThrowsMessage<std::runtime_error>(
                  AllOf(StartsWith("fused recurrence: "), HasSubstr("output"))));
}

TEST(FusedRecurrenceNameTest, DescriptionNamesTheTargetOnceItRan) {
  SerialFor serial;
  FusedRecurrence fused(serial);
  EXPECT_EQ(fused.Name(), "fused");
  EXPECT_EQ(fused.Description(), "fused");
  const LayerProblem problem(ComputeType::kFloat32, kShapes[0]);
  problem.RunWith(fused);
  EXPECT_EQ(fused.Description(), "fused, " + std::string(ActiveTarget()));
  EXPECT_TRUE(fused.StateIsDouble(ComputeType::kFloat64));
  EXPECT_FALSE(fused.StateIsDouble(ComputeType::kBFloat16));
}

// ---- the workspace ----

class GrowingFor final : public ParallelFor {
 public:
  int NumThreads() const override { return threads; }
  void Run(int num_tasks, Task run_task, const void* context) override {
    for (int task = 0; task < num_tasks; ++task) run_task(context, task, task % threads);
  }
  int threads = 1;
};

std::vector<Workspace>& SeenWorkspaces() {
  static std::vector<Workspace> seen;
  return seen;
}

Status SeeWorkspace(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
                    RunInfo* info) {
  SeenWorkspaces().push_back(workspace);
  return GatedDeltaRule(args, workspace, threads, info);
}

TEST(FusedRecurrenceWorkspaceTest, GrowsWithTheThreadsAndIsKept) {
  SeenWorkspaces().clear();
  GrowingFor threads;
  FusedRecurrence fused(threads, &SeeWorkspace);
  const LayerProblem problem(ComputeType::kFloat32, kShapes[1]);
  const LayerProblem::Result expected = problem.RunWith(fused);
  for (const int count : {3, 1, 3}) {
    threads.threads = count;
    EXPECT_EQ(problem.RunWith(fused).output, expected.output);
  }
  const std::vector<Workspace>& seen = SeenWorkspaces();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_GE(seen[0].bytes, kWorkspaceBytesPerThread);
  EXPECT_GE(seen[1].bytes, 3 * kWorkspaceBytesPerThread);
  EXPECT_EQ(seen[2].data, seen[1].data);
  EXPECT_EQ(seen[3].data, seen[1].data);
  for (const Workspace& workspace : seen) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(workspace.data) % kWorkspaceAlignment, 0u);
  }
}

}  // namespace
}  // namespace deltagauge
