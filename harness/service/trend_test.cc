#include "harness/service/trend.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

Trend TrendOf(const std::vector<std::optional<double>>& values) {
  Trend trend;
  for (size_t i = 0; i < values.size(); ++i) {
    SeriesPoint point;
    point.created_s = 100 * static_cast<int64_t>(i + 1);
    point.value = values[i];
    trend.points.push_back(point);
  }
  return trend;
}

TEST(TrendTest, PointsWithoutAValueHaveNoLevelAndMoveNoChange) {
  std::vector<std::optional<double>> values(24, 2.0);
  for (size_t i = 12; i < values.size(); ++i) values[i] = 3.0;
  values[3] = std::nullopt;
  values[5] = std::numeric_limits<double>::quiet_NaN();
  Trend trend = TrendOf(values);
  FindLevels(&trend);
  ASSERT_EQ(trend.changes.size(), 1u);
  EXPECT_EQ(trend.changes[0].index, 12u);
  EXPECT_FALSE(trend.levels[3]);
  EXPECT_FALSE(trend.levels[5]);
  EXPECT_EQ(trend.levels[11]->median, 2.0);
  EXPECT_EQ(trend.levels[12]->median, 3.0);
  EXPECT_FALSE(trend.levels[0]->noise_lo);
}

TEST(TrendTest, NoiseIsARatioRoundTheLevel) {
  Trend trend = TrendOf({2.0, 2.0, 4.0, 2.0});
  for (SeriesPoint& point : trend.points) point.noise = std::log(1.5);
  FindLevels(&trend);
  EXPECT_DOUBLE_EQ(trend.levels[0]->median, 2.0);
  EXPECT_DOUBLE_EQ(*trend.levels[0]->noise_lo, 2.0 / 1.5);
  EXPECT_DOUBLE_EQ(*trend.levels[0]->noise_hi, 3.0);
}

TEST(TrendTest, TheMedianOfAnEvenCountIsBetween) {
  Trend trend = TrendOf({1.0, 2.0, 3.0, 10.0});
  FindLevels(&trend);
  EXPECT_DOUBLE_EQ(trend.levels[0]->median, 2.5);
}

TEST(TrendTest, AMoveThatNoiseReachesIsNone) {
  std::vector<std::optional<double>> values(24, 2.0);
  for (size_t i = 12; i < values.size(); ++i) values[i] = 2.1;
  Trend trend = TrendOf(values);
  for (SeriesPoint& point : trend.points) point.noise = 0.01;
  FindLevels(&trend);
  EXPECT_EQ(trend.changes.size(), 1u);
  for (SeriesPoint& point : trend.points) point.noise = 0.1;
  FindLevels(&trend);
  EXPECT_TRUE(trend.changes.empty());
}

TEST(TrendTest, RemarksBelongToTheFirstPointAfterThem) {
  const Trend trend = TrendOf({1.0, 1.0, 1.0});  // at 100, 200, 300
  std::vector<Annotation> annotations(4);
  annotations[0].at_s = 900;  // after all: the last
  annotations[1].at_s = 101;
  annotations[2].at_s = 200;
  annotations[3].at_s = 99;  // before all: not in the picture
  const auto remarks = PlaceRemarks(annotations, trend.points);
  ASSERT_EQ(remarks.size(), 3u);
  EXPECT_EQ(remarks[0].index, 1u);
  EXPECT_EQ(remarks[0].annotation.at_s, 101);
  EXPECT_EQ(remarks[1].index, 1u);
  EXPECT_EQ(remarks[2].index, 2u);
  EXPECT_TRUE(PlaceRemarks(annotations, {}).empty());
}

TEST(TrendTest, WhetherAMoveIsWorseDependsOnTheFigure) {
  ChangePoint up;
  up.median_before = 1;
  up.median_after = 2;
  EXPECT_EQ(IsWorse(up, "smaller"), true);
  EXPECT_EQ(IsWorse(up, "larger"), false);
  EXPECT_EQ(IsWorse(up, "neither"), std::nullopt);
}

}  // namespace
}  // namespace deltagauge
