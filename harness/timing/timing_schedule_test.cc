#include "harness/timing/timing_schedule.h"

#include <numeric>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(PlanSampleTest, TenMillisecondsInAtLeastThreeCalls) {
  const TimingPolicy policy;
  EXPECT_EQ(PlanSample(50e3, 50e3, policy).calls, 200);
  EXPECT_EQ(PlanSample(1e6, 1e6, policy).calls, 10);
  EXPECT_EQ(PlanSample(4e6, 4e6, policy).calls, 3);
  EXPECT_EQ(PlanSample(2e9, 2e9, policy).calls, 3);
}

TEST(PlanSampleTest, TheSlowerArmHasNoMoreThanFiftyMilliseconds) {
  const TimingPolicy policy;
  EXPECT_EQ(PlanSample(1e6, 3e6, policy).calls, 10);  // 10 and 30 ms
  EXPECT_EQ(PlanSample(1e6, 10e6, policy).calls, 5);  // 5 and 50 ms
  EXPECT_EQ(PlanSample(10e6, 1e6, policy).calls, 5);  // whichever arm it is
  EXPECT_EQ(PlanSample(1e6, 100e6, policy).calls, 3);
}

TEST(PlanSampleTest, ShortRunsAreTimedTogether) {
  const SamplePlan plan = PlanSample(500, 500, TimingPolicy());
  EXPECT_EQ(plan.runs, 40);
  EXPECT_EQ(plan.calls, 500);
  EXPECT_LE(PlanSample(0, 0, TimingPolicy()).runs, 20'000);
}

TEST(QuadSecondsTest, CountsTheShareOfTheSameQuads) {
  EXPECT_DOUBLE_EQ(QuadSeconds(1e9, 2e9, 0, {.calls = 3, .runs = 1}), 24);
  EXPECT_DOUBLE_EQ(QuadSeconds(0, 0, 1e9, {.calls = 3, .runs = 1}), 18);
}

// 1 ms: 60 ms a quad.
TEST(PlanTimingTest, LooksAtThirtyQuadsFirst) {
  const TimingSchedule schedule = PlanTiming(1e6, 1e6, 0, 12.01, TimingPolicy());
  EXPECT_THAT(schedule.looks, ElementsAre(30, 56, 106, 200));
  EXPECT_DOUBLE_EQ(schedule.look_confidence, 0.9875);
  EXPECT_THAT(schedule.notes, IsEmpty());
}

TEST(PlanTimingTest, FewerLooksWhereThereIsLessTime) {
  EXPECT_THAT(PlanTiming(1e6, 1e6, 0, 2.41, TimingPolicy()).looks, ElementsAre(40));
  EXPECT_THAT(PlanTiming(1e6, 1e6, 0, 3.01, TimingPolicy()).looks, ElementsAre(30, 50));
  EXPECT_DOUBLE_EQ(PlanTiming(1e6, 1e6, 0, 3.01, TimingPolicy()).look_confidence, 0.975);
}

TEST(PlanTimingTest, LargerEffectsNeedTwentyQuads) {
  TimingPolicy policy;
  policy.min_effect = 0.05;
  EXPECT_THAT(PlanTiming(1e6, 1e6, 0, 1.81, policy).looks, ElementsAre(20, 30));
}

TEST(PlanTimingTest, NeverMoreThanThePolicyAllows) {
  const TimingSchedule schedule = PlanTiming(1e6, 1e6, 0, 1e6, TimingPolicy());
  EXPECT_THAT(schedule.looks, SizeIs(4));
  EXPECT_EQ(schedule.looks.back(), 400);
}

TEST(PlanTimingTest, ShorterSamplesBeforeFewerQuads) {
  const TimingSchedule schedule = PlanTiming(1e6, 1e6, 0, 1, TimingPolicy());
  EXPECT_EQ(schedule.sample.calls, 5);  // 30 ms a quad
  EXPECT_THAT(schedule.looks, ElementsAre(33));
  EXPECT_THAT(schedule.notes, ElementsAre(HasSubstr("least of 5 instead of 10 calls")));
}

// 2 s: 36 s a quad with three calls a sample, 12 s with one.
TEST(PlanTimingTest, LongCallsKeepThreeCallsIfSixQuadsFit) {
  const TimingSchedule schedule = PlanTiming(2e9, 2e9, 0, 300, TimingPolicy());
  EXPECT_EQ(schedule.sample.calls, 3);
  EXPECT_THAT(schedule.looks, ElementsAre(8));
  EXPECT_DOUBLE_EQ(schedule.look_confidence, 0.95);
  EXPECT_THAT(schedule.notes, ElementsAre(HasSubstr("8 of 30 quads")));
}

TEST(PlanTimingTest, LongCallsGiveThatUpBeforeTheInterval) {
  const TimingSchedule schedule = PlanTiming(2e9, 2e9, 0, 80, TimingPolicy());
  EXPECT_EQ(schedule.sample.calls, 1);
  EXPECT_THAT(schedule.looks, ElementsAre(6));
  EXPECT_THAT(schedule.notes,
              ElementsAre(HasSubstr("least of 1 instead of 3 calls"), HasSubstr("6 of 30 quads")));
}

// 12 s a quad: five fit, and six need a little more.
TEST(PlanTimingTest, TheLeastForAnIntervalMayTakeAQuarterMore) {
  const TimingSchedule schedule = PlanTiming(2e9, 2e9, 0, 65, TimingPolicy());
  EXPECT_EQ(schedule.quads, 6);
  EXPECT_THAT(schedule.looks, ElementsAre(6));
  EXPECT_THAT(schedule.notes, Contains(HasSubstr("need 72.0 s instead of 65.0")));
  EXPECT_THAT(PlanTiming(2e9, 2e9, 0, 57, TimingPolicy()).looks, IsEmpty());
}

TEST(PlanTimingTest, NoLookWhereNoIntervalFits) {
  const TimingSchedule schedule = PlanTiming(2e9, 2e9, 0, 40, TimingPolicy());
  EXPECT_THAT(schedule.looks, IsEmpty());
  EXPECT_EQ(schedule.quads, 3);
  EXPECT_THAT(schedule.notes.back(), HasSubstr("3 of the 6 quads"));
}

TEST(SplitBudgetTest, EqualCasesGetEqualShares) {
  const std::vector<CaseCost> cases(4, CaseCost{.a_s = 0.001, .b_s = 0.001});
  EXPECT_THAT(SplitBudget(40, cases, TimingPolicy()), Each(DoubleNear(10, 1e-9)));
  EXPECT_THAT(SplitBudget(1, cases, TimingPolicy()), Each(DoubleNear(0.25, 1e-9)));
}

TEST(SplitBudgetTest, LongCasesGetMoreOnceShortOnesHaveEnough) {
  const std::vector<CaseCost> cases = {{.a_s = 0.001, .b_s = 0.001}, {.a_s = 1, .b_s = 1}};
  const double need = NeededSeconds(cases[0], TimingPolicy());
  EXPECT_NEAR(need, 2 * (1 + 30 * 0.06), 1e-9);
  const std::vector<double> shares = SplitBudget(100, cases, TimingPolicy());
  EXPECT_NEAR(shares[0], need, 1e-9);
  EXPECT_NEAR(shares[1], 100 - need, 1e-9);
}

TEST(SplitBudgetTest, OrderDoesNotMatterAndNothingIsLost) {
  const std::vector<CaseCost> cases = {
      {.a_s = 1, .b_s = 2}, {}, {.a_s = 0.05, .b_s = 0.1}, {.a_s = 5e-5, .b_s = 1e-4}};
  const std::vector<double> shares = SplitBudget(60, cases, TimingPolicy());
  EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 60, 1e-9);
  EXPECT_GT(shares[0], shares[3]);
  const std::vector<CaseCost> reversed(cases.rbegin(), cases.rend());
  const std::vector<double> reversed_shares = SplitBudget(60, reversed, TimingPolicy());
  for (size_t i = 0; i < cases.size(); ++i) EXPECT_NEAR(shares[i], reversed_shares[3 - i], 1e-9);
}

TEST(SplitBudgetTest, NoCases) { EXPECT_THAT(SplitBudget(60, {}, TimingPolicy()), IsEmpty()); }

// A target needs no confirmation.
TEST(NeededSecondsTest, RegressionsAreMeasuredTwice) {
  const TimingPolicy policy;
  const double twice = NeededSeconds({.a_s = 0.01, .b_s = 0.02}, policy);
  EXPECT_DOUBLE_EQ(NeededSeconds({.a_s = 0.01, .b_s = 0.02, .has_target = true}, policy),
                   twice / 2);
}

// z = 1.96 at 95 % and 2.58 at 99 %: 1.73 times as many quads.
TEST(NeededSecondsTest, AStricterIntervalNeedsMoreQuads) {
  TimingPolicy policy;
  policy.warm_up_s = 0;
  const double need = NeededSeconds({.a_s = 1e-4, .b_s = 1e-4}, policy);
  policy.confidence = 0.99;
  EXPECT_NEAR(NeededSeconds({.a_s = 1e-4, .b_s = 1e-4}, policy) / need, 1.73, 0.1);
}

TEST(LeastSecondsTest, WarmUpAndSixQuads) {
  EXPECT_DOUBLE_EQ(LeastSeconds({.a_s = 2, .b_s = 4, .has_target = true}, TimingPolicy()),
                   3 * 2 + 3 * 4 + 6 * (4 * 2 + 2 * 4));
  EXPECT_DOUBLE_EQ(LeastSeconds({.a_s = 2, .b_s = 4}, TimingPolicy()),
                   (3 * 2 + 3 * 4 + 6 * (4 * 2 + 2 * 4)) / 0.6);
}

TEST(SplitBudgetTest, LongCallsGetTheLeastThatTheyNeed) {
  const CaseCost slow = {.a_s = 3, .b_s = 5, .has_target = true};
  const CaseCost half = {.a_s = 1.5, .b_s = 2.5, .has_target = true};
  const double least = LeastSeconds(slow, TimingPolicy());
  const std::vector<CaseCost> cases = {slow, half};
  const std::vector<double> exact = SplitBudget(1.5 * least, cases, TimingPolicy());
  EXPECT_NEAR(exact[0], least, 1e-9);
  EXPECT_NEAR(exact[1], least / 2, 1e-9);
  // In proportion where it isn't enough.
  EXPECT_NEAR(SplitBudget(0.75 * least, cases, TimingPolicy())[0], least / 2, 1e-9);
}

}  // namespace
}  // namespace deltagauge
