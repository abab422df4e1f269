#include "harness/history/change_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/history/series_simulator.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Series = std::vector<double>;

Series StepAt(size_t begin, double sigmas, uint64_t seed) {
  return Simulate({.length = 60, .step_sigmas = sigmas, .step_begin = begin}, seed);
}

// How many of so many series without a change show one.
int CountFalseAlarms(SimulatedSeries what, int series_count) {
  int alarms = 0;
  for (int seed = 1; seed <= series_count; ++seed) {
    alarms += FindChangePoints(Simulate(what, static_cast<uint64_t>(seed))).empty() ? 0 : 1;
  }
  return alarms;
}

TEST(ChangePointsTest, AStepWithoutNoise) {
  Series series(20, 100.0);
  std::fill(series.begin() + 12, series.end(), 110.0);
  const std::vector<ChangePoint> points = FindChangePoints(series);
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].index, 12);
  EXPECT_NEAR(points[0].mean_before, 100, 1e-9);
  EXPECT_NEAR(points[0].mean_after, 110, 1e-9);
  EXPECT_EQ(points[0].median_before, 100);
  EXPECT_EQ(points[0].median_after, 110);
  EXPECT_NEAR(points[0].relative_change, 0.1, 1e-12);
  EXPECT_LE(points[0].p, 0.01);
}

TEST(ChangePointsTest, AStepInNoise) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<ChangePoint> points = FindChangePoints(StepAt(35, 5, seed));
    ASSERT_THAT(points, SizeIs(1)) << seed;
    EXPECT_NEAR(static_cast<double>(points[0].index), 35, 1) << seed;
    EXPECT_NEAR(points[0].relative_change, 0.05, 0.01) << seed;
  }
}

TEST(ChangePointsTest, AStepInNoiseThatIsAlike) {
  SimulatedSeries what{.length = 200, .autocorrelation = 0.5, .step_sigmas = 5, .step_begin = 120};
  int placed = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (const ChangePoint& point : FindChangePoints(Simulate(what, seed))) {
      placed += point.index + 1 >= 120 && point.index <= 121 ? 1 : 0;
    }
  }
  EXPECT_GE(placed, 18);
}

TEST(ChangePointsTest, TwoSteps) {
  const SimulatedSeries what{.length = 200, .step_sigmas = 5, .step_begin = 80, .step_end = 130};
  const std::vector<ChangePoint> points = FindChangePoints(Simulate(what, 1));
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(points[0].index), 80, 1);
  EXPECT_NEAR(static_cast<double>(points[1].index), 130, 1);
  EXPECT_GT(points[0].relative_change, 0);
  EXPECT_LT(points[1].relative_change, 0);
  // Each side reaches to the neighbour only.
  EXPECT_EQ(points[0].median_after, points[1].median_before);
}

// The first split sees all values at once and is easily a few places off; its neighbourhood tells
// better. On average 1.3 places with that, 1.8 without (of 570 series).
TEST(ChangePointsTest, PointsMoveToWhereTheirNeighbourhoodSplits) {
  const SimulatedSeries what{.length = 150, .step_sigmas = 1.5, .step_begin = 50, .step_end = 100};
  double error = 0;
  double count = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const std::vector<ChangePoint> points = FindChangePoints(Simulate(what, seed));
    if (points.size() != 2) continue;
    error += std::fabs(static_cast<double>(points[0].index) - 50) / 2;
    error += std::fabs(static_cast<double>(points[1].index) - 100) / 2;
    ++count;
  }
  ASSERT_GE(count, 120);
  EXPECT_LE(error / count, 1.55);
}

// With too few cuts, so many changes pass for noise whose neighbours are alike.
TEST(ChangePointsTest, TenSteps) {
  Series series = Simulate({.length = 1000}, 1);
  for (size_t i = 0; i < series.size(); ++i) series[i] += i * 11 / 1000 % 2 == 0 ? 0 : 4;
  std::vector<bool> is_found(11);
  for (const ChangePoint& point : FindChangePoints(series)) {
    for (size_t step = 1; step <= 10; ++step) {
      const double place = static_cast<double>(step) * 1000 / 11;
      if (std::fabs(static_cast<double>(point.index) - place) < 3) is_found[step] = true;
    }
  }
  EXPECT_EQ(std::count(is_found.begin(), is_found.end(), true), 10);
}

TEST(ChangePointsTest, TheSameTwice) {
  const Series series = StepAt(30, 3, 5);
  const std::vector<ChangePoint> first = FindChangePoints(series);
  const std::vector<ChangePoint> second = FindChangePoints(series);
  ASSERT_THAT(first, SizeIs(1));
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(first[0].index, second[0].index);
  EXPECT_EQ(first[0].p, second[0].p);
}

// The figures' unit is no matter, nor how large they are.
TEST(ChangePointsTest, OfAnyScale) {
  for (const double scale : {1e-300, 1e-6, 1e300, -1e306}) {
    Series series = StepAt(35, 5, 1);
    for (double& value : series) value *= scale;
    const std::vector<ChangePoint> points = FindChangePoints(series);
    ASSERT_THAT(points, SizeIs(1)) << scale;
    EXPECT_NEAR(static_cast<double>(points[0].index), 35, 1) << scale;
    EXPECT_TRUE(std::isfinite(points[0].mean_after)) << scale;
  }
}

TEST(ChangePointsTest, FromZero) {
  Series series(20, 0.0);
  std::fill(series.begin() + 10, series.end(), -1.0);
  const std::vector<ChangePoint> points = FindChangePoints(series);
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].relative_change, -std::numeric_limits<double>::infinity());
}

TEST(ChangePointsTest, NothingChanges) {
  EXPECT_THAT(FindChangePoints(Series(100, 3.5)), IsEmpty());
  EXPECT_THAT(FindChangePoints(Series(100, 0.0)), IsEmpty());
}

// 0.6 to 2.7 % by README.md. The bounds are 5 % and, for noise that is very alike, 7 % of 200
// series; more than a quarter of the third would be found if the test did not know that neighbours
// are alike.
TEST(ChangePointsTest, FewFalseAlarms) {
  EXPECT_LE(CountFalseAlarms({.length = 50}, 200), 10);
  EXPECT_LE(CountFalseAlarms({.length = 100, .autocorrelation = 0.3}, 200), 10);
  EXPECT_LE(CountFalseAlarms({.length = 100, .autocorrelation = 0.5}, 200), 14);
}

TEST(ChangePointsTest, OneOutlierIsNoChange) {
  for (const size_t place : {0, 2, 5, 30, 57, 59}) {
    for (const double outlier : {0.0, 110.0, 1e6}) {
      Series series = StepAt(60, 0, 1);
      series[place] = outlier;
      EXPECT_THAT(FindChangePoints(series, {.min_segment = 3}), IsEmpty()) << place << outlier;
    }
  }
}

TEST(ChangePointsTest, AStepBesideAnOutlier) {
  Series series = StepAt(35, 5, 1);
  series[10] = 200;
  const std::vector<ChangePoint> points = FindChangePoints(series);
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_NEAR(static_cast<double>(points[0].index), 35, 1);
}

TEST(ChangePointsTest, TooFewValues) {
  for (size_t length = 0; length < 10; ++length) {
    Series series(length, 1.0);
    if (length > 0) series.back() = 2;
    EXPECT_THAT(FindChangePoints(series), IsEmpty()) << length;
  }
}

TEST(ChangePointsTest, SmallChangesAreLeftOut) {
  const Series series = StepAt(35, 5, 1);  // by 5 %
  EXPECT_THAT(FindChangePoints(series, {.min_relative_change = 0.03}), SizeIs(1));
  EXPECT_THAT(FindChangePoints(series, {.min_relative_change = 0.08}), IsEmpty());
}

// Steps of 5 % and of 20 %: without the small one, the large one is against all values before it.
TEST(ChangePointsTest, ALargeChangeAfterASmallOne) {
  Series series(60, 100.0);
  std::fill(series.begin() + 10, series.begin() + 40, 105.0);
  std::fill(series.begin() + 40, series.end(), 126.0);
  ASSERT_THAT(FindChangePoints(series), SizeIs(2));
  const std::vector<ChangePoint> points = FindChangePoints(series, {.min_relative_change = 0.1});
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].index, 40);
  EXPECT_NEAR(points[0].mean_before, 103.75, 1e-9);
}

TEST(ChangePointsTest, SegmentsAreAsLongAsAskedFor) {
  Series series(40, 100.0);
  std::fill(series.begin() + 36, series.end(), 110.0);
  for (const ChangePoint& point : FindChangePoints(series, {.min_segment = 8})) {
    EXPECT_LE(point.index, 32);
  }
}

std::string ErrorOf(const Series& series, const ChangePointOptions& options = {}) {
  try {
    FindChangePoints(series, options);
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(ChangePointsTest, RefusesWhatIsNoFigure) {
  EXPECT_THAT(ErrorOf({1, 2, std::numeric_limits<double>::quiet_NaN(), 4}),
              HasSubstr("series: value 2 is nan"));
  EXPECT_THAT(ErrorOf({std::numeric_limits<double>::infinity()}), HasSubstr("value 0 is inf"));
}

TEST(ChangePointsTest, RefusesOptions) {
  const Series series(20, 1.0);
  EXPECT_THAT(ErrorOf(series, {.significance = 0}), HasSubstr("significance"));
  EXPECT_THAT(ErrorOf(series, {.significance = std::nan("")}), HasSubstr("significance"));
  EXPECT_THAT(ErrorOf(series, {.min_segment = 2}), HasSubstr("min_segment: 2 is too few"));
  EXPECT_THAT(ErrorOf(series, {.min_relative_change = -1}), HasSubstr("min_relative_change"));
  EXPECT_THAT(ErrorOf(series, {.significance = 0.001}), HasSubstr("permutations: 199"));
  EXPECT_EQ(ErrorOf(series, {.significance = 0.005}), "");
}

}  // namespace
}  // namespace deltagauge
