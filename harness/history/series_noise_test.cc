#include "harness/history/series_noise.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/history/series_simulator.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;

using Cuts = std::vector<size_t>;

TEST(NoiseAutocorrelationTest, OfKnownNoise) {
  for (const double expected : {0.0, 0.3, 0.5, 0.8}) {
    const SimulatedSeries what{.length = 5000, .autocorrelation = expected};
    EXPECT_NEAR(NoiseAutocorrelation(Simulate(what, 1), Cuts{}), expected, 0.04) << expected;
  }
}

TEST(NoiseAutocorrelationTest, AStepIsNoNoiseWhereItIsCut) {
  SimulatedSeries what{.length = 5000, .step_sigmas = 3, .step_begin = 2000, .step_end = 3000};
  const std::vector<double> series = Simulate(what, 1);
  EXPECT_LT(NoiseAutocorrelation(series, Cuts{2000, 3000}), 0.04);
  EXPECT_GT(NoiseAutocorrelation(series, Cuts{}), 0.5);
}

TEST(NoiseAutocorrelationTest, HasLimits) {
  EXPECT_EQ(NoiseAutocorrelation(std::vector<double>(10, 2.0), Cuts{5}), 0);
  std::vector<double> sawtooth(100);
  std::vector<double> ramp(100);
  for (size_t i = 0; i < 100; ++i) {
    sawtooth[i] = static_cast<double>(i % 2);
    ramp[i] = static_cast<double>(i);
  }
  EXPECT_EQ(NoiseAutocorrelation(sawtooth, Cuts{}), 0);
  EXPECT_EQ(NoiseAutocorrelation(ramp, Cuts{}), 0.9);
}

TEST(WhitenedTest, ByHand) {
  EXPECT_THAT(Whitened(std::vector<double>{2, 2, 6, 6}, 0.5), ElementsAre(1, 1, 5, 3));
  EXPECT_THAT(Whitened(std::vector<double>{7}, 0.5), ElementsAre(7));
}

TEST(WhitenedTest, LeavesNoAutocorrelation) {
  const SimulatedSeries what{.length = 5000, .autocorrelation = 0.5};
  EXPECT_LT(NoiseAutocorrelation(Whitened(Simulate(what, 1), 0.5), Cuts{}), 0.04);
}

}  // namespace
}  // namespace deltagauge
