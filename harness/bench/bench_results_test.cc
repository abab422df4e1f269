#include "harness/bench/bench_results.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

TEST(DefectOfResultTest, FindsWhatMustNotBeTimed) {
  EXPECT_EQ(DefectOfResult(std::vector<float>{0, 1, -2}), "");
  EXPECT_EQ(DefectOfResult(std::vector<float>{0, 1, NAN}), "holds NaN or Inf at element 2");
  EXPECT_EQ(DefectOfResult(std::vector<float>{1, -INFINITY, 3}), "holds NaN or Inf at element 1");
  EXPECT_EQ(DefectOfResult(std::vector<float>{0, -0.0f}), "is all zero");
  EXPECT_EQ(DefectOfResult({}), "is empty");
}

TEST(RelativeRmsDifferenceTest, OfKnownValues) {
  const std::vector<float> b = {3, 4};
  EXPECT_EQ(RelativeRmsDifference(b, b), 0);
  EXPECT_DOUBLE_EQ(RelativeRmsDifference(std::vector<float>{3, 4.5f}, b), 0.1);
  EXPECT_TRUE(std::isnan(RelativeRmsDifference(std::vector<float>{3}, b)));
  EXPECT_TRUE(std::isnan(RelativeRmsDifference({}, {})));
}

}  // namespace
}  // namespace deltagauge
