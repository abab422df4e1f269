// What the protocol says of a thousand simulated measurements, of which the truth is known.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/bench/bench_statistics.h"
#include "harness/timing/timing_engine.h"
#include "harness/timing/timing_schedule.h"
#include "harness/timing/timing_simulator.h"
#include "harness/timing/timing_statistics.h"

namespace deltagauge {
namespace {

// What came out, over runs with seeds 1, 2, ...
struct Counts {
  int runs = 0;
  int failed = 0;
  int improved = 0;
  int passed = 0;
  int undecided = 0;  // inconclusive or invalid
};

struct Setting {
  SimulatedNoise noise = SimulatedNoise::kWhite;
  double run_ns = 1e6;
  double budget_s = 5;
};

// Of every kind, with short calls, and the worst with long ones, of which none is undisturbed.
constexpr Setting kSettings[] = {
    {SimulatedNoise::kWhite},
    {SimulatedNoise::kDrift},
    {SimulatedNoise::kBursts},
    {SimulatedNoise::kBimodal},
    {SimulatedNoise::kModes},
    {SimulatedNoise::kLoaded},
    {.noise = SimulatedNoise::kBursts, .run_ns = 20e6, .budget_s = 30},
    {.noise = SimulatedNoise::kBimodal, .run_ns = 20e6, .budget_s = 30},
    {.noise = SimulatedNoise::kLoaded, .run_ns = 20e6, .budget_s = 30},
    {.noise = SimulatedNoise::kLoaded, .run_ns = 500e6, .budget_s = 120},
};

// Times calls against such that take `b_over_a` as long.
TimingResult MeasureOnce(const Setting& setting, uint64_t seed, double b_over_a,
                         TimingPolicy policy) {
  SimulatedMachine machine(setting.noise, seed);
  SimulatedCall a(machine, "a", setting.run_ns);
  SimulatedCall b(machine, "b", setting.run_ns * b_over_a);
  SimulatedCall control(machine, "control", 0.4e6);
  policy.seed = seed;
  policy.warm_up_s = 0.05;
  return MeasureTiming(
      {.a = &a, .b = &b, .same = nullptr, .control = &control, .hooks = {}, .limits = {}}, policy,
      setting.budget_s, machine.clock());
}

Counts Repeat(int runs, const Setting& setting, double b_over_a, const TimingPolicy& policy) {
  Counts counts{.runs = runs};
  for (int i = 1; i <= runs; ++i) {
    const TimingResult result = MeasureOnce(setting, static_cast<uint64_t>(i), b_over_a, policy);
    counts.failed += result.verdict == Verdict::kFailed;
    counts.passed += result.verdict == Verdict::kPassed;
    counts.improved += result.outcome == TimingOutcome::kImproved;
    counts.undecided +=
        result.verdict == Verdict::kInconclusive || result.verdict == Verdict::kInvalid;
  }
  return counts;
}

std::string Describe(const Setting& setting, const Counts& counts) {
  return "noise " + std::to_string(static_cast<int>(setting.noise)) + ", runs of " +
         std::to_string(1e-6 * setting.run_ns) + " ms: failed " + std::to_string(counts.failed) +
         ", passed " + std::to_string(counts.passed) + " (improved " +
         std::to_string(counts.improved) + "), undecided " + std::to_string(counts.undecided);
}

TEST(TimingSimulationTest, ACallAgainstItselfIsNeitherSlowerNorFaster) {
  for (const Setting& setting : kSettings) {
    const Counts counts = Repeat(200, setting, 1, TimingPolicy());
    SCOPED_TRACE(Describe(setting, counts));
    EXPECT_LE(counts.failed + counts.improved, 2);  // 1 %
  }
  // Where noise is mild it doesn't only not fail.
  EXPECT_GE(Repeat(100, {SimulatedNoise::kWhite}, 1, TimingPolicy()).passed, 95);
}

TEST(TimingSimulationTest, ThreePercentSlowerIsFoundAndNeverPasses) {
  for (const Setting& setting : kSettings) {
    const Counts counts = Repeat(100, setting, 1 / 1.03, TimingPolicy());
    SCOPED_TRACE(Describe(setting, counts));
    EXPECT_EQ(counts.passed, 0);
    EXPECT_EQ(counts.failed + counts.undecided, counts.runs);
  }
  EXPECT_GE(Repeat(100, {SimulatedNoise::kWhite}, 1 / 1.03, TimingPolicy()).failed, 95);
}

// The hardest target is the truth itself: each side has half of what the confidence leaves.
TEST(TimingSimulationTest, ATargetAtTheTruthIsDecidedAtMostAsOftenAsTheConfidenceAllows) {
  TimingPolicy policy;
  policy.target = 1;
  for (const Setting& setting : {Setting{SimulatedNoise::kWhite}, {SimulatedNoise::kBimodal}}) {
    const Counts counts = Repeat(200, setting, 1, policy);
    EXPECT_LE(counts.passed + counts.failed, 16) << Describe(setting, counts);  // 5 % and 2 sigma
  }
}

TEST(TimingSimulationTest, ATargetThatIsClearlyMetOrMissed) {
  TimingPolicy policy;
  policy.target = 1.3;
  EXPECT_EQ(Repeat(30, {SimulatedNoise::kWhite}, 1.5, policy).passed, 30);
  EXPECT_EQ(Repeat(30, {SimulatedNoise::kBursts}, 1.1, policy).failed, 30);
}

// White noise with a median of 0, as numbers that MeasureTiming would see.
class LogRatios {
 public:
  explicit LogRatios(uint64_t seed) : machine_(SimulatedNoise::kWhite, seed) {}
  double Next() {
    const auto excess = [this] {
      const double before = machine_.now_ns();
      machine_.Pass(1e6);
      return std::log(machine_.now_ns() - before);
    };
    const double first = excess();
    return first - excess();
  }

 private:
  SimulatedMachine machine_;
};

struct Misses {
  int any_look = 0;
  int any_look_uncorrected = 0;
};

Misses CountMisses(int runs, const std::vector<int>& looks, double look_confidence) {
  Misses misses;
  for (int run = 1; run <= runs; ++run) {
    LogRatios source(static_cast<uint64_t>(run));
    std::vector<double> values;
    bool missed = false, missed_uncorrected = false;
    for (const int look : looks) {
      while (static_cast<int>(values.size()) < look) values.push_back(source.Next());
      const auto misses_zero = [&](double confidence) {
        const Interval interval = MedianIntervalAt(values, confidence).interval;
        return interval.low > 0 || interval.high < 0;
      };
      missed |= misses_zero(look_confidence);
      missed_uncorrected |= misses_zero(0.95);
    }
    misses.any_look += missed;
    misses.any_look_uncorrected += missed_uncorrected;
  }
  return misses;
}

// The reason for the correction: without it, stopping at any of the looks is wrong too often.
TEST(TimingSimulationTest, AllLooksTogetherMissTheMedianAtMostAsOftenAsTheConfidenceAllows) {
  const TimingSchedule schedule = PlanTiming(1e6, 1e6, 1e5, 30, TimingPolicy());
  ASSERT_EQ(schedule.looks.size(), 4);
  const Misses misses = CountMisses(4000, schedule.looks, schedule.look_confidence);
  EXPECT_LT(misses.any_look, 200 + 28);  // 5 % and 2 sigma
  EXPECT_GT(misses.any_look_uncorrected, 200 + 28);
}

// Neighbours that are alike are worth fewer quads: without the correction, the interval of
// correlated values misses far too often.
TEST(TimingSimulationTest, CorrelatedValuesWidenTheInterval) {
  int misses = 0, misses_uncorrected = 0;
  constexpr int kRuns = 1000;
  for (int run = 1; run <= kRuns; ++run) {
    LogRatios source(static_cast<uint64_t>(run));
    std::vector<double> values;
    double x = source.Next();
    for (int i = 0; i < 60; ++i) {
      x = 0.6 * x + source.Next();
      values.push_back(x);
    }
    const Interval interval = MedianIntervalAt(values, 0.95).interval;
    const Interval uncorrected = MedianInterval(values);
    misses += interval.low > 0 || interval.high < 0;
    misses_uncorrected += uncorrected.low > 0 || uncorrected.high < 0;
  }
  EXPECT_LT(misses, 80);
  EXPECT_GT(misses_uncorrected, 150);
}

}  // namespace
}  // namespace deltagauge
