#include "harness/kernel/comparison.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TensorComparison Compare(const std::vector<double>& truth, const std::vector<float>& result,
                         const ComparisonOptions& options = {}) {
  return CompareTensors(truth, result, options);
}

TEST(ComparisonTest, ErrorsByHand) {
  // Errors 0, 1, 0, -2: RMS sqrt(5/4); truth 3, 4, 0, 12: RMS sqrt(169/4).
  const TensorComparison c = Compare({3, 4, 0, 12}, {3, 5, 0, 10});
  EXPECT_EQ(c.count, 4);
  EXPECT_DOUBLE_EQ(c.rel_rmse, std::sqrt(5.0 / 169.0));
  EXPECT_DOUBLE_EQ(c.nmse, 5.0 / 169.0);
  EXPECT_EQ(c.max_abs_error, 2);
  EXPECT_EQ(c.max_abs_error_index, 3);
  EXPECT_DOUBLE_EQ(c.truth_rms, 6.5);
  EXPECT_EQ(c.truth_max_abs, 12);
  EXPECT_EQ(c.truth_zero_count, 1);
  EXPECT_EQ(c.zero_count, 1);
}

TEST(ComparisonTest, EachGroupIsMeasuredByItself) {
  // One of four heads is off by a tenth: half of that over all.
  ComparisonOptions options;
  options.group_begins = {0, 2, 4, 6, 8};
  TensorComparison c = Compare({1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1.1f, 1.1f, 1, 1, 1, 1}, options);
  EXPECT_NEAR(c.rel_rmse, 0.05, 1e-7);
  EXPECT_NEAR(c.worst_group_rel_rmse, 0.1, 1e-7);
  EXPECT_EQ(c.worst_group, 1);
  // A head of small numbers, entirely wrong, is held against the whole.
  options.group_begins = {0, 2, 4};
  c = Compare({1, 1, 1e-3, 1e-3}, {1, 1, 0, 0}, options);
  EXPECT_NEAR(c.worst_group_rel_rmse, 1e-3 / std::sqrt(0.5), 1e-7);
}

TEST(ComparisonTest, ToleranceHasThreeTerms) {
  const std::vector<double> truth = {100, 1};
  const std::vector<float> result = {100, 1.5f};
  ComparisonOptions options;
  EXPECT_EQ(Compare(truth, result, options).violations, 1);
  EXPECT_EQ(Compare(truth, result, options).first_violation, 1);
  options.tolerance = {.of_largest = 0.004, .relative = 0.09, .ulps = 0};
  EXPECT_EQ(Compare(truth, result, options).violations, 1);
  options.tolerance = {.of_largest = 0.004, .relative = 0.11, .ulps = 0};
  EXPECT_EQ(Compare(truth, result, options).violations, 0);
  options.destination = DataType::kBFloat16;  // neighbours of 1 are 2^-7 away
  options.tolerance = {.of_largest = 0, .relative = 0, .ulps = 63};
  EXPECT_EQ(Compare(truth, result, options).violations, 1);
  options.tolerance.ulps = 64;
  EXPECT_EQ(Compare(truth, result, options).violations, 0);
}

TEST(ComparisonTest, UlpsOfBothTypes) {
  const float next = std::nextafter(1.0f, 2.0f);
  TensorComparison c = Compare({1, 1, 1, 1}, {1, 1, next, 1.0f + 8 * 0x1p-23f});
  EXPECT_EQ(c.ulp_p50, 0);
  EXPECT_EQ(c.ulp_max, 8);
  c = Compare({1.75}, {1.75f + 0x1p-7f}, {DataType::kBFloat16, {}, {}});
  EXPECT_EQ(c.ulp_max, 1);
  // Half a unit is the best that rounding can do.
  EXPECT_EQ(Compare({1.0 + 0x1p-24}, {1.0f}).ulp_max, 0.5);
}

TEST(ComparisonTest, UlpsLeaveOutWhatIsNearZero) {
  EXPECT_EQ(Compare({1, 1e-4}, {1, 2e-4f}).ulp_max, 0);
  EXPECT_GT(Compare({1, 1e-2}, {1, 2e-2f}).ulp_max, 1e6);
}

TEST(ComparisonTest, DenormalsAreMeasuredAgainstTheSmallestNormal) {
  // Truth 2^-140, off by one denormal step: relative to 2^-126 that is 2^-23, not 2^-9.
  const TensorComparison c = Compare({0x1p-140, 0x1p-140}, {0x1p-140f + 0x1p-149f, 0x1p-140f});
  EXPECT_DOUBLE_EQ(c.rel_rmse, 0x1p-23 / std::sqrt(2.0));
  EXPECT_EQ(c.denormal_count, 2);
  ComparisonOptions options;
  options.tolerance.of_largest = 1e-6;  // of 2^-126: eight steps
  EXPECT_EQ(Compare({0x1p-140}, {0x1p-140f + 0x1p-146f}, options).violations, 0);
  EXPECT_EQ(Compare({0x1p-140}, {0x1p-140f + 0x1p-145f}, options).violations, 1);
  // Flushing to zero is found as long as it matters.
  EXPECT_GT(Compare({0x1p-127, 0x1p-127}, {0, 0}).rel_rmse, 0.4);
}

TEST(ComparisonTest, NonFiniteResultsAreMismatches) {
  const TensorComparison c = Compare({1, 2, 3, 4}, {1, kNaN, kInf, 4});
  EXPECT_EQ(c.non_finite_mismatches, 2);
  EXPECT_EQ(c.first_non_finite_mismatch, 1);
  EXPECT_EQ(c.nan_count, 1);
  EXPECT_EQ(c.inf_count, 1);
  EXPECT_EQ(c.rel_rmse, 0);  // of the finite elements
}

TEST(ComparisonTest, NonFiniteTruthWantsANonFiniteResult) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Compare({inf, nan, nan, -inf}, {kInf, kNaN, -kInf, kNaN}).non_finite_mismatches, 0);
  EXPECT_EQ(Compare({inf}, {-kInf}).non_finite_mismatches, 1);
  EXPECT_EQ(Compare({nan, inf}, {0, 3}).non_finite_mismatches, 2);
  EXPECT_EQ(Compare({nan, 1}, {kNaN, 1}).truth_non_finite_count, 1);
}

TEST(ComparisonTest, TruthBeyondTheTypeIsARightfulInf) {
  EXPECT_EQ(Compare({1e39, -1e39}, {kInf, -kInf}).non_finite_mismatches, 0);
  EXPECT_EQ(Compare({1e39}, {3e38f}).non_finite_mismatches, 1);
  // Above the largest bfloat16, below the largest float32.
  EXPECT_EQ(Compare({3.4e38}, {kInf}, {DataType::kBFloat16, {}, {}}).non_finite_mismatches, 0);
  EXPECT_EQ(Compare({3.4e38}, {kInf}).non_finite_mismatches, 1);
}

TEST(ComparisonTest, ConstantTruthIsSeen) {
  EXPECT_TRUE(Compare({2, 2, 2}, {2, 2, 2}).truth_is_constant);
  EXPECT_FALSE(Compare({2, 2, 1}, {2, 2, 1}).truth_is_constant);
  EXPECT_FALSE(Compare({2}, {2}).truth_is_constant);
}

TEST(ComparisonTest, TruthTooSmallForTheTypeCountsAsZero) {
  EXPECT_EQ(Compare({1, 1e-50, 0, 1e-40}, {1, 0, 0, 1e-40f}).truth_zero_count, 2);
  EXPECT_EQ(Compare({1, 1e-41}, {1, 0}, {DataType::kBFloat16, {}, {}}).truth_zero_count, 1);
}

TEST(ComparisonTest, EmptyTensorsHaveNoFigures) {
  const TensorComparison c = Compare({}, {});
  EXPECT_EQ(c.count, 0);
  EXPECT_EQ(c.max_abs_error_index, -1);
  EXPECT_FALSE(c.truth_is_constant);
}

}  // namespace
}  // namespace deltagauge
