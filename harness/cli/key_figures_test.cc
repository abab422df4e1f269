#include "harness/cli/key_figures.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

CaseReport KernelCaseReport(const std::string& dtype, double error) {
  CaseReport c;
  c.kind = "kernel";
  c.status = Verdict::kPassed;
  TensorResult tensor;
  tensor.dtype = dtype;
  tensor.result.rel_rmse = error;
  tensor.reference_rel_rmse = 5e-7;
  c.correctness = CorrectnessResult{};
  c.correctness->tensors = {tensor};
  return c;
}

TEST(KeyFiguresTest, NothingRanSaysNothing) {
  Report report;
  EXPECT_EQ(FormatKeyFigures(report), "");
  report.cases = {KernelCaseReport("float32", 1e-7)};
  report.cases[0].status = Verdict::kSkipped;
  EXPECT_EQ(FormatKeyFigures(report), "");
}

TEST(KeyFiguresTest, TheWorstKernelErrorOfEachType) {
  Report report;
  report.cases = {KernelCaseReport("float32", 1e-7), KernelCaseReport("float32", 4e-7),
                  KernelCaseReport("bfloat16", 2e-3)};
  EXPECT_EQ(FormatKeyFigures(report),
            "kernel     3 cases; float32 error 4e-07 (references 5e-07); bfloat16 error 0.002 "
            "(references 5e-07)\n");
  report.cases.push_back(KernelCaseReport("float32", std::numeric_limits<double>::quiet_NaN()));
  EXPECT_THAT(FormatKeyFigures(report), HasSubstr("float32 error nan"));
}

TEST(KeyFiguresTest, SeveralCandidatesAreToldApart) {
  Report report;
  report.cases = {KernelCaseReport("float32", 1e-7), KernelCaseReport("float32", 4e-7),
                  KernelCaseReport("float32", 2e-7)};
  report.cases[0].candidate = report.cases[2].candidate = "fused";
  report.cases[1].candidate = "theirs";
  report.arms = {{.name = "eager", .role = "baseline", .version = "", .description = ""}};
  EXPECT_EQ(FormatKeyFigures(report),
            "-- fused\nkernel     2 cases; float32 error 2e-07 (references 5e-07)\n"
            "-- theirs\nkernel     1 case; float32 error 4e-07 (references 5e-07)\n"
            "-- against eager\n");
}

TEST(KeyFiguresTest, ASpeedupComesWithIntervalAndNoise) {
  Report report;
  CaseReport c;
  c.kind = "prefill";
  c.status = Verdict::kPassed;
  c.params = {{"tokens", "512"}, {"dtype", "bfloat16"}, {"threads", "2"}};
  c.performance = TimingResult{};
  c.performance->n = 9;
  c.performance->speedup = {
      .point = 2.5, .ci_lo = 2.25, .ci_hi = 2.75, .level = 0.95, .method = ""};
  c.performance->noise.aa_floor = 0.02;
  c.performance->peak_share = 0.5;
  report.cases = {c};
  EXPECT_EQ(FormatKeyFigures(report),
            "speedup    prefill of 512 tokens, bfloat16, 2 threads: 2.50 x (2.25 to 2.75), noise "
            "2.0 %, 50 % of peak\n");
  report.cases[0].params["threads"] = "1";
  EXPECT_THAT(FormatKeyFigures(report), HasSubstr("bfloat16, 1 thread: "));
  report.cases[0].performance->n = 0;
  EXPECT_THAT(FormatKeyFigures(report), Not(HasSubstr("speedup")));
}

TEST(KeyFiguresTest, GreedyNamesTextAndType) {
  Report report;
  CaseReport c;
  c.kind = "greedy";
  c.status = Verdict::kPassed;
  c.params = {{"text", "builtin:pydoc"}, {"dtype", "float32"}};
  GreedySummary& summary = c.greedy.emplace().summary;
  summary.prompts = 8;
  summary.identical = 7;
  summary.tie_break = 1;
  report.cases = {c};
  EXPECT_EQ(FormatKeyFigures(report),
            "greedy     builtin:pydoc, float32: 7 of 8 continuations identical, 1 parted at a tie, "
            "0 diverged\n");
  report.cases[0].params.erase("text");
  EXPECT_THAT(FormatKeyFigures(report), HasSubstr("a prompt, float32: 7 of 8"));
}

}  // namespace
}  // namespace deltagauge
