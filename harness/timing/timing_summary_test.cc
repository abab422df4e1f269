#include "harness/timing/timing_summary.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

// 30 A/B quads, 15 of A alone, nothing disturbed.
QuadSamples CalmSamples() {
  QuadSamples samples;
  for (int i = 0; i < 30; ++i) {
    const double wobble = i % 2 == 0 ? 1e-3 : -1e-3;
    samples.order.push_back("ABBA");
    samples.log_ratios.push_back(std::log(2.0) + wobble);
    samples.a_ns.insert(samples.a_ns.end(), {1e6, 1.1e6});
    samples.b_ns.insert(samples.b_ns.end(), {2e6, 2.2e6});
    samples.control_log_ratios.push_back(wobble);
    samples.control_is_of_ab.push_back(true);
    samples.control_ns.push_back(4e5);
    if (i % 2 != 0) continue;
    samples.order.push_back("AAAA");
    samples.same_log_ratios.push_back(i % 4 == 0 ? 1e-3 : -1e-3);
    samples.control_log_ratios.push_back(0);
    samples.control_is_of_ab.push_back(false);
    samples.control_ns.push_back(4e5);
  }
  return samples;
}

TEST(SummarizeArmTest, ByHand) {
  ArmTiming arm;
  arm.units_per_run = 512;
  SummarizeArm(std::vector<double>{4e6, 1e6, 3e6, 2e6}, &arm);
  EXPECT_DOUBLE_EQ(arm.median_ns, 2.5e6);
  EXPECT_DOUBLE_EQ(arm.min_ns, 1e6);
  EXPECT_DOUBLE_EQ(arm.p10_ns, 1.3e6);
  EXPECT_DOUBLE_EQ(arm.p90_ns, 3.7e6);
  EXPECT_DOUBLE_EQ(arm.iqr_ns, 1.5e6);
  EXPECT_NEAR(arm.cv, std::sqrt(5.0 / 3) / 2.5, 1e-12);
  EXPECT_DOUBLE_EQ(arm.units_per_second, 512 / 2.5e-3);
  EXPECT_THAT(arm.samples_ns, ::testing::ElementsAre(4e6, 1e6, 3e6, 2e6));
}

TEST(SummarizeNoiseTest, CalmIsNotContaminated) {
  const TimingNoise noise = SummarizeNoise(CalmSamples(), 0.95);
  EXPECT_FALSE(noise.contaminated);
  EXPECT_FALSE(noise.throttled);
  EXPECT_EQ(noise.n_aa, 15);
  EXPECT_LE(noise.aa_floor, 1.001e-3);
  EXPECT_GT(noise.aa_floor, 0);
  EXPECT_EQ(noise.disturbed_quads, 0);
  EXPECT_DOUBLE_EQ(noise.control_drift, 1);
}

// A fifth of the quads off by 30 %: told, but the median holds.
TEST(SummarizeNoiseTest, SingleBlipsDoNotContaminate) {
  QuadSamples samples = CalmSamples();
  for (size_t i = 0; i < samples.control_log_ratios.size(); i += 5) {
    samples.control_log_ratios[i] = 0.3;
  }
  const TimingNoise noise = SummarizeNoise(samples, 0.95);
  EXPECT_FALSE(noise.contaminated);
  EXPECT_NEAR(noise.disturbed_quads, 0.2, 1e-12);
}

TEST(SummarizeNoiseTest, AControlThatFollowsTheArmsContaminates) {
  for (const double shift : {std::log(1.021), std::log(0.979)}) {
    QuadSamples samples = CalmSamples();
    for (size_t i = 0; i < samples.control_log_ratios.size(); ++i) {
      if (samples.control_is_of_ab[i]) samples.control_log_ratios[i] = shift;
    }
    EXPECT_TRUE(SummarizeNoise(samples, 0.95).contaminated);
    EXPECT_NEAR(SummarizeNoise(samples, 0.95).control_ratio, std::exp(shift), 1e-12);
  }
}

// Half of the quads off upwards, the others about right: the median may be anywhere.
TEST(SummarizeNoiseTest, ANoisyControlProvesNothing) {
  QuadSamples samples = CalmSamples();
  for (size_t i = 0; i < samples.control_log_ratios.size(); ++i) {
    samples.control_log_ratios[i] = i % 5 < 3 ? 0.05 : -0.01;
  }
  const TimingNoise noise = SummarizeNoise(samples, 0.95);
  EXPECT_GT(noise.control_ratio, 1.02);
  EXPECT_FALSE(noise.contaminated);
  EXPECT_GT(noise.disturbed_quads, 0.5);
}

TEST(SummarizeNoiseTest, Throttling) {
  QuadSamples samples = CalmSamples();
  for (size_t i = 30; i < samples.control_ns.size(); ++i) samples.control_ns[i] *= 1.49;
  EXPECT_FALSE(SummarizeNoise(samples, 0.95).throttled);
  for (size_t i = 30; i < samples.control_ns.size(); ++i) samples.control_ns[i] *= 1.05;
  EXPECT_TRUE(SummarizeNoise(samples, 0.95).throttled);
}

TEST(SummarizeTimingTest, Ratios) {
  const QuadSamples samples = CalmSamples();
  TimingResult result;
  result.a.units_per_run = result.b.units_per_run = 10;
  SummarizeTiming(samples, MedianIntervalAt(samples.log_ratios, 0.9875),
                  {.confidence = 0.9875, .overall = 0.95, .number = 2, .of = 4},
                  {.flops_per_run = 1.05e6,
                   .bytes_per_run = 2.1e6,
                   .peak_flops_per_s = 10e9,
                   .peak_bytes_per_s = 4e9},
                  &result);
  EXPECT_EQ(result.n, 30);
  EXPECT_NEAR(result.speedup.point, 2, 2e-3);
  EXPECT_LT(result.speedup.ci_lo, 2);
  EXPECT_GT(result.speedup.ci_hi, 2);
  EXPECT_EQ(result.speedup.level, 0.95);
  EXPECT_EQ(result.speedup.method, "order statistics 8 and 23 of 30, look 2 of 4");
  EXPECT_DOUBLE_EQ(result.min_ratio, 2);
  EXPECT_DOUBLE_EQ(result.median_ratio, 2);
  EXPECT_DOUBLE_EQ(result.tests.cliffs_delta, 1);
  EXPECT_LT(result.tests.wilcoxon_p, 1e-6);
  EXPECT_LT(result.tests.mwu_p, 1e-6);
  EXPECT_FALSE(result.suspicious);
  EXPECT_DOUBLE_EQ(*result.gflops, 1);
  EXPECT_DOUBLE_EQ(*result.gbps, 2);
  EXPECT_DOUBLE_EQ(*result.peak_share, 0.5);  // of the bandwidth: the larger share
}

TEST(SummarizeTimingTest, MoreThanTenTimesIsSuspicious) {
  for (const double log_ratio : {std::log(10.1), -std::log(10.1)}) {
    QuadSamples samples = CalmSamples();
    for (double& value : samples.log_ratios) value = log_ratio;
    TimingResult result;
    SummarizeTiming(samples, MedianIntervalAt(samples.log_ratios, 0.95), {}, {}, &result);
    EXPECT_TRUE(result.suspicious);
    EXPECT_FALSE(result.gflops.has_value());
    EXPECT_FALSE(result.peak_share.has_value());
  }
}

}  // namespace
}  // namespace deltagauge
