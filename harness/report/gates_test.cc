#include "harness/report/gates.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/metric_names.h"
#include "harness/report/report.h"
#include "harness/report/report_example.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kToday = "2026-03-11";

// A case with one figure.
CaseReport CaseWith(const std::string& kind, const std::string& metric, double value) {
  CaseReport of;
  of.kind = kind;
  of.candidate = "fused";
  of.id = kind + ":" + std::to_string(value);
  of.repro = of.id;
  of.status = Verdict::kPassed;
  Metric figure;
  figure.name = metric;
  figure.value = value;
  of.metrics.push_back(figure);
  return of;
}

CaseReport Kernel(double error_ratio) {
  return CaseWith("kernel", "kernel.error_ratio", error_ratio);
}

CaseReport Prefill(double lo, double point, double hi, double floor = 0.001) {
  CaseReport of = CaseWith("prefill", "performance.prefill.speedup", point);
  of.metrics[0].ci_lo = lo;
  of.metrics[0].ci_hi = hi;
  of.metrics[0].floor = floor;
  return of;
}

Gate AtMost(const std::string& metric, double max) {
  Gate gate;
  gate.metric = metric;
  gate.max = max;
  return gate;
}

Gate AtLeast(const std::string& metric, double min) {
  Gate gate;
  gate.metric = metric;
  gate.min = min;
  return gate;
}

GateResult Evaluate(const Gate& gate, const std::vector<CaseReport>& cases,
                    const std::vector<Waiver>& waivers = {},
                    const GatePolicy& policy = {.today = kToday}) {
  const auto results = EvaluateGates({{gate}}, waivers, cases, policy);
  EXPECT_EQ(results.size(), 1u);
  return results[0];
}

TEST(GatesTest, EveryMatchingCaseMustSatisfyIt) {
  const Gate gate = AtMost("kernel.error_ratio", 2);
  GateResult result = Evaluate(gate, {Kernel(1), Kernel(2), Kernel(0.5)});
  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_EQ(result.cases, 3);
  EXPECT_EQ(result.observed, 2);  // the least margin
  EXPECT_EQ(result.margin, 0);
  EXPECT_EQ(result.reason, "");

  result = Evaluate(gate, {Kernel(1), Kernel(3), Kernel(2.5)});
  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_EQ(result.observed, 3);
  EXPECT_EQ(result.margin, -1);
  EXPECT_EQ(result.repro, Kernel(3).repro);
  EXPECT_EQ(result.reason, "3 is over 2");
  EXPECT_EQ(result.id, "kernel.error_ratio <= 2");
}

TEST(GatesTest, MinAndMaxAreTwoLimits) {
  Gate gate = AtMost("model.perplexity_ratio", 1.01);
  gate.min = 0.99;
  const auto results = EvaluateGates(
      {{gate}}, {}, {{CaseWith("drift", "model.perplexity_ratio", 1.02)}}, {.today = "2026-01-01"});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].op, GateOperator::kAtLeast);
  EXPECT_EQ(results[0].verdict, Verdict::kPassed);
  EXPECT_EQ(results[1].op, GateOperator::kAtMost);
  EXPECT_EQ(results[1].verdict, Verdict::kFailed);
  EXPECT_EQ(results[1].concern, Concern::kDrift);
  // And back: limits on their own that give the same.
  const auto again =
      EvaluateGates(GatesOf(results), {}, {{CaseWith("drift", "model.perplexity_ratio", 1.02)}},
                    {.today = "2026-01-01"});
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].id, results[0].id);
  EXPECT_EQ(again[1].id, results[1].id);
}

TEST(GatesTest, AGateThatFindsNoCaseIsInvalid) {
  GateResult result = Evaluate(AtMost("kernel.state.rel_rmse", 1), {Kernel(1)});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_THAT(result.reason, HasSubstr("checks nothing"));
  EXPECT_EQ(result.cases, 0);
  result = Evaluate(AtMost("kernel.error_ratio", 2), {});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  // In a shard, the others have its cases.
  result = Evaluate(AtMost("kernel.error_ratio", 2), {}, {},
                    {.today = kToday, .no_case = NoCase::kIsSkipped});
  EXPECT_EQ(result.verdict, Verdict::kSkipped);
}

TEST(GatesTest, ParametersAndCandidateChooseCases) {
  CaseReport small = Kernel(3);
  small.params = {{"tokens", "64"}, {"dtype", "float32"}};
  CaseReport large = Kernel(1);
  large.params = {{"tokens", "512"}, {"dtype", "float32"}};
  large.candidate = "other";
  Gate gate = AtMost("kernel.error_ratio", 2);
  gate.at = "tokens=512,dtype=float32";
  EXPECT_EQ(Evaluate(gate, {small, large}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(gate, {small, large}).id,
            "kernel.error_ratio <= 2 at tokens=512,dtype=float32");
  gate.at = "tokens=64";
  EXPECT_EQ(Evaluate(gate, {small, large}).verdict, Verdict::kFailed);
  gate.at = "tokens=6";
  EXPECT_EQ(Evaluate(gate, {small, large}).verdict, Verdict::kInvalid);
  gate.at = "";
  gate.candidate = "other";
  EXPECT_EQ(Evaluate(gate, {small, large}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(gate, {small, large}).id, "kernel.error_ratio <= 2 for other");
}

TEST(GatesTest, FiguresThatAreNoNumbers) {
  const Gate gate = AtMost("kernel.error_ratio", 2);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Evaluate(gate, {Kernel(1), Kernel(std::nan(""))}).verdict, Verdict::kInvalid);
  EXPECT_EQ(Evaluate(gate, {Kernel(kInfinity)}).verdict, Verdict::kFailed);
}

TEST(GatesTest, CasesThatMeanNothing) {
  const Gate gate = AtMost("kernel.error_ratio", 2);
  for (const Verdict verdict : {Verdict::kError, Verdict::kInvalid}) {
    CaseReport broken = Kernel(1);
    broken.status = verdict;
    broken.reason = "why";
    EXPECT_EQ(Evaluate(gate, {Kernel(1), broken}).verdict, verdict);
    broken.metrics.clear();  // it didn't get that far
    EXPECT_EQ(Evaluate(gate, {Kernel(1), broken}).verdict, verdict);
    EXPECT_THAT(Evaluate(gate, {Kernel(1), broken}).reason, HasSubstr("why"));
    broken.params["check"] = "threads";  // which never has that figure
    EXPECT_EQ(Evaluate(gate, {Kernel(1), broken}).verdict, Verdict::kPassed);
  }
  CaseReport skipped = Kernel(1);
  skipped.status = Verdict::kSkipped;
  skipped.metrics.clear();
  EXPECT_EQ(Evaluate(gate, {skipped, Kernel(1)}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(gate, {skipped, Kernel(1)}).cases, 1);
  EXPECT_EQ(Evaluate(gate, {skipped}).verdict, Verdict::kSkipped);
}

TEST(GatesTest, AnIntervalDecidesASpeedup) {
  const Gate gate = AtLeast("performance.prefill.speedup", 1.3);
  EXPECT_EQ(Evaluate(gate, {Prefill(1.3, 1.4, 1.5)}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(gate, {Prefill(1.1, 1.2, 1.29)}).verdict, Verdict::kFailed);
  EXPECT_EQ(Evaluate(gate, {Prefill(1.29, 1.4, 1.5)}).verdict, Verdict::kInconclusive);
  EXPECT_EQ(Evaluate(gate, {Prefill(1.2, 1.25, 1.3)}).verdict, Verdict::kInconclusive);
  EXPECT_EQ(Evaluate(gate, {Prefill(1.1, 1.2, 1.29)}).concern, Concern::kPerformance);
  EXPECT_DOUBLE_EQ(*Evaluate(gate, {Prefill(1.4, 1.5, 1.6)}).margin, 1.4 - 1.3);
  // The other direction.
  const Gate slow = AtMost("performance.prefill.speedup", 1.3);
  EXPECT_EQ(Evaluate(slow, {Prefill(1.1, 1.2, 1.3)}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(slow, {Prefill(1.31, 1.4, 1.5)}).verdict, Verdict::kFailed);
  EXPECT_EQ(Evaluate(slow, {Prefill(1.2, 1.3, 1.4)}).verdict, Verdict::kInconclusive);
}

TEST(GatesTest, NoiseAsksForADistance) {
  const Gate gate = AtLeast("performance.prefill.speedup", 1.3);
  constexpr double kFloor = 0.1;  // above min_effect
  EXPECT_EQ(Evaluate(gate, {Prefill(2, 2.1, 2.2, kFloor)}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(gate, {Prefill(1.4, 1.6, 1.8, kFloor)}).verdict, Verdict::kInconclusive);
  EXPECT_THAT(Evaluate(gate, {Prefill(1.4, 1.6, 1.8, kFloor)}).reason, HasSubstr("noise"));
  EXPECT_EQ(Evaluate(gate, {Prefill(1.1, 1.15, 1.2, kFloor)}).verdict, Verdict::kInconclusive);
  EXPECT_EQ(Evaluate(gate, {Prefill(1, 1.05, 1.1, kFloor)}).verdict, Verdict::kFailed);
  const GatePolicy lenient = {.min_effect = 0.2, .today = kToday};
  EXPECT_EQ(Evaluate(gate, {Prefill(1.4, 1.6, 1.8, kFloor)}, {}, lenient).verdict,
            Verdict::kPassed);
  const Gate slow = AtMost("performance.prefill.speedup", 1.3);
  EXPECT_EQ(Evaluate(slow, {Prefill(1, 1.1, 1.15, kFloor)}).verdict, Verdict::kPassed);
  EXPECT_EQ(Evaluate(slow, {Prefill(1, 1.1, 1.25, kFloor)}).verdict, Verdict::kInconclusive);
}

TEST(GatesTest, AnIntervalOfTooFewValuesDecidesNothing) {
  const Gate gate = AtLeast("performance.prefill.speedup", 1.3);
  for (const double high : {1.2, 1.6}) {
    CaseReport few = Prefill(high - 0.1, high - 0.05, high);
    few.metrics[0].level = 0.75;
    EXPECT_EQ(Evaluate(gate, {few}).verdict, Verdict::kInconclusive);
    EXPECT_THAT(Evaluate(gate, {few}).reason, HasSubstr("75 %"));
  }
}

TEST(GatesTest, ATimingThatCantDecideProvesNoSpeedup) {
  CaseReport undecided = Prefill(1.4, 1.5, 1.6);
  undecided.status = Verdict::kInconclusive;
  undecided.reason = "the budget is spent";
  const GateResult result = Evaluate(AtLeast("performance.prefill.speedup", 1.3), {undecided});
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.reason, HasSubstr("the budget is spent"));
  EXPECT_EQ(Evaluate(AtLeast("performance.prefill.speedup", 1.7), {undecided}).verdict,
            Verdict::kFailed);
}

// --- Waivers.

TEST(GatesTest, AWaiverCoversAFailureUntilItsDay) {
  const Gate gate = AtMost("kernel.error_ratio", 2);
  const Waiver waiver = {"kernel.error_ratio", "R. Reviewer", "known", "2026-03-11"};
  EXPECT_EQ(Evaluate(gate, {Kernel(3)}, {waiver}).verdict, Verdict::kWaived);
  EXPECT_EQ(Evaluate(gate, {Kernel(3)}, {waiver}).waiver->by, "R. Reviewer");
  const GateResult expired = Evaluate(gate, {Kernel(3)}, {waiver}, {.today = "2026-03-12"});
  EXPECT_EQ(expired.verdict, Verdict::kFailed);
  EXPECT_TRUE(expired.waiver.has_value());  // so that a reader sees why it did not help
  EXPECT_FALSE(Evaluate(gate, {Kernel(1)}, {waiver}).waiver.has_value());
  // Without a day nothing is in force.
  EXPECT_EQ(Evaluate(gate, {Kernel(3)}, {waiver}, {.today = "soon"}).verdict, Verdict::kFailed);
}

TEST(GatesTest, AWaiverCoversOnlyFailuresOfItsTarget) {
  const Gate gate = AtMost("kernel.error_ratio", 2);
  const auto verdict = [&](const std::string& target, const CaseReport& of) {
    return Evaluate(gate, {of}, {{target, "R. Reviewer", "known", "2026-12-31"}}).verdict;
  };
  EXPECT_EQ(verdict("kernel.* <= 2", Kernel(3)), Verdict::kWaived);
  EXPECT_EQ(verdict("*", Kernel(3)), Verdict::kWaived);
  EXPECT_EQ(verdict("kernel.error", Kernel(3)), Verdict::kFailed);
  EXPECT_EQ(verdict("*ratio <= 3", Kernel(3)), Verdict::kFailed);
  EXPECT_EQ(verdict("*", Kernel(std::nan(""))), Verdict::kInvalid);
}

TEST(GatesTest, WaivedCases) {
  std::vector<CaseReport> cases = {Kernel(1), Kernel(2), Kernel(3)};
  cases[1].status = Verdict::kFailed;
  cases[2].status = Verdict::kInvalid;
  const std::vector<Waiver> waivers = {{"kernel:*", "R. Reviewer", "known", "2026-12-31"}};
  WaiveCases(waivers, "2027-01-01", &cases);
  EXPECT_EQ(cases[1].status, Verdict::kFailed);
  WaiveCases(waivers, "2026-12-31", &cases);
  EXPECT_EQ(cases[0].status, Verdict::kPassed);
  EXPECT_EQ(cases[1].status, Verdict::kWaived);
  EXPECT_THAT(cases[1].reason, HasSubstr("waived by R. Reviewer until 2026-12-31: known"));
  EXPECT_EQ(cases[2].status, Verdict::kInvalid);
}

// --- What is refused.

std::string ErrorOf(const Gate& gate, const std::vector<Waiver>& waivers = {}) {
  try {
    Evaluate(gate, {Kernel(1)}, waivers);
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(GatesTest, RefusesGatesThatSayNothing) {
  EXPECT_EQ(ErrorOf(AtMost("kernel.error_rato", 2)),
            "gates[0]: unknown metric 'kernel.error_rato'; did you mean 'kernel.error_ratio'?");
  EXPECT_THAT(ErrorOf(AtMost("kernel.speed", 2)), HasSubstr("kernel.output.rel_rmse"));
  Gate gate;
  gate.metric = "kernel.error_ratio";
  EXPECT_THAT(ErrorOf(gate), HasSubstr("neither min nor max"));
  EXPECT_THAT(ErrorOf(AtMost("kernel.error_ratio", std::nan(""))), HasSubstr("no number"));
  for (const char* at : {"tokens", "=1", "tokens=1,", ",", "tokens=1,,dtype=a"}) {
    gate = AtMost("kernel.error_ratio", 2);
    gate.at = at;
    EXPECT_THAT(ErrorOf(gate), HasSubstr("expected name=value")) << at;
  }
}

TEST(GatesTest, RefusesWaiversNobodyAnswersFor) {
  const Gate gate = AtMost("kernel.error_ratio", 2);
  EXPECT_THAT(ErrorOf(gate, {{"", "a", "b", "2026-12-31"}}), HasSubstr("no target"));
  EXPECT_THAT(ErrorOf(gate, {{"*", "", "b", "2026-12-31"}}), HasSubstr("no 'by'"));
  EXPECT_THAT(ErrorOf(gate, {{"*", "a", "", "2026-12-31"}}), HasSubstr("no reason"));
  EXPECT_THAT(ErrorOf(gate, {{"*", "a", "b", "2026-02-30"}}), HasSubstr("is no day"));
  EXPECT_THAT(ErrorOf(gate, {{"*", "a", "b", "forever"}}), HasSubstr("is no day"));
}

// --- The summary.

TEST(SummaryTest, TheExampleReports) {
  const Report passing = ExamplePassingReport();
  EXPECT_EQ(passing.summary.verdict, Verdict::kPassed);
  EXPECT_EQ(passing.summary.exit_code, kExitPass);
  EXPECT_EQ(passing.summary.headline, "passed: all 21 cases and 4 gates");

  const Report failing = ExampleFailingReport();
  std::vector<Verdict> verdicts;
  for (const GateResult& gate : failing.gates) verdicts.push_back(gate.verdict);
  EXPECT_THAT(verdicts, ElementsAre(Verdict::kFailed, Verdict::kPassed, Verdict::kPassed,
                                    Verdict::kPassed, Verdict::kWaived, Verdict::kFailed,
                                    Verdict::kInconclusive, Verdict::kFailed, Verdict::kInvalid));
  EXPECT_EQ(failing.summary.exit_code, kExitInvalid);
  EXPECT_EQ(failing.summary.headline,
            "invalid: 1 of 9 gates invalid, 3 of 9 gates and 1 of 23 cases failed, 1 of 9 gates "
            "inconclusive, 1 of 9 gates waived, 1 of 23 cases skipped");
}

// The exit code of a run whose single gate fails.
int ExitCodeOfFailing(const Gate& gate, const CaseReport& of) {
  Report report;
  report.gate_policy.today = "2026-03-11";
  report.cases = {of};
  JudgeReport({{gate}}, &report);
  EXPECT_EQ(report.summary.verdict, Verdict::kFailed);
  return report.summary.exit_code;
}

TEST(SummaryTest, ExitCodesSayWhatFailed) {
  EXPECT_EQ(ExitCodeOfFailing(AtMost("kernel.error_ratio", 2), Kernel(3)), kExitCorrectness);
  EXPECT_EQ(ExitCodeOfFailing(AtMost("model.kld.max", 2), CaseWith("drift", "model.kld.max", 3)),
            kExitDrift);
  EXPECT_EQ(ExitCodeOfFailing(AtMost("invariance.max_abs", 2),
                              CaseWith("invariance", "invariance.max_abs", 3)),
            kExitDrift);
  EXPECT_EQ(ExitCodeOfFailing(AtLeast("performance.prefill.speedup", 2), Prefill(1.1, 1.2, 1.3)),
            kExitPerformance);
}

TEST(SummaryTest, CasesCountWithoutGates) {
  Report report;
  Summarize(&report);
  EXPECT_EQ(report.summary.exit_code, kExitInvalid);
  EXPECT_EQ(report.summary.headline, "invalid: nothing ran");
  report.cases = {Kernel(1)};
  Summarize(&report);
  EXPECT_EQ(report.summary.exit_code, kExitPass);
  report.cases[0].status = Verdict::kFailed;
  Summarize(&report);
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
  report.cases[0].status = Verdict::kSkipped;
  Summarize(&report);
  EXPECT_EQ(report.summary.exit_code, kExitInvalid);
}

TEST(SummaryTest, WhatIsNotCompleteCantPass) {
  Report report = ExampleEnvelope();
  report.complete = false;
  report.incomplete_reason = "interrupted after 1 of 9 cases";
  report.cases = {Kernel(1)};
  JudgeReport({{AtMost("model.kld.max", 2)}}, &report);
  EXPECT_EQ(report.gates[0].verdict, Verdict::kSkipped);
  EXPECT_EQ(report.summary.exit_code, kExitInconclusive);
  EXPECT_THAT(report.summary.headline, HasSubstr("interrupted after 1 of 9 cases"));
  // Nor does it hide a failure.
  report.cases[0].status = Verdict::kFailed;
  Summarize(&report);
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
}

TEST(MetricNamesTest, EveryMetricHasAKindAndAUnit) {
  for (const MetricInfo& metric : AllMetrics()) {
    int kinds = 0;
    for (const char* kind : {"kernel", "captured", "drift", "agreement", "greedy", "invariance",
                             "timing", "prefill", "decode"}) {
      if (!KindHasMetric(kind, metric.name)) continue;
      ++kinds;
      EXPECT_EQ(ConcernOfKind(kind), metric.concern) << metric.name;
    }
    EXPECT_GE(kinds, 1) << metric.name;
    EXPECT_FALSE(metric.unit.empty()) << metric.name;
    EXPECT_FALSE(metric.meaning.empty()) << metric.name;
    EXPECT_EQ(FindMetric(metric.name), &metric);
  }
  EXPECT_EQ(FindMetric("kernel"), nullptr);
}

}  // namespace
}  // namespace deltagauge
