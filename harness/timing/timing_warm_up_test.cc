#include "harness/timing/timing_warm_up.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/timing/timing_simulator.h"

namespace deltagauge {
namespace {

using Times = std::vector<double>;

TEST(IsSettledTest, TheFirstRunDoesNotCount) {
  EXPECT_FALSE(IsSettled(Times{1, 1}));
  EXPECT_TRUE(IsSettled(Times{900, 100, 101}));
  EXPECT_FALSE(IsSettled(Times{900, 100, 103}));
  EXPECT_FALSE(IsSettled(Times{900, 110, 100, 100}));
}

TEST(IsSettledTest, OneDisturbedRunDoesNotMatter) {
  EXPECT_TRUE(IsSettled(Times{9, 1, 1, 5, 1, 7, 1}));
}

// Takes less time at each run, down to `least`.
class WarmingCall final : public SimulatedCall {
 public:
  WarmingCall(SimulatedMachine& machine, double first_ns, double factor, double least_ns)
      : SimulatedCall(machine, "warming", first_ns),
        next_ns_(first_ns),
        factor_(factor),
        least_ns_(least_ns) {}
  void Run() override {
    machine_.Pass(next_ns_);
    next_ns_ = std::max(least_ns_, next_ns_ * factor_);
  }

 private:
  double next_ns_;
  double factor_;
  double least_ns_;
};

TEST(WarmUpUntilStableTest, ThreeRunsOfALongCall) {
  SimulatedMachine machine(SimulatedNoise::kNone, 1);
  SimulatedCall call(machine, "a", 2e9);
  const WarmUpResult result = WarmUpUntilStable(call, 0.5, machine.clock());
  EXPECT_EQ(result.calls, 3);
  EXPECT_TRUE(result.is_stable);
  EXPECT_DOUBLE_EQ(result.typical_ns, 2e9);
}

TEST(WarmUpUntilStableTest, AtLeastAsLongAsAsked) {
  SimulatedMachine machine(SimulatedNoise::kNone, 1);
  SimulatedCall call(machine, "a", 1e6);
  EXPECT_EQ(WarmUpUntilStable(call, 0.1, machine.clock()).calls, 100);
}

// 1 % less at each run for 200 runs: after 0.05 s it is still warming up.
TEST(WarmUpUntilStableTest, GoesOnWhileTimesFall) {
  SimulatedMachine machine(SimulatedNoise::kNone, 1);
  WarmingCall call(machine, 1e6, 0.99, 0.6e6);
  const WarmUpResult result = WarmUpUntilStable(call, 0.05, machine.clock());
  EXPECT_TRUE(result.is_stable);
  EXPECT_GT(machine.now_ns(), 0.06e9);
  EXPECT_DOUBLE_EQ(result.typical_ns, 0.6e6);
}

TEST(WarmUpUntilStableTest, GivesUpInTheEnd) {
  SimulatedMachine machine(SimulatedNoise::kNone, 1);
  WarmingCall call(machine, 1e6, 0.99, 0);
  const WarmUpResult result = WarmUpUntilStable(call, 0.02, machine.clock());
  EXPECT_FALSE(result.is_stable);
  EXPECT_NEAR(machine.now_ns(), 0.08e9, 0.02e9);
}

}  // namespace
}  // namespace deltagauge
