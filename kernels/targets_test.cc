#include "kernels/targets.h"

#include <gtest/gtest.h>

#include "kernels/call_for_test.h"

namespace deltagauge {
namespace {

class Targets : public testing::Test {
 protected:
  void TearDown() override { ResetTargets(); }
};

TEST_F(Targets, TheActiveOneIsTheBest) {
  const auto targets = RunnableTargets();
  ASSERT_FALSE(targets.empty());
  EXPECT_EQ(ActiveTarget(), targets.front());
}

TEST_F(Targets, EachOneCanBeForcedAndNamesItself) {
  for (const std::string& name : RunnableTargets()) {
    ASSERT_TRUE(ForceTarget(name).ok()) << name;
    EXPECT_EQ(ActiveTarget(), name);
    CallForTest call;
    SerialFor serial;
    RunInfo info;
    ASSERT_TRUE(GatedDeltaRule(call.args, call.workspace(), serial, &info).ok());
    EXPECT_EQ(info.target, name);
    EXPECT_GT(info.num_tasks, 0);
  }
}

TEST_F(Targets, UnknownAndUncompiledNamesAreRefused) {
  const std::string before = ActiveTarget();
  // AVX3_DL: Highway 1.0.3 says that some machines support it, but it is not compiled in.
  for (const char* name : {"", "avx2", "AVX9", "AVX3_DL", "AVX2 "}) {
    EXPECT_EQ(ForceTarget(name).code, StatusCode::kUnknownTarget) << name;
    EXPECT_EQ(RefuseTarget(name).code, StatusCode::kUnknownTarget) << name;
    EXPECT_EQ(ActiveTarget(), before);
  }
}

TEST_F(Targets, RefusingLeavesTheNextBest) {
  const auto targets = RunnableTargets();
  for (size_t i = 0; i + 1 < targets.size(); ++i) {
    ASSERT_TRUE(RefuseTarget(targets[i]).ok());
    EXPECT_EQ(ActiveTarget(), targets[i + 1]);
  }
  EXPECT_EQ(RefuseTarget(targets.back()).code, StatusCode::kUnknownTarget);
  EXPECT_EQ(ActiveTarget(), targets.back());
  EXPECT_EQ(RunnableTargets(), targets);
}

TEST_F(Targets, AForcedTargetCanBeReplacedByAnother) {
  const auto targets = RunnableTargets();
  ASSERT_TRUE(ForceTarget(targets.back()).ok());
  ASSERT_TRUE(ForceTarget(targets.front()).ok());
  EXPECT_EQ(ActiveTarget(), targets.front());
}

}  // namespace
}  // namespace deltagauge
