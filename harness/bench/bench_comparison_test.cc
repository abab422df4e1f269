#include "harness/bench/bench_comparison.h"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

TEST(EstimateTest, FromLogRatios) {
  PairedSamples samples;
  for (int i = 0; i < 20; ++i) {
    samples.log_ratios.push_back(std::log(2.0) + 0.01 * (i - 9.5));
    samples.same_log_ratios.push_back(0.03);
  }
  const Estimate speedup = EstimateOf(Quantity::kSpeedup, samples);
  EXPECT_DOUBLE_EQ(speedup.point, 2);
  EXPECT_NEAR(speedup.low, 2 * std::exp(-0.045), 1e-9);  // ranks 6 and 15
  EXPECT_NEAR(speedup.high, 2 * std::exp(0.045), 1e-9);
  EXPECT_NEAR(speedup.noise, std::exp(0.03) - 1, 1e-9);
  const Estimate ratio = EstimateOf(Quantity::kTimeRatio, samples);
  EXPECT_DOUBLE_EQ(ratio.point, 0.5);
  EXPECT_LT(ratio.low, ratio.point);
  EXPECT_GT(ratio.high, ratio.point);
  EXPECT_DOUBLE_EQ(EstimateOf(Quantity::kPercent, samples).point, 200);
}

TEST(JudgeTest, WholeIntervalAndMoreThanNoise) {
  const Target at_least{Sense::kAtLeast, 2};
  const Target at_most{Sense::kAtMost, 2};
  const auto judge = [](const Target& target, double point, double spread, double noise) {
    return Judge(target, {point, point - spread, point + spread, noise});
  };
  EXPECT_EQ(judge(at_least, 2.2, 0.1, 0.01), Verdict::kPassed);
  EXPECT_EQ(judge(at_most, 2.2, 0.1, 0.01), Verdict::kFailed);
  EXPECT_EQ(judge(at_least, 1.8, 0.1, 0.01), Verdict::kFailed);
  EXPECT_EQ(judge(at_most, 1.8, 0.1, 0.01), Verdict::kPassed);
  EXPECT_EQ(judge(at_least, 2.2, 0.3, 0.01), Verdict::kInconclusive);  // reaches over the bound
  EXPECT_EQ(judge(at_least, 2.2, 0.1, 0.15), Verdict::kInconclusive);  // could be noise
  EXPECT_EQ(judge(at_most, 2.2, 0.1, 0.15), Verdict::kInconclusive);
  EXPECT_EQ(judge(at_least, NAN, 0.1, 0.01), Verdict::kInconclusive);
}

TEST(DescribeTargetTest, InItsUnit) {
  EXPECT_EQ(DescribeTarget(Quantity::kSpeedup, {Sense::kAtLeast, 5.5}), ">= 5.50 x");
  EXPECT_EQ(DescribeTarget(Quantity::kTimeRatio, {Sense::kAtMost, 1.25}), "<= 1.25 x");
  EXPECT_EQ(DescribeTarget(Quantity::kPercent, {Sense::kAtLeast, 60}), ">= 60 %");
}

struct FakeCall final : TimedCall {
  FakeCall(double& now, double ns, std::vector<float> result)
      : now_ns(now), run_ns(ns), output(std::move(result)) {}

  std::string Name() const override { return "fake"; }
  double UnitsPerRun() const override { return 2; }
  void Run() override {
    if (fails) throw std::runtime_error("the operator broke");
    now_ns += run_ns * (1 + jitter * std::sin(13.0 * ++runs));
  }
  std::string Defect() const override { return defect; }
  std::span<const float> Output() const override { return output; }

  double& now_ns;
  double run_ns;
  std::vector<float> output;
  std::string defect;
  double jitter = 0;  // relative, different at each run
  int runs = 0;
  bool fails = false;
};

class RunComparisonTest : public testing::Test {
 protected:
  RunComparisonTest() {
    plan_.quads = 6;
    comparison_.target = Target{Sense::kAtLeast, 2};
    comparison_.agreement = Agreement::kSameOutput;
    comparison_.make = [this] { return CallPair{std::move(a_), std::move(b_)}; };
  }

  ComparisonResult Run() {
    return RunComparison(comparison_, plan_, [this] { return static_cast<int64_t>(now_ns_); });
  }

  double now_ns_ = 0;
  RoundPlan plan_;
  std::unique_ptr<FakeCall> a_ =
      std::make_unique<FakeCall>(now_ns_, 1e6, std::vector<float>{1.0f, 2.0f});
  std::unique_ptr<FakeCall> b_ =
      std::make_unique<FakeCall>(now_ns_, 3e6, std::vector<float>{1.0f, 2.00001f});
  Comparison comparison_;
};

TEST_F(RunComparisonTest, MeasuresAndNotes) {
  comparison_.note = [](const PairedTimes& times) {
    return std::to_string(times.a_ns) + " " + std::to_string(times.b_ns);
  };
  const ComparisonResult result = Run();
  EXPECT_EQ(result.verdict, Verdict::kPassed) << result.reason;
  EXPECT_NEAR(result.estimate.point, 3, 1e-6);
  EXPECT_EQ(result.note, "500000.000000 1500000.000000");
}

TEST_F(RunComparisonTest, MissesATarget) {
  comparison_.target = Target{Sense::kAtLeast, 4};
  EXPECT_EQ(Run().verdict, Verdict::kFailed);
}

TEST_F(RunComparisonTest, DifferentResultsAreNotCompared) {
  b_->output[1] = 2.001f;
  const ComparisonResult result = Run();
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_THAT(result.reason, HasSubstr("outputs differ by 4.5e-04"));
}

TEST_F(RunComparisonTest, MissingOrNanOutputsAreNotCompared) {
  b_->output[1] = NAN;
  EXPECT_EQ(Run().verdict, Verdict::kInvalid);
  a_ = std::make_unique<FakeCall>(now_ns_, 1e6, std::vector<float>{});
  b_ = std::make_unique<FakeCall>(now_ns_, 1e6, std::vector<float>{});
  EXPECT_EQ(Run().verdict, Verdict::kInvalid);
}

TEST_F(RunComparisonTest, ADefectOfEitherCallEndsIt) {
  b_->defect = "output 0 holds NaN or Inf at element 3";
  const ComparisonResult result = Run();
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.reason, "fake: output 0 holds NaN or Inf at element 3");
}

TEST_F(RunComparisonTest, FasterThanPossibleIsInvalid) {
  comparison_.possible = Target{Sense::kAtMost, 2.9};
  const ComparisonResult result = Run();
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.reason, "measured 3, and only <= 2.90 x is possible");
}

TEST_F(RunComparisonTest, ExceptionsAreErrors) {
  a_->fails = true;
  const ComparisonResult result = Run();
  EXPECT_EQ(result.verdict, Verdict::kError);
  EXPECT_EQ(result.reason, "the operator broke");
}

TEST_F(RunComparisonTest, AbsentIsSkippedWithItsReason) {
  comparison_.absent = "built without libtorch";
  const ComparisonResult result = Run();
  EXPECT_EQ(result.verdict, Verdict::kSkipped);
  EXPECT_EQ(result.reason, "built without libtorch");
  EXPECT_NE(a_, nullptr);  // not even made
}

TEST_F(RunComparisonTest, MeasuresAgainWhatIsUndecided) {
  int calls = 0;
  plan_.warm_up_ns = 0;
  plan_.batch_ns = 1;
  plan_.batches = 1;
  b_->jitter = 0.2;
  comparison_.target = Target{Sense::kAtLeast, 3};  // exactly what it is
  comparison_.note = [&](const PairedTimes&) { return std::to_string(++calls); };
  const double start = now_ns_;
  EXPECT_EQ(Run().verdict, Verdict::kInconclusive);
  const double undecided_ns = now_ns_ - start;
  EXPECT_EQ(calls, 1);

  a_ = std::make_unique<FakeCall>(now_ns_, 1e6, std::vector<float>{1.0f});
  b_ = std::make_unique<FakeCall>(now_ns_, 3e6, std::vector<float>{1.0f});
  comparison_.target = Target{Sense::kAtLeast, 2};
  const double second_start = now_ns_;
  EXPECT_EQ(Run().verdict, Verdict::kPassed);
  EXPECT_GT(undecided_ns, 1.3 * (now_ns_ - second_start));
}

}  // namespace
}  // namespace deltagauge
