#include "harness/drift/distribution.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

TEST(PercentileTest, IsLinearBetweenOrderStatistics) {
  const std::vector<double> values = {1, 2, 3, 10};
  EXPECT_EQ(Percentile(values, 0), 1);
  EXPECT_EQ(Percentile(values, 1), 10);
  EXPECT_EQ(Percentile(values, 0.5), 2.5);             // rank 3 * 0.5 = 1.5
  EXPECT_NEAR(Percentile(values, 0.9), 7.9, 1e-12);    // rank 2.7: 3 + 0.7 * 7
  EXPECT_NEAR(Percentile(values, 0.25), 1.75, 1e-12);  // rank 0.75
  EXPECT_EQ(Percentile(std::vector<double>{7}, 0.3), 7);
  EXPECT_THROW(Percentile({}, 0.5), std::logic_error);
  EXPECT_THROW(Percentile(values, 1.01), std::logic_error);
  EXPECT_THROW(Percentile(values, std::nan("")), std::logic_error);
}

// Deviations from the mean 5: -3 -1 -1 -1 0 0 2 4, squares sum to 32; s^2 = 32 / 7;
// standard error = sqrt(32 / 7 / 8) = sqrt(4 / 7).
TEST(EstimateMeanTest, ByHand) {
  const MeanEstimate estimate = EstimateMean(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(estimate.count, 8);
  EXPECT_EQ(estimate.mean, 5);
  EXPECT_NEAR(estimate.standard_error, std::sqrt(4.0 / 7.0), 1e-15);
}

TEST(EstimateMeanTest, FewValues) {
  EXPECT_EQ(EstimateMean({}).count, 0);
  const MeanEstimate one = EstimateMean(std::vector<double>{3});
  EXPECT_EQ(one.mean, 3);
  EXPECT_EQ(one.standard_error, 0);
}

// Large numbers that differ little: squares minus the square of the mean would leave nothing.
TEST(EstimateMeanTest, DoesNotCancel) {
  const MeanEstimate estimate = EstimateMean(std::vector<double>{1e9, 1e9 + 1, 1e9 + 2});
  EXPECT_NEAR(estimate.standard_error, std::sqrt(1.0 / 3.0), 1e-9);
}

// 8 of 10, z^2 = 3.841459: centre 0.8 + 0.192073, half width 1.959964 * sqrt(0.016 + 0.009604) =
// 0.313616, both divided by 1.384146: 0.490162 and 0.943318.
// None of 10: 0 to z^2 / (10 + z^2) = 3.841459 / 13.841459 = 0.277533.
TEST(WilsonIntervalTest, ByHand) {
  const Interval eight = WilsonInterval(8, 10);
  EXPECT_NEAR(eight.low, 0.490162, 1e-6);
  EXPECT_NEAR(eight.high, 0.943318, 1e-6);
  const Interval none = WilsonInterval(0, 10);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.277533, 1e-6);
  const Interval all = WilsonInterval(10, 10);
  EXPECT_NEAR(all.low, 1 - 0.277533, 1e-6);
  EXPECT_EQ(all.high, 1);
  const Interval nothing = WilsonInterval(0, 0);
  EXPECT_EQ(nothing.low, 0);
  EXPECT_EQ(nothing.high, 1);
  EXPECT_THROW(WilsonInterval(11, 10), std::logic_error);
  EXPECT_THROW(WilsonInterval(-1, 10), std::logic_error);
}

// How often the interval of a drawn sample holds the truth.
double WilsonCoverage(double p, int trials, double z, uint64_t seed) {
  constexpr int kSamples = 4000;
  TestRandom random(seed);
  int covered = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    int64_t successes = 0;
    for (int i = 0; i < trials; ++i) successes += random.Uniform() < p ? 1 : 0;
    const Interval interval = WilsonInterval(successes, trials, z);
    covered += interval.low <= p && p <= interval.high ? 1 : 0;
  }
  return static_cast<double>(covered) / kSamples;
}

// Counts are whole numbers, so the coverage oscillates about 95 %. Exactly, as the sum of the
// binomial probabilities of all counts whose interval holds p; 4,000 samples come within
// 3 sqrt(0.05 * 0.95 / 4000) = 1 % of it.
TEST(WilsonIntervalTest, CoversTheTruthAsOftenAsItSays) {
  struct Exact {
    double p;
    int trials;
    double coverage;
  };
  for (const auto& [p, trials, coverage] :
       {Exact{0.03, 100, 0.9688}, Exact{0.03, 300, 0.9411}, Exact{0.3, 100, 0.9372},
        Exact{0.3, 300, 0.9494}, Exact{0.5, 100, 0.9431}, Exact{0.5, 300, 0.9434},
        Exact{0.9, 100, 0.9364}, Exact{0.9, 300, 0.9575}, Exact{0.99, 100, 0.9206},
        Exact{0.99, 300, 0.9672}}) {
    EXPECT_NEAR(WilsonCoverage(p, trials, kNormal95, 11), coverage, 0.0125) << p << " " << trials;
  }
  EXPECT_LT(WilsonCoverage(0.3, 300, 1, 11), 0.75);  // the check can fail: one sigma is 68 %
}

TEST(EstimateMeanTest, TwoStandardErrorsCoverTheMean) {
  constexpr int kSamples = 4000;
  TestRandom random(12);
  int covered = 0, narrow = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> values(100);
    for (double& value : values) value = 5 + 2 * random.Normal();
    const MeanEstimate estimate = EstimateMean(values);
    const double off = std::abs(estimate.mean - 5);
    covered += off <= kNormal95 * estimate.standard_error ? 1 : 0;
    narrow += off <= 1 * estimate.standard_error ? 1 : 0;
  }
  EXPECT_NEAR(covered / double{kSamples}, 0.948, 0.012);  // Student's t with 99 degrees: 94.7 %
  EXPECT_NEAR(narrow / double{kSamples}, 0.68, 0.025);
}

// Differences 0.1, 0, 0.2: mean 0.1, s = 0.1, error 0.1 / sqrt(3) = 0.057735; ratio e^0.1 =
// 1.105171, its error 1.105171 * 0.057735 = 0.063807. Correlation: before has deviations -1 0 1,
// after -1 -0.1 1.1: 2.1 / sqrt(2 * 2.22) = 0.996616.
TEST(EstimatePairedRatioTest, ByHand) {
  const RatioEstimate estimate =
      EstimatePairedRatio(std::vector<double>{1, 2, 3}, std::vector<double>{1.1, 2.0, 3.2});
  EXPECT_NEAR(estimate.ratio, 1.105171, 1e-6);
  EXPECT_NEAR(estimate.standard_error, 0.063807, 1e-6);
  EXPECT_NEAR(estimate.correlation, 0.996616, 1e-6);
  EXPECT_THROW(EstimatePairedRatio(std::vector<double>{1}, std::vector<double>{1, 2}),
               std::logic_error);
}

TEST(EstimatePairedRatioTest, IsTheFormulaWithTheCovariance) {
  TestRandom random(13);
  std::vector<double> before(500), after(500);
  for (size_t i = 0; i < before.size(); ++i) {
    before[i] = 2 + random.Normal();
    after[i] = before[i] + 0.3 * random.Normal();
  }
  const MeanEstimate b = EstimateMean(before), a = EstimateMean(after);
  double covariance = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    covariance += (before[i] - b.mean) * (after[i] - a.mean) / 499 / 500;
  }
  const double of_log = std::sqrt(b.standard_error * b.standard_error +
                                  a.standard_error * a.standard_error - 2 * covariance);
  const RatioEstimate estimate = EstimatePairedRatio(before, after);
  EXPECT_NEAR(estimate.standard_error, estimate.ratio * of_log, 1e-12);
  EXPECT_NEAR(estimate.correlation, covariance / (b.standard_error * a.standard_error), 1e-12);
}

// Pairs that go together: the paired interval covers at its level, one without the covariance
// would always cover, being several times too wide.
TEST(EstimatePairedRatioTest, CoversTheTruthAsOftenAsItSays) {
  constexpr int kSamples = 3000;
  TestRandom random(14);
  const double truth = std::exp(0.05);
  int covered = 0, covered_unpaired = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> before(100), after(100);
    for (size_t i = 0; i < before.size(); ++i) {
      before[i] = 3 + 2 * random.Normal();
      after[i] = before[i] + 0.05 + 0.2 * random.Normal();
    }
    const RatioEstimate estimate = EstimatePairedRatio(before, after);
    const double off = std::abs(estimate.ratio - truth);
    covered += off <= kNormal95 * estimate.standard_error ? 1 : 0;
    const double unpaired = estimate.ratio * std::hypot(EstimateMean(before).standard_error,
                                                        EstimateMean(after).standard_error);
    covered_unpaired += off <= kNormal95 * unpaired ? 1 : 0;
  }
  EXPECT_NEAR(covered / double{kSamples}, 0.948, 0.014);
  EXPECT_EQ(covered_unpaired, kSamples);
}

TEST(SpreadTest, ByHand) {
  const Spread spread = SpreadOf({3, -1, 1, -3, 0});
  EXPECT_EQ(spread.count, 5);
  EXPECT_EQ(spread.mean, 0);
  EXPECT_EQ(spread.rms, 2);                      // sqrt(20 / 5)
  EXPECT_NEAR(spread.standard_error, 1, 1e-15);  // sqrt(20 / 4 / 5)
  EXPECT_EQ(spread.min, -3);
  EXPECT_EQ(spread.p25, -1);
  EXPECT_EQ(spread.p50, 0);
  EXPECT_EQ(spread.p75, 1);
  EXPECT_NEAR(spread.p95, 2.6, 1e-12);  // rank 3.8: 1 + 0.8 * 2
  EXPECT_EQ(spread.max, 3);
  EXPECT_EQ(SpreadOf({}), Spread());
  EXPECT_THROW(SpreadOf({1, std::nan("")}), std::logic_error);
}

}  // namespace
}  // namespace deltagauge
