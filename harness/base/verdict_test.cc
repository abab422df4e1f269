#include "harness/base/verdict.h"

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
  EXPECT_EQ(ExitCodeOf(std::span<const Verdict>()), kExitInvalid);
  EXPECT_EQ(ExitCodeOf(std::vector<Verdict>{Verdict::kSkipped}), kExitInvalid);
}

TEST(VerdictTest, NamesReadBack) {
  for (const char* name :
       {"skipped", "waived", "passed", "inconclusive", "failed", "invalid", "error"}) {
    ASSERT_TRUE(VerdictNamed(name).has_value()) << name;
    EXPECT_EQ(VerdictName(*VerdictNamed(name)), name);
  }
  EXPECT_FALSE(VerdictNamed("Passed").has_value());
  EXPECT_EQ(ConcernNamed("drift"), Concern::kDrift);
  EXPECT_FALSE(ConcernNamed("").has_value());
}

TEST(ExitCodeTest, AFailureSaysWhatItIsAbout) {
  EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kFailed, Concern::kCorrectness}), kExitCorrectness);
  EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kFailed, Concern::kDrift}), kExitDrift);
  EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kFailed, Concern::kPerformance}), kExitPerformance);
  for (const Concern concern : {Concern::kCorrectness, Concern::kDrift, Concern::kPerformance}) {
    EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kWaived, concern}), kExitPass);
    EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kInconclusive, concern}), kExitInconclusive);
    EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kInvalid, concern}), kExitInvalid);
    EXPECT_EQ(ExitCodeOf(JudgedConcern{Verdict::kError, concern}), kExitInternal);
  }
}

// 70 > 64 > 5 > 1 > 2 > 3 > 4 > 0, in every pair and both ways round.
TEST(ExitCodeTest, PrecedenceOfEveryPair) {
  const std::vector<ExitCode> order = {kExitInternal,     kExitUsage, kExitInvalid,
                                       kExitCorrectness,  kExitDrift, kExitPerformance,
                                       kExitInconclusive, kExitPass};
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t k = i; k < order.size(); ++k) {
      EXPECT_EQ(MoreSevere(order[i], order[k]), order[i]);
      EXPECT_EQ(MoreSevere(order[k], order[i]), order[i]);
    }
  }
}

TEST(ExitCodeTest, TheMostSeverePartCounts) {
  const auto code = [](std::vector<JudgedConcern> parts) { return ExitCodeOf(parts); };
  const JudgedConcern passed = {Verdict::kPassed, Concern::kCorrectness};
  const JudgedConcern wrong = {Verdict::kFailed, Concern::kCorrectness};
  const JudgedConcern drifts = {Verdict::kFailed, Concern::kDrift};
  const JudgedConcern slow = {Verdict::kFailed, Concern::kPerformance};
  const JudgedConcern unclear = {Verdict::kInconclusive, Concern::kPerformance};
  EXPECT_EQ(code({passed, unclear, slow}), kExitPerformance);
  EXPECT_EQ(code({slow, drifts, unclear}), kExitDrift);
  EXPECT_EQ(code({slow, drifts, wrong, unclear}), kExitCorrectness);
  EXPECT_EQ(code({wrong, {Verdict::kInvalid, Concern::kPerformance}}), kExitInvalid);
  EXPECT_EQ(code({{Verdict::kSkipped, Concern::kDrift}, {Verdict::kSkipped, Concern::kDrift}}),
            kExitInvalid);
  EXPECT_EQ(code({{Verdict::kSkipped, Concern::kDrift}, passed}), kExitPass);
}

}  // namespace
}  // namespace deltagauge
