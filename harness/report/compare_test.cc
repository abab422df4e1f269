#include "harness/report/compare.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr size_t kKernelCase = 0;
constexpr size_t kDriftCase = 12;
constexpr size_t kPrefillCase = 19;  // 512 tokens, 1.625 (1.60 to 1.65)

// The passing example after `change`, as head, against the passing example.
template <typename Change>
ReportComparison CompareAfter(Change change, const CompareOptions& options = {}) {
  Report head = ExamplePassingReport();
  head.report_id = "head";
  change(head);
  return CompareReports(ExamplePassingReport(), head, options);
}

void SetSpeedup(double lo, double point, double hi, Report* report) {
  Metric& speedup = report->cases[kPrefillCase].metrics[0];
  ASSERT_EQ(speedup.name, "performance.prefill.speedup");
  speedup.ci_lo = lo;
  speedup.value = point;
  speedup.ci_hi = hi;
}

TEST(CompareTest, EqualReportsAreTheSame) {
  const ReportComparison comparison = CompareAfter([](Report&) {});
  EXPECT_EQ(comparison.cases.size(), 21u);
  for (const CaseChange& of : comparison.cases) EXPECT_EQ(of.change, Change::kSame) << of.id;
  EXPECT_EQ(comparison.exit_code, kExitPass);
  EXPECT_THAT(comparison.notes, IsEmpty());
  EXPECT_EQ(comparison.timings_refused, "");
}

TEST(CompareTest, AVerdictThatBecameWorse) {
  ReportComparison comparison = CompareAfter([](Report& head) {
    head.cases[kKernelCase].status = Verdict::kFailed;
    head.cases[kKernelCase].reason = "R1";
  });
  EXPECT_EQ(comparison.cases[kKernelCase].change, Change::kWorse);
  EXPECT_EQ(comparison.cases[kKernelCase].reason, "failed, was passed: R1");
  EXPECT_EQ(comparison.exit_code, kExitCorrectness);
  const auto code = [](size_t place, Verdict verdict) {
    return CompareAfter([&](Report& head) { head.cases[place].status = verdict; }).exit_code;
  };
  EXPECT_EQ(code(kDriftCase, Verdict::kFailed), kExitDrift);
  EXPECT_EQ(code(kPrefillCase, Verdict::kFailed), kExitPerformance);
  EXPECT_EQ(code(kPrefillCase, Verdict::kInconclusive), kExitInconclusive);
  EXPECT_EQ(code(kKernelCase, Verdict::kInvalid), kExitInvalid);
  EXPECT_EQ(code(kKernelCase, Verdict::kError), kExitInternal);
}

TEST(CompareTest, WhatWasBadAlreadyChangesNothing) {
  Report base = ExamplePassingReport();
  base.cases[kKernelCase].status = Verdict::kFailed;
  Report head = base;
  EXPECT_EQ(CompareReports(base, head, {}).exit_code, kExitPass);
  head.cases[kKernelCase].status = Verdict::kPassed;
  const ReportComparison better = CompareReports(base, head, {});
  EXPECT_EQ(better.cases[kKernelCase].change, Change::kBetter);
  EXPECT_EQ(better.exit_code, kExitPass);
}

TEST(CompareTest, SpeedupsByTheirIntervals) {
  const auto change = [](double lo, double point, double hi, double min_effect = 0.02) {
    CompareOptions options;
    options.min_effect = min_effect;
    const ReportComparison comparison =
        CompareAfter([&](Report& head) { SetSpeedup(lo, point, hi, &head); }, options);
    return std::pair(comparison.cases[kPrefillCase].change, comparison.exit_code);
  };
  EXPECT_EQ(change(1.4, 1.45, 1.5), std::pair(Change::kWorse, kExitPerformance));
  EXPECT_EQ(change(1.7, 1.8, 1.9), std::pair(Change::kBetter, kExitPass));
  EXPECT_EQ(change(1.45, 1.55, 1.62), std::pair(Change::kUnclear, kExitInconclusive));
  EXPECT_EQ(change(1.59, 1.61, 1.63), std::pair(Change::kSame, kExitPass));
  EXPECT_EQ(change(1.4, 1.45, 1.5, 0.2), std::pair(Change::kSame, kExitPass));
}

TEST(CompareTest, NoiseOfEitherRunWidensTheBound) {
  const auto change = [](double floor) {
    return CompareAfter([&](Report& head) {
             SetSpeedup(1.4, 1.45, 1.5, &head);
             head.cases[kPrefillCase].metrics[0].floor = floor;
           })
        .cases[kPrefillCase]
        .change;
  };
  EXPECT_EQ(change(0.01), Change::kWorse);
  EXPECT_EQ(change(0.2), Change::kSame);
}

TEST(CompareTest, RefusesTimingsOfAnotherMachine) {
  const auto slower_elsewhere = [](Report& head) {
    head.machine.fingerprint = "another";
    SetSpeedup(1.0, 1.1, 1.2, &head);
    head.cases[kPrefillCase].status = Verdict::kFailed;
  };
  const ReportComparison refused = CompareAfter(slower_elsewhere);
  EXPECT_THAT(refused.timings_refused, AllOf(HasSubstr("8f14e45fceea167a"), HasSubstr("another")));
  EXPECT_EQ(refused.cases[kPrefillCase].change, Change::kNotCompared);
  EXPECT_EQ(refused.cases[kKernelCase].change, Change::kSame);
  EXPECT_EQ(refused.exit_code, kExitInconclusive);

  CompareOptions forced;
  forced.other_machines = OtherMachines::kCompareAnyway;
  const ReportComparison compared = CompareAfter(slower_elsewhere, forced);
  EXPECT_EQ(compared.timings_refused, "");
  EXPECT_EQ(compared.cases[kPrefillCase].change, Change::kWorse);
  EXPECT_EQ(compared.exit_code, kExitPerformance);
  // Errors don't depend on it, and still count.
  const ReportComparison wrong = CompareAfter([](Report& head) {
    head.machine.fingerprint = "another";
    head.cases[kKernelCase].status = Verdict::kFailed;
  });
  EXPECT_EQ(wrong.exit_code, kExitCorrectness);
}

TEST(CompareTest, TwoUnknownMachinesAreNotOne) {
  Report base = ExamplePassingReport();
  base.machine.fingerprint.clear();
  EXPECT_NE(CompareReports(base, base, {}).timings_refused, "");
}

TEST(CompareTest, AMergedReportComparesCaseByCase) {
  const ReportComparison comparison =
      CompareAfter([](Report& head) { head.cases[kPrefillCase].machine = "another"; });
  EXPECT_EQ(comparison.cases[kPrefillCase].change, Change::kNotCompared);
  EXPECT_EQ(comparison.cases[kPrefillCase - 1].change, Change::kSame);
}

TEST(CompareTest, CasesOfOneSideAreNamed) {
  ReportComparison comparison = CompareAfter([](Report& head) { head.cases[0].id = "kernel:T=7"; });
  EXPECT_THAT(comparison.only_base, ElementsAre("kernel:T=1,gates=none"));
  EXPECT_THAT(comparison.only_head, ElementsAre("kernel:T=7"));
  EXPECT_EQ(comparison.exit_code, kExitPass);
  comparison = CompareAfter([](Report& head) { head.cases.clear(); });
  EXPECT_EQ(comparison.exit_code, kExitInvalid);
}

TEST(CompareTest, OtherInputsAreNoted) {
  const ReportComparison comparison = CompareAfter(
      [](Report& head) { head.cases[0].correctness->input_hash = "0000000000000000"; });
  EXPECT_THAT(comparison.notes, Contains("1 case has other inputs in head"));
  EXPECT_THAT(
      CompareAfter([](Report& head) { head.cases[0].correctness->input_hash.reset(); }).notes,
      Not(Contains(HasSubstr("inputs"))));
}

TEST(CompareTest, NotesSayWhatElseDiffers) {
  const ReportComparison comparison = CompareAfter([](Report& head) {
    head.config.sha256 = "0";
    head.tool.dirty = true;
    head.complete = false;
    head.incomplete_reason = "interrupted";
  });
  EXPECT_THAT(comparison.notes,
              ElementsAre("the configurations differ", "head is incomplete: interrupted",
                          "head was built from a changed tree"));
  const Report same = ExamplePassingReport();
  EXPECT_THAT(CompareReports(same, same, {}).notes,
              ElementsAre("both are one and the same report"));
}

TEST(CompareTest, Texts) {
  const ReportComparison comparison = CompareAfter([](Report& head) {
    SetSpeedup(1.4, 1.45, 1.5, &head);
    head.cases[kDriftCase].metrics[0].value *= 2;
    head.cases[0].id = "a|b";
  });
  const std::string text = ComparisonText(comparison);
  EXPECT_THAT(text, HasSubstr("- prefill:tokens=512: performance.prefill.speedup worse: 1.45, was "
                              "1.625\n    performance.prefill.speedup 1.625 -> 1.45 (x 0.8923)\n"
                              "    deltagauge repro 'prefill:tokens=512'\n"));
  EXPECT_THAT(text, HasSubstr("= drift:text=builtin:pydoc,by_layer=yes\n"
                              "    model.logit_drift.max_abs 1.125e-05 -> 2.25e-05 (x 2)\n"));
  EXPECT_THAT(text, HasSubstr("20 cases in both, 1 worse, 19 same; 1 only in base; 1 only in head "
                              "(exit code 3)\n"));
  EXPECT_THAT(text, Not(HasSubstr("agreement")));  // nothing moved there
  const std::string markdown = ComparisonMarkdown(comparison);
  EXPECT_THAT(markdown, HasSubstr("| worse | `prefill:tokens=512` | "
                                  "performance.prefill.speedup 1.625 → 1.45 |"));
  EXPECT_THAT(markdown, HasSubstr("- only in head: `a\\|b`"));
  const Json json = ParseJson(WriteJson(ComparisonJson(comparison)), "x");
  EXPECT_EQ(json.Find("exit_code")->AsInt64(), 3);
  EXPECT_EQ(json.Find("cases")->AsArray().size(), 20u);
}

TEST(CompareTest, NumbersThatAreNotFinite) {
  const ReportComparison comparison = CompareAfter([](Report& head) {
    head.cases[kKernelCase].metrics[0].value = std::nan("");
    SetSpeedup(std::nan(""), std::nan(""), HUGE_VAL, &head);
  });
  EXPECT_FALSE(comparison.cases[kKernelCase].metrics[0].ratio.has_value());
  EXPECT_EQ(comparison.cases[kPrefillCase].change, Change::kUnclear);
  EXPECT_THAT(WriteJson(ComparisonJson(comparison)), HasSubstr("\"head\":null"));
  EXPECT_THAT(ComparisonText(comparison), HasSubstr("NaN"));
}

}  // namespace
}  // namespace deltagauge
