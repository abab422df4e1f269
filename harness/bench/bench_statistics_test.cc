#include "harness/bench/bench_statistics.h"

#include <vector>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

TEST(MedianTest, OddAndEven) {
  EXPECT_EQ(Median(std::vector<double>{3, 1, 2}), 2);
  EXPECT_EQ(Median(std::vector<double>{4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median(std::vector<double>{7}), 7);
}

// Tables of the sign test give these.
TEST(MedianIntervalTest, Ranks) {
  EXPECT_EQ(MedianIntervalRank(1), 1u);
  EXPECT_EQ(MedianIntervalRank(5), 1u);
  EXPECT_EQ(MedianIntervalRank(6), 1u);
  EXPECT_EQ(MedianIntervalRank(8), 1u);
  EXPECT_EQ(MedianIntervalRank(9), 2u);
  EXPECT_EQ(MedianIntervalRank(10), 2u);
  EXPECT_EQ(MedianIntervalRank(20), 6u);
  EXPECT_EQ(MedianIntervalRank(30), 10u);
  EXPECT_EQ(MedianIntervalRank(40), 14u);
}

TEST(MedianIntervalTest, TakesBothEnds) {
  std::vector<double> values;
  for (int i = 20; i >= 1; --i) values.push_back(i);
  const Interval interval = MedianInterval(values);
  EXPECT_EQ(interval.low, 6);
  EXPECT_EQ(interval.high, 15);
}

TEST(NoiseFloorTest, FollowsTheSpread) {
  EXPECT_EQ(NoiseFloor(std::vector<double>(20, 0.0)), 0);
  // A bias is noise too: the median never comes out nearer to 0 than it.
  EXPECT_EQ(NoiseFloor(std::vector<double>(20, -0.03)), 0.03);
  std::vector<double> narrow, wide;
  for (int i = -10; i <= 10; ++i) {
    narrow.push_back(0.001 * i);
    wide.push_back(0.01 * i);
  }
  EXPECT_NEAR(NoiseFloor(wide), 10 * NoiseFloor(narrow), 1e-9);
  EXPECT_GT(NoiseFloor(narrow), 0.002);
  EXPECT_LT(NoiseFloor(narrow), 0.008);
}

TEST(NoiseFloorTest, IsRepeatable) {
  const std::vector<double> values = {0.01, -0.02, 0.015, 0.002, -0.004, 0.03};
  EXPECT_EQ(NoiseFloor(values), NoiseFloor(values));
}

}  // namespace
}  // namespace deltagauge
