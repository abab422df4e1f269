#include "harness/timing/timing_statistics.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Values = std::vector<double>;

// 1 .. n
Values Counting(int n) {
  Values values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// The ranks that the protocol names: 6 of 20 cover 95.9 %, 10 of 30 95.7 %.
TEST(MedianRankTest, OfTheProtocol) {
  EXPECT_EQ(MedianRank(20, 0.95), 6);
  EXPECT_EQ(MedianRank(20, 0.958), 6);
  EXPECT_EQ(MedianRank(20, 0.960), 5);
  EXPECT_EQ(MedianRank(30, 0.95), 10);
  EXPECT_EQ(MedianRank(30, 0.958), 9);
}

// All n on one side of the median: 2 / 2^n. For n = 6, 3.1 %.
TEST(MedianRankTest, TooFew) {
  EXPECT_EQ(MedianRank(5, 0.95), 0);
  EXPECT_EQ(MedianRank(6, 0.95), 1);
  EXPECT_EQ(MedianRank(0, 0.95), 0);
  EXPECT_EQ(FewestForMedian(0.95), 6);
  EXPECT_EQ(FewestForMedian(0.9875), 8);
}

TEST(MedianIntervalAtTest, TakesTheRanks) {
  // Far from neighbours being alike: 1 20 2 19 3 18 ...
  Values values;
  for (int i = 1; i <= 10; ++i) {
    values.push_back(i);
    values.push_back(21 - i);
  }
  const RankedInterval ranked = MedianIntervalAt(values, 0.95);
  EXPECT_EQ(ranked.rank, 6);
  EXPECT_EQ(ranked.interval.low, 6);
  EXPECT_EQ(ranked.interval.high, 15);
}

TEST(MedianIntervalAtTest, TooFewGiveTheirRangeAndRankZero) {
  const RankedInterval ranked = MedianIntervalAt(Values{3, 1, 2}, 0.95);
  EXPECT_EQ(ranked.rank, 0);
  EXPECT_EQ(ranked.interval.low, 1);
  EXPECT_EQ(ranked.interval.high, 3);
}

TEST(MedianIntervalAtTest, NeighboursThatAreAlikeWidenIt) {
  const Values rising = Counting(40);  // r = 0.926: worth 1.5 values
  EXPECT_EQ(MedianIntervalAt(rising, 0.95).rank, 0);
  EXPECT_EQ(MedianIntervalAt(rising, 0.95).interval.low, 1);
}

// 1 2 3 4: mean 2.5; (1.5 * 0.5 - 0.5 * 0.5 + 0.5 * 1.5) / (2 * (2.25 + 0.25)) = 1.25 / 5.
TEST(Lag1AutocorrelationTest, ByHand) {
  EXPECT_DOUBLE_EQ(Lag1Autocorrelation(Values{1, 2, 3, 4}), 0.25);
  EXPECT_DOUBLE_EQ(Lag1Autocorrelation(Values{1, -1, 1, -1}), -0.75);
  EXPECT_EQ(Lag1Autocorrelation(Values{5, 5, 5, 5}), 0);
  EXPECT_EQ(Lag1Autocorrelation(Values{1, 2}), 0);
}

// Of 2^n sign patterns; all positive is one.
TEST(WilcoxonTest, ExactByHand) {
  EXPECT_DOUBLE_EQ(WilcoxonSignedRankP(Values{1, 2, 3, 4, 5}), 2.0 / 32);
  EXPECT_DOUBLE_EQ(WilcoxonSignedRankP(Values{-1, -2, -3, -4, -5}), 2.0 / 32);
  // Sum of negative ranks 1: two patterns at least as extreme on that side.
  EXPECT_DOUBLE_EQ(WilcoxonSignedRankP(Values{-1, 2, 3, 4, 5}), 4.0 / 32);
  // Rank sums of {-3, ...}: {}, {1}, {2}, {3}, {1,2}: five of 16 on each side.
  EXPECT_DOUBLE_EQ(WilcoxonSignedRankP(Values{1, 2, -3, 4}), 10.0 / 16);
  EXPECT_DOUBLE_EQ(WilcoxonSignedRankP(Values{1, -2}), 1);
}

TEST(WilcoxonTest, ZerosAreLeftOut) {
  EXPECT_DOUBLE_EQ(WilcoxonSignedRankP(Values{1, 0, 2, 3, 0, 4, 5}), 2.0 / 32);
  EXPECT_EQ(WilcoxonSignedRankP(Values{0, 0}), 1);
  EXPECT_EQ(WilcoxonSignedRankP({}), 1);
}

// 1 1 2 3: ranks 1.5 1.5 3 4, all positive: W = 10, mean 5, variance 7.5 - 6 / 48 = 7.375;
// z = 4.5 / 2.7157 = 1.6570, p = 0.09751.
TEST(WilcoxonTest, TiesByTheNormalDistribution) {
  EXPECT_NEAR(WilcoxonSignedRankP(Values{1, 1, 2, 3}), 0.09751, 2e-5);
}

// The exact distribution and its approximation meet: n = 50 against n = 51.
TEST(WilcoxonTest, ExactMeetsNormal) {
  const auto mixed = [](int n) {
    Values values = Counting(n);
    for (size_t i = 0; i < values.size(); i += 3) values[i] = -values[i];
    return values;
  };
  EXPECT_NEAR(WilcoxonSignedRankP(mixed(50)), WilcoxonSignedRankP(mixed(51)), 0.015);
}

// C(6, 3) = 20 ways to deal out the ranks.
TEST(MannWhitneyTest, ExactByHand) {
  EXPECT_DOUBLE_EQ(MannWhitneyP(Values{1, 2, 3}, Values{4, 5, 6}), 2.0 / 20);
  EXPECT_DOUBLE_EQ(MannWhitneyP(Values{4, 5, 6}, Values{1, 2, 3}), 2.0 / 20);
  EXPECT_DOUBLE_EQ(MannWhitneyP(Values{1, 2, 4}, Values{3, 5, 6}), 4.0 / 20);
  EXPECT_DOUBLE_EQ(MannWhitneyP(Values{1, 4}, Values{2, 3}), 1);
  EXPECT_EQ(MannWhitneyP({}, Values{1}), 1);
}

// U = 0, mean 4.5, variance 9 / 12 * (7 - 24 / 30) = 4.65 (three tied): z = 4 / 2.1564, p = 0.0636.
TEST(MannWhitneyTest, TiesByTheNormalDistribution) {
  EXPECT_NEAR(MannWhitneyP(Values{1, 2, 3}, Values{4, 4, 4}), 0.0636, 1e-4);
  EXPECT_EQ(MannWhitneyP(Values{4, 4, 4}, Values{4, 4, 4}), 1);
}

TEST(MannWhitneyTest, ExactMeetsNormal) {
  const auto shifted = [](int n) {
    Values values = Counting(n);
    for (double& value : values) value += 4.5;
    return values;
  };
  EXPECT_NEAR(MannWhitneyP(Counting(20), shifted(20)), MannWhitneyP(Counting(21), shifted(21)),
              0.02);
}

TEST(CliffsDeltaTest, ByHand) {
  EXPECT_EQ(CliffsDelta(Values{1, 2}, Values{3, 4}), 1);
  EXPECT_EQ(CliffsDelta(Values{3, 4}, Values{1, 2}), -1);
  // Pairs (1,1) (1,2) (2,1) (2,2): one up, one down, two equal.
  EXPECT_EQ(CliffsDelta(Values{1, 2}, Values{1, 2}), 0);
  // 1 < 2, 3 > 2, 3 > 2 (twice): (1 - 3) / 4... of x = {1, 3, 3, 3}, y = {2}.
  EXPECT_EQ(CliffsDelta(Values{1, 3, 3, 3}, Values{2}), -0.5);
  EXPECT_EQ(CliffsDelta({}, Values{2}), 0);
}

// Sorted 0.01 0.02 0.03 0.04: times 4 3 2 1 = 0.04 0.06 0.06 0.04, never falling.
TEST(HolmTest, ByHand) {
  EXPECT_THAT(HolmAdjusted(Values{0.04, 0.01, 0.03, 0.02}),
              ElementsAre(DoubleEq(0.06), DoubleEq(0.04), DoubleEq(0.06), DoubleEq(0.06)));
  EXPECT_THAT(HolmAdjusted(Values{0.9, 0.8}), ElementsAre(1, 1));
  EXPECT_THAT(HolmAdjusted(Values{0.5}), ElementsAre(0.5));
  EXPECT_THAT(HolmAdjusted({}), IsEmpty());
}

// Quartiles of 1 .. 9 are 3 and 7, IQR 4: fences at -3 and 13, -9 and 19. One more value moves them
// little.
TEST(OutliersTest, ByHand) {
  EXPECT_EQ(CountOutliers(Counting(9)).mild, 0);
  Values values = Counting(9);
  values.push_back(15);  // quartiles 3.25 and 7.75: fences 14.5 and 21.25
  EXPECT_EQ(CountOutliers(values).mild, 1);
  EXPECT_EQ(CountOutliers(values).severe, 0);
  values.back() = -22;  // quartiles 2.25 and 6.75: fence at -4.5 and -11.25
  EXPECT_EQ(CountOutliers(values).mild, 0);
  EXPECT_EQ(CountOutliers(values).severe, 1);
  EXPECT_EQ(CountOutliers(Values{0, 0, 100}).severe, 0);
}

TEST(QuantileTest, ByHand) {
  EXPECT_DOUBLE_EQ(Quantile(Values{4, 1, 3, 2}, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(Quantile(Values{4, 1, 3, 2}, 0), 1);
  EXPECT_DOUBLE_EQ(Quantile(Values{4, 1, 3, 2}, 1), 4);
  EXPECT_DOUBLE_EQ(Quantile(Values{7}, 0.9), 7);
}

// Quartiles of 1 .. 9: IQR 4, sigma 2.9652; median's error 1.2533 * 2.9652 / 3 = 1.2388; times
// 1.9600 + 0.8416 = 2.8016.
TEST(MinimumDetectableEffectTest, ByHand) {
  EXPECT_NEAR(MinimumDetectableEffect(Counting(9), 0.95), 3.4706, 2e-4);
  EXPECT_TRUE(std::isinf(MinimumDetectableEffect(Counting(3), 0.95)));
}

TEST(NormalTest, Tables) {
  EXPECT_NEAR(NormalCdf(0), 0.5, 1e-15);
  EXPECT_NEAR(NormalCdf(1.959963984540054), 0.975, 1e-12);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-10);
  EXPECT_NEAR(NormalQuantile(0.8), 0.8416212335729143, 1e-10);
}

}  // namespace
}  // namespace deltagauge
