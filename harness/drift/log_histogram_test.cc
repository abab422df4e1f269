#include "harness/drift/log_histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

double Exact(const std::vector<double>& sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

TEST(LogHistogramTest, IsWithinItsErrorOverItsRange) {
  TestRandom random(3);
  std::vector<double> values;
  for (int i = 0; i < 20011; ++i) values.push_back(std::exp2(-80 + 128 * random.Uniform()));
  LogHistogram histogram;
  histogram.Add(values);
  std::sort(values.begin(), values.end());
  for (const double share : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const double exact = Exact(values, share);
    EXPECT_NEAR(histogram.Percentile(share), exact, LogHistogram::kRelativeError * exact) << share;
  }
  EXPECT_EQ(histogram.Count(), 20011);
}

TEST(LogHistogramTest, FindsOneOutlierInAThousand) {
  std::vector<double> values(1000, 1e-6);
  values[500] = 3;
  LogHistogram histogram;
  histogram.Add(values);
  EXPECT_NEAR(histogram.Percentile(0.5), 1e-6, 4e-9);
  EXPECT_NEAR(histogram.Percentile(0.9991), 3, 0.012);
}

TEST(LogHistogramTest, TheRestCountsAsZeroOrAsTheLastBucket) {
  LogHistogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5), 0);
  histogram.Add(std::vector<double>{0, 1e-300, 5e-324, 0x1.fffffp-81});
  EXPECT_EQ(histogram.Percentile(1), 0);
  histogram.Add(std::vector<double>{LogHistogram::kSmallest});
  EXPECT_GT(histogram.Percentile(1), 0);
  histogram.Add(std::vector<double>{1e300, 1.7e308});
  EXPECT_NEAR(histogram.Percentile(1), LogHistogram::kLargest, 0.01 * LogHistogram::kLargest);
  EXPECT_EQ(histogram.Count(), 7);
}

TEST(LogHistogramTest, MergedEqualsOne) {
  TestRandom random(4);
  LogHistogram one, left, right;
  for (int i = 0; i < 1000; ++i) {
    const std::vector<double> value = {std::abs(random.Normal())};
    one.Add(value);
    (i % 3 == 0 ? left : right).Add(value);
  }
  right.Merge(left);
  EXPECT_EQ(right.Count(), 1000);
  for (const double share : {0.01, 0.1, 0.5, 0.999}) {
    EXPECT_EQ(right.Percentile(share), one.Percentile(share));
    EXPECT_NE(left.Percentile(0.01), left.Percentile(0.99));
  }
}

}  // namespace
}  // namespace deltagauge
