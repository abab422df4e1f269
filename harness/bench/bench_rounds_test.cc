#include "harness/bench/bench_rounds.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/bench/bench_statistics.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::SizeIs;

// A clock that only the calls move, and a log of who ran.
struct World {
  double now_ns = 0;
  double speed = 1;      // of the machine
  double slow_down = 1;  // of `speed`, at each run
  std::string entered;

  Clock clock() {
    return [this] { return static_cast<int64_t>(now_ns); };
  }
};

class FakeCall final : public TimedCall {
 public:
  FakeCall(World& world, char name, double run_ns, double units = 1)
      : world_(world), name_(name), run_ns_(run_ns), units_(units) {}

  std::string Name() const override { return {name_}; }
  double UnitsPerRun() const override { return units_; }
  void Enter() override {
    world_.entered += name_;
    EXPECT_FALSE(is_entered_);
    is_entered_ = true;
  }
  void Leave() override { is_entered_ = false; }
  void Run() override {
    EXPECT_TRUE(is_entered_);
    world_.now_ns += run_ns_ / world_.speed;
    world_.speed *= world_.slow_down;
    ++runs_;
  }
  std::string Defect() const override { return ""; }
  int runs() const { return runs_; }

 private:
  World& world_;
  char name_;
  double run_ns_;
  double units_;
  bool is_entered_ = false;
  int runs_ = 0;
};

TEST(PairedRoundsTest, FindsTheRatioForAUnitOfWork) {
  World world;
  FakeCall a(world, 'a', 3e6, 3);
  FakeCall b(world, 'b', 8e6, 2);
  const Clock clock = world.clock();
  PairedRounds rounds(a, b, RoundPlan(), clock);
  rounds.Measure(5);
  const PairedSamples& samples = rounds.samples();
  EXPECT_THAT(samples.log_ratios, AllOf(SizeIs(5), Each(DoubleNear(std::log(4.0), 1e-9))));
  EXPECT_THAT(samples.same_log_ratios, AllOf(SizeIs(3), Each(DoubleNear(0, 1e-9))));
  EXPECT_THAT(samples.a_ns, AllOf(SizeIs(5 * 2 + 3 * 4), Each(DoubleNear(1e6, 1))));
  EXPECT_THAT(samples.b_ns, AllOf(SizeIs(5 * 2), Each(DoubleNear(4e6, 1))));
}

TEST(PairedRoundsTest, TakesTurnsByACoin) {
  World world;
  FakeCall a(world, 'a', 1e6);
  FakeCall b(world, 'b', 1e6);
  const Clock clock = world.clock();
  PairedRounds rounds(a, b, RoundPlan(), clock);
  EXPECT_EQ(world.entered, "ab");  // warm-up
  world.entered.clear();
  rounds.Measure(40);
  int abba = 0, baab = 0;
  for (size_t i = 0; i < world.entered.size();) {
    const std::string quad = world.entered.substr(i, 4);
    abba += quad == "abba";
    baab += quad == "baab";
    ASSERT_TRUE(quad == "abba" || quad == "baab" || quad == "aaaa") << quad;
    i += 4;
  }
  EXPECT_EQ(world.entered.size(), (40 + 20) * 4u);
  EXPECT_EQ(abba + baab, 40);
  EXPECT_GT(abba, 10);
  EXPECT_GT(baab, 10);
}

// A machine that becomes 2 % slower at each run, an effect far above the 1 % that is looked for:
// one after the other would show it, in turns it cancels.
TEST(PairedRoundsTest, DriftCancels) {
  World world;
  FakeCall a(world, 'a', 1.00e6);
  FakeCall b(world, 'b', 1.01e6);
  RoundPlan plan;
  plan.batch_ns = 1;
  plan.batches = 1;
  plan.warm_up_ns = 0;
  const Clock clock = world.clock();
  PairedRounds rounds(a, b, plan, clock);
  world.slow_down = 0.98;
  rounds.Measure(20);
  EXPECT_NEAR(Median(rounds.samples().log_ratios), std::log(1.01), 1e-4);
  EXPECT_NEAR(Median(rounds.samples().same_log_ratios), 0, 1e-4);
  EXPECT_GT(rounds.samples().a_ns.back() / rounds.samples().a_ns.front(), 5);
}

TEST(PairedRoundsTest, BatchesFillTheirTime) {
  World world;
  FakeCall fast(world, 'a', 1000);
  FakeCall slow(world, 'b', 5e6);
  RoundPlan plan;
  plan.batches = 3;
  plan.batch_ns = 1e6;
  plan.slow_ns = 1e7;
  plan.warm_up_ns = 0;
  const Clock clock = world.clock();
  PairedRounds rounds(fast, slow, plan, clock);
  EXPECT_EQ(fast.runs(), 3);
  EXPECT_EQ(slow.runs(), 3);
  rounds.Measure(1);
  EXPECT_EQ(fast.runs(), 3 + 6 * (1 + 3 * 1000));
  EXPECT_EQ(slow.runs(), 3 + 2 * (1 + 3));
}

TEST(PairedRoundsTest, ASlowCallGivesBothOneBatch) {
  World world;
  FakeCall fast(world, 'a', 1000);
  FakeCall slow(world, 'b', 2e7);
  RoundPlan plan;
  plan.batch_ns = 1e6;
  plan.slow_ns = 1e7;
  plan.warm_up_ns = 0;
  const Clock clock = world.clock();
  PairedRounds rounds(fast, slow, plan, clock);
  rounds.Measure(1);
  EXPECT_EQ(fast.runs(), 3 + 6 * (1 + 1000));
  EXPECT_EQ(slow.runs(), 3 + 2 * (1 + 1));
}

TEST(WarmUpTest, LastsAsLongAsAsked) {
  World world;
  FakeCall call(world, 'a', 1e6);
  EXPECT_DOUBLE_EQ(WarmUp(call, 1e7, world.clock()), 1e6);
  EXPECT_EQ(call.runs(), 10);
}

// A run that a coarse clock can't see must not become 0, whose logarithm is no number.
TEST(TimeRunsTest, NeverZero) {
  World world;
  FakeCall call(world, 'a', 0);
  const Entered entered(call);
  EXPECT_GT(TimeRuns(call, 4, world.clock()), 0);
}

}  // namespace
}  // namespace deltagauge
