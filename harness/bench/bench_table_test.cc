#include "harness/bench/bench_table.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;

TEST(RenderTableTest, PadsToTheWidestCell) {
  EXPECT_EQ(RenderTable({{"what", "x"}, {"a", "12345"}, {"longer", ""}}),
            "| what   | x     |\n"
            "| ------ | ----- |\n"
            "| a      | 12345 |\n"
            "| longer |       |\n");
}

Comparison SpeedupOfTwo() {
  Comparison comparison;
  comparison.what = "this against that";
  comparison.target = Target{Sense::kAtLeast, 2};
  return comparison;
}

TEST(ComparisonRowTest, Measured) {
  ComparisonResult result;
  result.verdict = Verdict::kPassed;
  result.estimate = {2.5, 2.25, 2.75, 0.012};
  result.note = "10 ns";
  Comparison comparison = SpeedupOfTwo();
  EXPECT_THAT(ComparisonRow(comparison, result),
              ElementsAre("this against that", ">= 2.00 x", "2.500 x", "2.250 to 2.750", "1.2 %",
                          "met", "10 ns"));
  result.verdict = Verdict::kFailed;
  EXPECT_EQ(ComparisonRow(comparison, result)[5], "missed");
  result.verdict = Verdict::kInconclusive;
  EXPECT_EQ(ComparisonRow(comparison, result)[5], "undecided");
  comparison.target.reset();
  comparison.quantity = Quantity::kPercent;
  result.verdict = Verdict::kPassed;
  EXPECT_THAT(ComparisonRow(comparison, result),
              ElementsAre("this against that", "-", "2.5 %", "2.2 to 2.8", "1.2 %", "-", "10 ns"));
}

TEST(ComparisonRowTest, WithoutAFigure) {
  ComparisonResult result;
  result.reason = "built without libtorch";
  EXPECT_THAT(ComparisonRow(SpeedupOfTwo(), result),
              ElementsAre("this against that", ">= 2.00 x", "-", "-", "-", "skipped",
                          "built without libtorch"));
  result.verdict = Verdict::kInvalid;
  EXPECT_EQ(ComparisonRow(SpeedupOfTwo(), result)[5], "invalid");
}

TEST(ComparisonRowTest, FitsItsHead) {
  EXPECT_EQ(ComparisonRow(SpeedupOfTwo(), ComparisonResult()).size(), ComparisonHead().size());
}

TEST(CountVerdictsTest, OfTargetsOnly) {
  std::vector<Comparison> comparisons(6, SpeedupOfTwo());
  comparisons[5].target.reset();
  std::vector<ComparisonResult> results(6);
  results[0].verdict = Verdict::kPassed;
  results[1].verdict = Verdict::kFailed;
  results[2].verdict = Verdict::kInconclusive;
  results[3].verdict = Verdict::kError;
  results[4].verdict = Verdict::kSkipped;
  results[5].verdict = Verdict::kPassed;
  EXPECT_EQ(CountVerdicts(comparisons, results),
            "met 1, missed 1, undecided 1, invalid 1, skipped 1");
}

TEST(BenchExitCodeTest, OnlyWhatCannotBeBelieved) {
  const auto code = [](std::vector<Verdict> verdicts) { return BenchExitCode(verdicts); };
  EXPECT_EQ(code({}), kExitPass);
  EXPECT_EQ(code({Verdict::kPassed, Verdict::kFailed, Verdict::kInconclusive, Verdict::kSkipped}),
            kExitPass);
  EXPECT_EQ(code({Verdict::kInvalid, Verdict::kPassed}), kExitInvalid);
  EXPECT_EQ(code({Verdict::kInvalid, Verdict::kError}), kExitInternal);
}

}  // namespace
}  // namespace deltagauge
