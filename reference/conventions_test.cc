#include "reference/conventions.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge::reference {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(HeadMapTest, GroupedRepeatsEachKeyHeadTiledRepeatsAllOfThem) {
  std::vector<int64_t> grouped, tiled;
  for (int64_t head = 0; head < 6; ++head) {
    grouped.push_back(KeyHeadOf(HeadMap::kGrouped, head, 2, 6));
    tiled.push_back(KeyHeadOf(HeadMap::kTiled, head, 2, 6));
  }
  EXPECT_THAT(grouped, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(tiled, ElementsAre(0, 1, 0, 1, 0, 1));
}

TEST(SigmoidTest, KnownValuesAndExactEnds) {
  EXPECT_EQ(Sigmoid(0.0), 0.5);
  EXPECT_NEAR(Sigmoid(std::log(3.0)), 0.75, 1e-15);
  EXPECT_EQ(Sigmoid(-kInf), 0.0);
  EXPECT_EQ(Sigmoid(kInf), 1.0);
  EXPECT_NEAR(Sigmoid(-100.0) / std::exp(-100.0), 1.0, 1e-12);
  EXPECT_EQ(Sigmoid(0.0f), 0.5f);
}

TEST(LogDecayTest, UndoesTheExponential) {
  EXPECT_EQ(LogDecay(1.0), 0.0);
  EXPECT_NEAR(LogDecay(std::exp(-3.5)), -3.5, 1e-14);
  EXPECT_EQ(LogDecay(0.0), -kInf);
}

TEST(NormalizeRowsTest, DividesByTheRootOfTheSumPlusEpsilon) {
  std::vector<double> rows = {3, 4, 0, 0};
  NormalizeRows(2, 0.0, std::span<double>(rows).first(2));
  EXPECT_THAT(rows, ElementsAre(DoubleNear(0.6, 1e-15), DoubleNear(0.8, 1e-15), 0, 0));

  // Epsilon goes under the root: 3 / sqrt(9 + 16 + 11) = 1/2, where max(norm, 11) would give 3/11.
  rows = {3, 4, 0, 0};
  NormalizeRows(2, 11.0, std::span<double>(rows));
  EXPECT_THAT(rows, ElementsAre(0.5, DoubleNear(4.0 / 6.0, 1e-15), 0, 0));
}

TEST(ScaleTest, MultipliesEachValue) {
  std::vector<double> values = {1, -2, 0.5};
  Scale(0.25, std::span<double>(values));
  EXPECT_THAT(values, ElementsAre(0.25, -0.5, 0.125));
}

}  // namespace
}  // namespace deltagauge::reference
