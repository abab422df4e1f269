#include "harness/verdict.h"

#include <vector>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

TEST(VerdictTest, TheWorstOfAllCounts) {
  EXPECT_EQ(Worse(Verdict::kPassed, Verdict::kFailed), Verdict::kFailed);
  EXPECT_EQ(Worse(Verdict::kInvalid, Verdict::kFailed), Verdict::kInvalid);
  EXPECT_EQ(Worse(Verdict::kSkipped, Verdict::kPassed), Verdict::kPassed);
  EXPECT_EQ(VerdictName(Verdict::kInconclusive), "inconclusive");
}

TEST(ExitCodeTest, OfEveryKindOfRun) {
  const auto code = [](std::vector<Verdict> verdicts) { return ExitCodeOf(verdicts); };
  EXPECT_EQ(code({Verdict::kPassed, Verdict::kSkipped, Verdict::kWaived}), kExitPass);
  EXPECT_EQ(code({Verdict::kPassed, Verdict::kFailed}), kExitCorrectness);
  EXPECT_EQ(code({Verdict::kPassed, Verdict::kInconclusive}), kExitInconclusive);
  EXPECT_EQ(code({Verdict::kFailed, Verdict::kInvalid}), kExitInvalid);
  EXPECT_EQ(code({Verdict::kInvalid, Verdict::kError}), kExitInternal);
}

TEST(ExitCodeTest, NothingCheckedIsInvalid) {
  EXPECT_EQ(ExitCodeOf({}), kExitInvalid);
  EXPECT_EQ(ExitCodeOf(std::vector<Verdict>{Verdict::kSkipped}), kExitInvalid);
}

}  // namespace
}  // namespace deltagauge
