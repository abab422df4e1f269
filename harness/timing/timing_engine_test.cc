#include "harness/timing/timing_engine.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/timing/timing_simulator.h"

namespace deltagauge {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A and B of 1 ms, unless told otherwise.
class TimingEngineTest : public ::testing::Test {
 protected:
  TimingEngineTest() { policy_.warm_up_s = 0.02; }

  TimingResult Measure(double budget_s) {
    return MeasureTiming({.a = a_,
                          .b = b_,
                          .same = same_a_,
                          .control = control_,
                          .hooks = hooks_,
                          .limits = limits_},
                         policy_, budget_s, machine_.clock());
  }

  SimulatedMachine machine_{SimulatedNoise::kWhite, 1};
  SimulatedCall fast_{machine_, "fast", 1e6, 512};
  SimulatedCall slow_{machine_, "slow", 1.5e6, 512};
  SimulatedCall same_{machine_, "same", 1e6, 512};
  SimulatedCall undisturbed_{machine_, "control", 4e5};
  TimedCall* a_ = &fast_;
  TimedCall* b_ = &same_;
  TimedCall* same_a_ = nullptr;
  TimedCall* control_ = &undisturbed_;
  TimingHooks hooks_;
  TimingLimits limits_;
  TimingPolicy policy_;
};

TEST_F(TimingEngineTest, EqualCallsPassAtTheFirstLook) {
  const TimingResult result = Measure(60);
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_EQ(result.outcome, TimingOutcome::kEquivalent);
  EXPECT_EQ(result.n, 30);
  EXPECT_EQ(result.noise.n_aa, 15);
  EXPECT_THAT(result.order, SizeIs(45));
  EXPECT_EQ(std::count(result.order.begin(), result.order.end(), "AAAA"), 15);
  EXPECT_EQ(result.calls_per_sample, 10);
  EXPECT_THAT(result.a.samples_ns, SizeIs(60));
  EXPECT_TRUE(result.a.warmed_up);
  EXPECT_EQ(result.a.name, "fast");
  EXPECT_EQ(result.a.units_per_run, 512);
  EXPECT_NEAR(result.a.units_per_second, 512e3, 5e3);
  EXPECT_THAT(result.reason, IsEmpty());
  EXPECT_THAT(result.speedup.method, HasSubstr("look 1 of 4"));
  EXPECT_FALSE(result.confirmation.has_value());
  EXPECT_LT(result.spent_s, 4);
}

TEST_F(TimingEngineTest, ARegressionIsConfirmed) {
  a_ = &slow_;
  int renewed = 0;
  hooks_.renew = [&] { ++renewed; };
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_EQ(result.outcome, TimingOutcome::kRegression);
  EXPECT_EQ(renewed, 15 + 1 + 15);  // after every third quad, and between the measurements
  ASSERT_TRUE(result.confirmation.has_value());
  EXPECT_EQ(result.confirmation->outcome, TimingOutcome::kRegression);
  EXPECT_EQ(result.confirmation->n, 30);
  EXPECT_NEAR(result.confirmation->speedup.point, 1 / 1.5, 0.01);
  EXPECT_NE(result.confirmation->speedup.point, result.speedup.point);
}

// The confirmation throws its own coins.
TEST_F(TimingEngineTest, AConfirmationHasAnOrderOfItsOwn) {
  class LoggedCall final : public SimulatedCall {
   public:
    LoggedCall(SimulatedMachine& machine, const std::string& name, double run_ns, std::string* log)
        : SimulatedCall(machine, name, run_ns), log_(log) {}
    void Enter() override { *log_ += Name(); }

   private:
    std::string* log_;
  };
  std::string log;
  LoggedCall slow(machine_, "a", 1.5e6, &log);
  LoggedCall fast(machine_, "b", 1e6, &log);
  a_ = &slow;
  b_ = &fast;
  ASSERT_EQ(Measure(20).verdict, Verdict::kFailed);
  const std::string first = log.substr(0, log.size() / 2);
  const std::string second = log.substr(log.size() / 2);
  EXPECT_EQ(std::count(first.begin(), first.end(), 'b'),
            std::count(second.begin(), second.end(), 'b'));
  EXPECT_NE(first, second);
}

// What made A slow lay in the memory that the first measurement used.
TEST_F(TimingEngineTest, ARegressionThatGoesAwayIsNone) {
  a_ = &slow_;
  int renewed = 0;
  hooks_.renew = [&] {
    if (++renewed == 16) slow_.set_run_ns(1e6);
  };
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.reason, HasSubstr("not when measured again"));
  EXPECT_EQ(result.outcome, TimingOutcome::kUndecided);
  EXPECT_EQ(result.confirmation->outcome, TimingOutcome::kEquivalent);
}

TEST_F(TimingEngineTest, ARegressionWithoutTimeToConfirmIsNone) {
  a_ = &slow_;
  int renewed = 0;
  hooks_.renew = [&] {
    if (++renewed == 16) slow_.set_run_ns(1.5e9);
  };
  const TimingResult result = Measure(6);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
}

TEST_F(TimingEngineTest, Targets) {
  b_ = &slow_;
  policy_.target = 1.3;
  EXPECT_EQ(Measure(10).verdict, Verdict::kPassed);
  EXPECT_EQ(Measure(10).outcome, TimingOutcome::kTargetMet);
  policy_.target = 1.6;
  EXPECT_EQ(Measure(10).verdict, Verdict::kFailed);
  EXPECT_EQ(Measure(10).outcome, TimingOutcome::kTargetMissed);
}

// A second A that is slower than the first: where A lies in memory matters, and so may where B
// does.
TEST_F(TimingEngineTest, WhatTheSecondAShowsIsTheFloor) {
  SimulatedCall second_a(machine_, "fast", 1.04e6, 512);
  same_a_ = &second_a;
  const TimingResult result = Measure(6);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_NEAR(result.noise.aa_floor, 0.04, 0.005);
  EXPECT_THAT(result.reason, HasSubstr("differs from itself"));
  EXPECT_EQ(std::count(result.order.begin(), result.order.end(), "AAAA"), result.noise.n_aa);
}

// Each layout is good for one arm or the other by 3 %: the median of many is near the truth, and
// the interval is as wide as their spread makes it.
TEST_F(TimingEngineTest, RenewingTurnsALayoutsBiasIntoNoise) {
  int layout = 0;
  constexpr uint64_t kCoins = 0x9b1f2e6d5c3a7048u;
  hooks_.renew = [&] { same_.set_run_ns((kCoins >> (++layout % 64) & 1) != 0 ? 1.03e6 : 0.97e6); };
  same_.set_run_ns(1.03e6);
  const TimingResult result = Measure(20);
  EXPECT_NE(result.verdict, Verdict::kFailed);
  EXPECT_LT(result.speedup.ci_lo, 1);
  EXPECT_GT(result.speedup.ci_hi, 1);
}

TEST_F(TimingEngineTest, RenewingTakesItsShareOfTheTime) {
  int renewed = 0;
  hooks_.renew = [&] {
    ++renewed;
    machine_.Pass(200e6);
  };
  EXPECT_EQ(Measure(30).verdict, Verdict::kPassed);
  EXPECT_GE(renewed, 1);
  EXPECT_LE(renewed, 4);
}

// An undecidable question goes on until the budget is spent, and no longer.
TEST_F(TimingEngineTest, UndecidedUsesTheBudget) {
  b_ = &slow_;
  policy_.target = 1.5;
  policy_.seed = 3;  // one that isn't among the few that decide by chance
  const TimingResult result = Measure(10);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.reason, HasSubstr("on both sides of 1.5"));
  EXPECT_GT(result.n, 90);
  EXPECT_GT(result.spent_s, 9);
  EXPECT_LT(result.spent_s, 10.2);
  EXPECT_THAT(result.speedup.method, HasSubstr("look 4 of 4"));
}

TEST_F(TimingEngineTest, LongCalls) {
  fast_.set_run_ns(2e9);
  slow_.set_run_ns(4e9);
  b_ = &slow_;
  policy_.target = 1.3;
  const TimingResult result = Measure(400);
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_EQ(result.calls_per_sample, 3);
  EXPECT_GE(result.n, 6);
  EXPECT_LT(result.spent_s, 500);
  EXPECT_THAT(result.notes, Contains(HasSubstr("of 30 quads fit")));
}

TEST_F(TimingEngineTest, LongCallsAndNoTimeGiveANumberButNoVerdict) {
  fast_.set_run_ns(2e9);
  slow_.set_run_ns(4e9);
  b_ = &slow_;
  policy_.target = 1.3;
  const TimingResult result = Measure(60);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.reason, HasSubstr("quads that an interval needs"));
  EXPECT_GT(result.n, 0);
  EXPECT_NEAR(result.speedup.point, 2, 0.1);
  EXPECT_LT(result.speedup.level, 0.95);
}

TEST_F(TimingEngineTest, ShortCalls) {
  fast_.set_run_ns(50e3);
  same_.set_run_ns(50e3);
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_GT(result.calls_per_sample, 150);
}

// Both arms must use one input set in a quad, and each set comes early.
TEST_F(TimingEngineTest, QuadsAreNumberedAndVerified) {
  std::vector<int> selected;
  int verified = 0;
  hooks_.select_inputs = [&](int quad) { selected.push_back(quad); };
  hooks_.verify = [&] {
    ++verified;
    return std::string();
  };
  EXPECT_EQ(Measure(20).verdict, Verdict::kPassed);
  ASSERT_THAT(selected, SizeIs(45));
  for (size_t i = 0; i < selected.size(); ++i) EXPECT_EQ(selected[i], static_cast<int>(i));
  EXPECT_EQ(verified, 45);
}

// Each takes as long as a quad: a tenth of the time allows few of them.
TEST_F(TimingEngineTest, VerifyingTakesItsShareOfTheTime) {
  int verified = 0;
  hooks_.verify = [&] {
    ++verified;
    machine_.Pass(100e6);
    return std::string();
  };
  const TimingResult result = Measure(30);
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_GE(verified, 4);
  EXPECT_LE(verified, 12);
}

TEST_F(TimingEngineTest, WrongOutputsEndIt) {
  int quads = 0;
  hooks_.verify = [&] { return ++quads == 3 ? std::string("outputs differ by 3e-2") : ""; };
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_THAT(result.reason, HasSubstr("quad 3 computed something wrong: outputs differ by 3e-2"));
  EXPECT_LE(result.n, 2);
}

class DefectiveCall final : public SimulatedCall {
 public:
  DefectiveCall(SimulatedMachine& machine, int good_runs)
      : SimulatedCall(machine, "defective", 1e6), good_runs_(good_runs) {}
  std::string Defect() const override {
    return runs() > good_runs_ ? "output 1 holds NaN at element 7" : "";
  }

 private:
  int good_runs_;
};

TEST_F(TimingEngineTest, ADefectEndsIt) {
  DefectiveCall defective(machine_, 200);
  b_ = &defective;
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_THAT(result.reason, HasSubstr("defective: output 1 holds NaN at element 7"));
}

class ThrowingCall final : public SimulatedCall {
 public:
  using SimulatedCall::SimulatedCall;
  void Run() override { throw std::runtime_error("out of memory"); }
};

TEST_F(TimingEngineTest, AnExceptionIsAnError) {
  ThrowingCall throwing(machine_, "throwing", 1e6);
  b_ = &throwing;
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kError);
  EXPECT_EQ(result.reason, "out of memory");
}

TEST_F(TimingEngineTest, Cancelled) {
  int quads = 0;
  hooks_.cancelled = [&] { return ++quads == 10; };
  const TimingResult result = Measure(20);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.reason, "interrupted");
  EXPECT_THAT(result.order, SizeIs(10));
}

// Work that never calls the arms is slower after B: B heats the machine, or A cools it.
TEST_F(TimingEngineTest, AControlThatFollowsTheArmsInvalidates) {
  class FollowingCall final : public SimulatedCall {
   public:
    FollowingCall(SimulatedMachine& machine, const SimulatedCall& b)
        : SimulatedCall(machine, "control", 4e5), b_(b) {}
    void Enter() override {
      is_after_b_ = b_.runs() != runs_of_b_;
      runs_of_b_ = b_.runs();
    }
    void Run() override { machine_.Pass(is_after_b_ ? 4.2e5 : 4e5); }

   private:
    const SimulatedCall& b_;
    int runs_of_b_ = 0;
    bool is_after_b_ = false;
  };
  FollowingCall following(machine_, same_);
  control_ = &following;
  const TimingResult result = Measure(10);
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_TRUE(result.noise.contaminated);
  EXPECT_NEAR(result.noise.control_ratio, 1.05, 0.01);
  EXPECT_THAT(result.reason, HasSubstr("contaminated"));
}

TEST_F(TimingEngineTest, FasterThanTheMachineIsInvalid) {
  limits_ = {.flops_per_run = 1e9, .peak_flops_per_s = 0.9e12};
  const TimingResult result = Measure(10);
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_THAT(result.reason, HasSubstr("% of what this machine can do"));
  limits_.peak_flops_per_s = 2e12;
  EXPECT_EQ(Measure(10).verdict, Verdict::kPassed);
}

TEST_F(TimingEngineTest, CountsRuns) {
  hooks_.count_run = [](TimedCall& call) {
    return RunCounters{.instructions = call.UnitsPerRun(),
                       .cycles = {},
                       .cache_misses = {},
                       .branch_misses = {},
                       .unavailable = ""};
  };
  EXPECT_EQ(Measure(10).b.counters.instructions, 512);
}

}  // namespace
}  // namespace deltagauge
