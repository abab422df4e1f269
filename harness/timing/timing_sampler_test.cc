#include "harness/timing/timing_sampler.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/timing/timing_simulator.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::SizeIs;

// Notes who is entered when, and counts runs.
class LoggedCall final : public SimulatedCall {
 public:
  LoggedCall(SimulatedMachine& machine, const std::string& name, double run_ns, double units,
             std::string* log)
      : SimulatedCall(machine, name, run_ns, units), log_(log) {}
  void Enter() override { *log_ += Name(); }

 private:
  std::string* log_;
};

class QuadSamplerTest : public ::testing::Test {
 protected:
  SimulatedMachine machine_{SimulatedNoise::kNone, 1};
  std::string log_;
  LoggedCall a_{machine_, "a", 3e6, 3, &log_};
  LoggedCall b_{machine_, "b", 8e6, 2, &log_};
  LoggedCall control_{machine_, "c", 1e5, 1, &log_};
  Clock clock_ = machine_.clock();
};

TEST_F(QuadSamplerTest, LogRatiosAreForAUnitOfWork) {
  QuadSampler sampler(a_, b_, a_, control_, {.calls = 3, .runs = 2}, 1, clock_);
  for (int i = 0; i < 4; ++i) sampler.MeasureQuad();
  sampler.MeasureSameQuad();
  const QuadSamples& samples = sampler.samples();
  EXPECT_THAT(samples.log_ratios, AllOf(SizeIs(4), Each(DoubleNear(std::log(4.0), 1e-6))));
  EXPECT_THAT(samples.same_log_ratios, AllOf(SizeIs(1), Each(DoubleNear(0, 1e-6))));
  EXPECT_THAT(samples.a_ns, AllOf(SizeIs(8), Each(DoubleNear(3e6, 1))));
  EXPECT_THAT(samples.b_ns, AllOf(SizeIs(8), Each(DoubleNear(8e6, 1))));
  EXPECT_THAT(samples.control_log_ratios, AllOf(SizeIs(5), Each(DoubleNear(0, 1e-4))));
  EXPECT_EQ(a_.runs(), 3 * 2 * (4 * 2 + 4));
  EXPECT_EQ(b_.runs(), 3 * 2 * 4 * 2);
  EXPECT_EQ(control_.runs(), (3 + 1) * 4 * 5);  // one of each four warms up
}

TEST_F(QuadSamplerTest, TakesTurnsByTheSeedsCoin) {
  QuadSampler sampler(a_, b_, a_, control_, {}, 7, clock_);
  for (int i = 0; i < 40; ++i) sampler.MeasureQuad();
  int abba = 0;
  for (size_t i = 0; i < 40; ++i) {
    const std::string ran = log_.substr(8 * i, 8);
    ASSERT_TRUE(ran == "acbcbcac" || ran == "bcacacbc") << ran;
    EXPECT_EQ(sampler.samples().order[i], ran == "acbcbcac" ? "ABBA" : "BAAB");
    abba += ran == "acbcbcac";
  }
  EXPECT_GT(abba, 10);
  EXPECT_LT(abba, 30);

  QuadSampler same_seed(a_, b_, a_, control_, {}, 7, clock_);
  QuadSampler other_seed(a_, b_, a_, control_, {}, 8, clock_);
  for (int i = 0; i < 40; ++i) {
    same_seed.MeasureQuad();
    other_seed.MeasureQuad();
  }
  EXPECT_EQ(same_seed.samples().order, sampler.samples().order);
  EXPECT_NE(other_seed.samples().order, sampler.samples().order);
}

// Every run takes longer than the one before, by far more than the arms differ: one after the other
// would show that, in turns it cancels.
TEST(QuadSamplerDriftTest, LinearDriftCancels) {
  class SlowingCall final : public TimedCall {
   public:
    SlowingCall(double run_ns, double* now, double* excess)
        : run_ns_(run_ns), now_(now), excess_(excess) {}
    std::string Name() const override { return ""; }
    double UnitsPerRun() const override { return 1; }
    void Run() override { *now_ += run_ns_ * (*excess_ += 1e-3); }
    std::string Defect() const override { return ""; }

   private:
    double run_ns_;
    double* now_;
    double* excess_;
  };
  double now = 0, excess = 1;
  SlowingCall a(1e6, &now, &excess), b(1.01e6, &now, &excess), control(1e5, &now, &excess);
  const Clock clock = [&] { return static_cast<int64_t>(now); };
  QuadSampler sampler(a, b, a, control, {.calls = 1, .runs = 1}, 1, clock);
  for (int i = 0; i < 20; ++i) {
    sampler.MeasureQuad();
    sampler.MeasureSameQuad();
  }
  EXPECT_GT(excess, 1.5);
  EXPECT_THAT(sampler.samples().log_ratios, Each(DoubleNear(std::log(1.01), 1e-4)));
  EXPECT_THAT(sampler.samples().same_log_ratios, Each(DoubleNear(0, 1e-4)));
}

}  // namespace
}  // namespace deltagauge
