#include "harness/timing/timing_experiment.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/timing/timing_experiment_run.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ExperimentRun RunWith(const std::string& series, double planted, Verdict verdict,
                      TimingOutcome outcome, double speedup = 1) {
  return {.series = series,
          .planted = planted,
          .seed = 7,
          .verdict = verdict,
          .outcome = outcome,
          .speedup = speedup,
          .ci_lo = 0.99,
          .ci_hi = 1.01,
          .quads = 30,
          .aa_floor = 0.002,
          .control_ratio = 1,
          .spent_s = 2.5};
}

// 199 that pass, and one that `last` says.
std::vector<ExperimentRun> TwoHundred(const ExperimentRun& last) {
  std::vector<ExperimentRun> runs(
      199, RunWith("quiet", 0, Verdict::kPassed, TimingOutcome::kEquivalent));
  runs.push_back(last);
  return runs;
}

TEST(ExperimentLineTest, ParsesBack) {
  const ExperimentRun run =
      RunWith("loaded", 0.03, Verdict::kFailed, TimingOutcome::kTargetMissed, 0.9707);
  EXPECT_EQ(ExperimentLine(run),
            "loaded 0.03 7 failed target-missed 0.9707 0.99 1.01 30 0.002 1 2.5");
  std::istringstream lines("# comment\n\n" + ExperimentLine(run) + "\n");
  EXPECT_THAT(ReadExperimentLines(lines, "x"), ElementsAre(run));
}

TEST(ExperimentLineTest, BadLinesAreNamed) {
  const auto message = [](const std::string& line) -> std::string {
    std::istringstream lines("# runs\n" + line + "\n");
    try {
      ReadExperimentLines(lines, "runs.txt");
    } catch (const reference::InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("quiet 0 7 passed"), HasSubstr("runs.txt:2: expected 12 words"));
  EXPECT_THAT(message("quiet 0 7 passed equivalent 1 1 1 30 0 1 2 3"), HasSubstr("12 words"));
  EXPECT_THAT(message("quiet 0 7 good equivalent 1 1 1 30 0 1 2"),
              HasSubstr("'good equivalent' is no verdict"));
  EXPECT_THAT(message("quiet 0 7 passed fine 1 1 1 30 0 1 2"), HasSubstr("no verdict"));
}

TEST(SummarizeExperimentTest, Counts) {
  std::vector<ExperimentRun> runs = {
      RunWith("quiet", 0, Verdict::kPassed, TimingOutcome::kEquivalent),
      RunWith("quiet", 0, Verdict::kPassed, TimingOutcome::kImproved, 1.03),
      RunWith("quiet", 0.03, Verdict::kFailed, TimingOutcome::kRegression, 0.97),
      RunWith("quiet", 0, Verdict::kInconclusive, TimingOutcome::kRegression, 0.97),
      RunWith("quiet", 0, Verdict::kInvalid, TimingOutcome::kUndecided),
      RunWith("quiet", 0, Verdict::kError, TimingOutcome::kUndecided),
  };
  const std::vector<ExperimentSeries> series = SummarizeExperiment(runs);
  ASSERT_THAT(series, SizeIs(2));
  EXPECT_EQ(series[0].runs, 5);
  EXPECT_EQ(series[0].passed, 2);
  EXPECT_EQ(series[0].speedups, 1);
  EXPECT_EQ(series[0].regressions, 0);  // not confirmed
  EXPECT_EQ(series[0].inconclusive, 1);
  EXPECT_EQ(series[0].invalid, 2);
  EXPECT_EQ(series[1].planted, 0.03);
  EXPECT_EQ(series[1].regressions, 1);
  EXPECT_EQ(series[1].median_speedup, 0.97);
}

// 2 of 200: Wilson at 95 % is 0.27 % to 3.57 %.
TEST(SummarizeExperimentTest, WilsonIntervals) {
  std::vector<ExperimentRun> runs =
      TwoHundred(RunWith("quiet", 0, Verdict::kFailed, TimingOutcome::kRegression));
  runs.front() = RunWith("quiet", 0, Verdict::kPassed, TimingOutcome::kImproved);
  const ExperimentSeries series = SummarizeExperiment(runs).front();
  EXPECT_NEAR(series.false_share.low, 0.00275, 1e-4);
  EXPECT_NEAR(series.false_share.high, 0.03573, 1e-4);
  EXPECT_EQ(JudgeExperiment({series}), Verdict::kPassed);  // 1 % is allowed
}

TEST(JudgeExperimentTest, WhatBreaksThePromise) {
  EXPECT_EQ(JudgeExperiment({}), Verdict::kInconclusive);
  const auto judge = [](const std::vector<ExperimentRun>& runs) {
    return JudgeExperiment(SummarizeExperiment(runs));
  };
  const ExperimentRun passed = RunWith("quiet", 0, Verdict::kPassed, TimingOutcome::kEquivalent);
  const ExperimentRun slower = RunWith("quiet", 0, Verdict::kFailed, TimingOutcome::kRegression);
  EXPECT_EQ(judge(TwoHundred(passed)), Verdict::kPassed);
  EXPECT_EQ(judge(TwoHundred(slower)), Verdict::kPassed);
  std::vector<ExperimentRun> three = TwoHundred(slower);
  three[0] = three[1] = slower;
  EXPECT_EQ(judge(three), Verdict::kFailed);
  // In another series they don't hide behind many that are right.
  std::vector<ExperimentRun> loaded = TwoHundred(passed);
  loaded.push_back(RunWith("loaded", 0, Verdict::kPassed, TimingOutcome::kImproved));
  EXPECT_EQ(judge(loaded), Verdict::kFailed);
  // Planted: undecided is allowed, passed is not.
  EXPECT_EQ(judge({RunWith("quiet", 0.03, Verdict::kFailed, TimingOutcome::kRegression),
                   RunWith("quiet", 0.03, Verdict::kInconclusive, TimingOutcome::kUndecided)}),
            Verdict::kPassed);
  EXPECT_EQ(judge({RunWith("quiet", 0.03, Verdict::kPassed, TimingOutcome::kEquivalent)}),
            Verdict::kFailed);
}

TEST(ExperimentMarkdownTest, Page) {
  std::vector<ExperimentRun> runs =
      TwoHundred(RunWith("quiet", 0, Verdict::kFailed, TimingOutcome::kRegression));
  runs.push_back(RunWith("quiet", 0.03, Verdict::kFailed, TimingOutcome::kRegression, 0.97));
  const std::string text = ExperimentMarkdown(SummarizeExperiment(runs),
                                              {.machine = "M", .subject = "S", .budget_s = 4});
  EXPECT_THAT(text, HasSubstr("- Machine: M\n- Subject: S\n"));
  EXPECT_THAT(text, HasSubstr("| quiet | 0 % | 200 | 1 = 0.5 % (0.1 to 2.8) |"));
  EXPECT_THAT(text, HasSubstr("**passed**"));
  EXPECT_THAT(text, HasSubstr("- quiet: false calls 1 = 0.5 % (0.1 to 2.8)"));
  EXPECT_THAT(text, HasSubstr("- quiet, +3 %: found 1 = 100.0 %"));
}

// Short, so that it says nothing about speed: only that a run is made and described. An emulator
// gets nothing done in the first budget.
TEST(RunExperimentTest, MakesARun) {
  ExperimentRun run;
  for (double budget_s = 0.6; run.quads == 0 && budget_s < 100; budget_s *= 10) {
    run = RunExperiment("quiet", PlantedWork::kThreePercent, 5, budget_s);
  }
  EXPECT_EQ(run.planted, 0.03);
  EXPECT_NE(run.verdict, Verdict::kError);
  EXPECT_GT(run.quads, 0);
  EXPECT_THAT(ExperimentSubject(), HasSubstr("264 tokens"));
}

}  // namespace
}  // namespace deltagauge
