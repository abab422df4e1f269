#include "harness/timing/timing_verdict.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Row {
  double low, high, floor;
  Verdict verdict;
  TimingOutcome outcome;
};

// min_effect 0.02.
TEST(JudgeNoRegressionTest, TheTable) {
  const Row rows[] = {
      {-0.05, -0.03, 0.001, Verdict::kFailed, TimingOutcome::kRegression},
      {-0.05, -0.0201, 0.001, Verdict::kFailed, TimingOutcome::kRegression},
      {-0.05, -0.02, 0.001, Verdict::kInconclusive, TimingOutcome::kUndecided},
      // A higher floor is a wider bound, and then only what is faster by more than it can pass.
      {-0.05, -0.03, 0.04, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {-0.09, -0.05, 0.04, Verdict::kFailed, TimingOutcome::kRegression},
      {-0.001, 0.001, 0.021, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {0.02, 0.6, 0.021, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {0.022, 0.6, 0.021, Verdict::kPassed, TimingOutcome::kImproved},
      {-0.01, 0.01, 0.02, Verdict::kPassed, TimingOutcome::kEquivalent},
      {-0.0199, 0.0199, 0, Verdict::kPassed, TimingOutcome::kEquivalent},
      {-0.01, 0.05, 0, Verdict::kPassed, TimingOutcome::kNotSlower},
      {0.02, 0.05, 0, Verdict::kPassed, TimingOutcome::kNotSlower},
      {0.03, 0.05, 0, Verdict::kPassed, TimingOutcome::kImproved},
      {-0.02, 0.01, 0, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {-0.03, 0.05, 0, Verdict::kInconclusive, TimingOutcome::kUndecided},
  };
  for (const Row& row : rows) {
    const TimingJudgement judgement = JudgeNoRegression({row.low, row.high}, row.floor, 0.02);
    EXPECT_EQ(judgement.verdict, row.verdict) << row.low << " " << row.high << " " << row.floor;
    EXPECT_EQ(judgement.outcome, row.outcome) << row.low << " " << row.high << " " << row.floor;
    EXPECT_EQ(judgement.reason.empty(), row.verdict == Verdict::kPassed);
  }
}

TEST(JudgeTargetTest, TheTable) {
  const double target = std::log(1.3);
  const Row rows[] = {
      {target, target + 0.1, 0, Verdict::kPassed, TimingOutcome::kTargetMet},
      {target - 1e-9, target + 0.1, 0, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {target - 0.1, target, 0, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {target - 0.1, target - 1e-9, 0, Verdict::kFailed, TimingOutcome::kTargetMissed},
      {target + 0.02, target + 0.2, 0.03, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {target + 0.04, target + 0.2, 0.03, Verdict::kPassed, TimingOutcome::kTargetMet},
      {target - 0.1, target - 0.02, 0.03, Verdict::kInconclusive, TimingOutcome::kUndecided},
      {target - 0.1, target - 0.04, 0.03, Verdict::kFailed, TimingOutcome::kTargetMissed},
  };
  for (const Row& row : rows) {
    const TimingJudgement judgement = JudgeTarget({row.low, row.high}, row.floor, 0.02, 1.3);
    EXPECT_EQ(judgement.verdict, row.verdict) << row.low << " " << row.high << " " << row.floor;
    EXPECT_EQ(judgement.outcome, row.outcome) << row.low << " " << row.high << " " << row.floor;
    EXPECT_EQ(judgement.reason.empty(), row.verdict == Verdict::kPassed);
  }
}

TEST(JudgeTimingTest, AsksWhatThePolicyAsks) {
  TimingPolicy policy;
  EXPECT_EQ(JudgeTiming({0.1, 0.2}, 0, policy).outcome, TimingOutcome::kImproved);
  policy.target = 1.3;
  EXPECT_EQ(JudgeTiming({0.1, 0.2}, 0, policy).outcome, TimingOutcome::kTargetMissed);
}

TEST(JudgeTest, ReasonsTellSpeedups) {
  EXPECT_THAT(JudgeTarget({std::log(1.1), std::log(1.2)}, 0, 0.02, 1.3).reason,
              HasSubstr("between 1.100 and 1.200, below 1.3"));
  EXPECT_THAT(JudgeNoRegression({0, 0}, std::log(1.05), 0.02).reason, HasSubstr("5.0 %"));
}

TEST(WhyInvalidTest, EachCondition) {
  TimingResult result;
  EXPECT_THAT(WhyInvalid(result), IsEmpty());
  result.noise.contaminated = true;
  result.noise.control_ratio = 1.034;
  EXPECT_THAT(WhyInvalid(result), HasSubstr("1.034"));
  result = {};
  result.noise.throttled = true;
  EXPECT_THAT(WhyInvalid(result), HasSubstr("throttled"));
  result = {};
  result.peak_share = 1.04;
  EXPECT_THAT(WhyInvalid(result), IsEmpty());
  result.peak_share = 1.06;
  EXPECT_THAT(WhyInvalid(result), HasSubstr("106 %"));
}

TEST(TimingOutcomeNameTest, AllDiffer) {
  EXPECT_EQ(TimingOutcomeName(TimingOutcome::kTargetMissed), "target missed");
  EXPECT_THAT(TimingOutcomeName(TimingOutcome::kUndecided), Not(IsEmpty()));
}

}  // namespace
}  // namespace deltagauge
