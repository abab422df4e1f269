#include "harness/history/energy_split.h"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/history/series_simulator.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;

double SumOfPairs(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (const double a : x) {
    for (const double b : y) sum += std::fabs(a - b);
  }
  return sum;
}

// The equation of the header, word for word.
double PlainEnergy(std::span<const double> values, size_t split) {
  const auto x = values.first(split);
  const auto y = values.subspan(split);
  const auto m = static_cast<double>(x.size());
  const auto k = static_cast<double>(y.size());
  return m * k / (m + k) *
         (2 * SumOfPairs(x, y) / (m * k) - SumOfPairs(x, x) / (m * (m - 1)) -
          SumOfPairs(y, y) / (k * (k - 1)));
}

EnergySplit PlainBest(std::span<const double> values, size_t min_segment) {
  EnergySplit best;
  for (size_t split = min_segment; split + min_segment <= values.size(); ++split) {
    const double energy = PlainEnergy(values, split);
    if (energy > best.energy) best = {split, energy};
  }
  return best;
}

TEST(EnergySplitterTest, ByHand) {
  // 2 * 3 / (2 + 3) * (2 * 10 - 0 - 0)
  const std::vector<double> values{0, 0, 10, 10, 10};
  EnergySplitter splitter(values);
  const EnergySplit best = splitter.FindBest(splitter.ranks(), 2);
  EXPECT_EQ(best.index, 2);
  EXPECT_NEAR(best.energy, 24, 1e-12);
}

TEST(EnergySplitterTest, IsTheEquation) {
  for (const size_t length : {6, 7, 20, 63, 64, 65}) {
    for (const double step_sigmas : {0.0, 2.0}) {
      SimulatedSeries what{.length = length, .level = -3, .step_sigmas = step_sigmas};
      what.step_begin = length / 2;
      const std::vector<double> values = Simulate(what, length);
      EnergySplitter splitter(values);
      const EnergySplit best = splitter.FindBest(splitter.ranks(), 3);
      const EnergySplit expected = PlainBest(values, 3);
      EXPECT_EQ(best.index, expected.index) << length;
      EXPECT_NEAR(best.energy, expected.energy, 1e-10) << length;
    }
  }
}

TEST(EnergySplitterTest, OfAnotherOrder) {
  const std::vector<double> values{5, 1, 5, 2, 6, 1};
  EnergySplitter splitter(values);
  EXPECT_THAT(splitter.ranks(), ElementsAre(3, 0, 4, 2, 5, 1));
  splitter.FindBest(splitter.ranks(), 3);  // leaves nothing behind
  std::vector<uint32_t> ascending(values.size());
  std::iota(ascending.begin(), ascending.end(), 0u);
  const std::vector<double> sorted{1, 1, 2, 5, 5, 6};
  const EnergySplit best = splitter.FindBest(ascending, 3);
  EXPECT_EQ(best.index, 3);
  EXPECT_NEAR(best.energy, PlainEnergy(sorted, 3), 1e-12);
}

TEST(EnergySplitterTest, NoSplit) {
  EnergySplitter equal(std::vector<double>(10, 3.0));
  EXPECT_EQ(equal.FindBest(equal.ranks(), 3).index, 0);
  EnergySplitter few(std::vector<double>{1, 2, 3, 4, 5});
  EXPECT_EQ(few.FindBest(few.ranks(), 3).index, 0);
  EnergySplitter none(std::vector<double>{});
  EXPECT_EQ(none.FindBest(none.ranks(), 3).index, 0);
}

}  // namespace
}  // namespace deltagauge
