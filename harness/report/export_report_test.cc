#include "harness/report/export_report.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/export_example.h"
#include "harness/report/export_text.h"
#include "harness/report/json.h"
#include "harness/report/report_example.h"
#include "harness/report/report_metrics.h"
#include "reference/utf8.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  EXPECT_EQ(begin, text.size()) << "the last line has no end";
  return lines;
}

size_t CountOf(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

// A report of one case with one figure.
Report ReportWith(const std::string& metric, double value) {
  Report report = ExampleEnvelope();
  CaseReport of = ExampleTimingCase(0, "prefill", 512, 1.5);
  of.metrics.resize(1);
  of.metrics[0] = Metric();
  of.metrics[0].name = metric;
  of.metrics[0].value = value;
  of.metrics[0].direction = FindMetric(metric)->direction;
  of.metrics[0].unit = FindMetric(metric)->unit;
  report.cases = {of};
  JudgeReport({}, &report);
  return report;
}

TEST(ExportTest, GoldenFiles) {
  for (const GoldenFile& file : GoldenFiles()) {
    std::ifstream stream(std::string(DELTAGAUGE_FIXTURES "/") + file.name, std::ios::binary);
    const std::string golden(std::istreambuf_iterator<char>(stream), {});
    EXPECT_TRUE(file.text == golden)
        << file.name << " differs; if that is meant, see harness/report/fixtures/README.md";
  }
}

TEST(ExportTest, EveryFormatHasANameAndWritesUtf8) {
  std::set<std::string_view> names;
  for (const auto& [format, name] : NamesOf<ExportFormat>()) {
    names.insert(name);
    const std::string text = ExportReport(ExampleFailingReport(), format);
    EXPECT_FALSE(text.empty()) << name;
    EXPECT_FALSE(reference::FindInvalidUtf8(text).has_value()) << name;
    // Nor does a report without cases break one.
    EXPECT_FALSE(ExportReport(Report(), format).empty()) << name;
  }
  EXPECT_EQ(names.size(), 10u);
}

// --- PyTorch v3.

TEST(PytorchTest, EveryLineIsOneRecordWithItsMetric) {
  for (const std::string& line : Lines(ExportPytorchV3(ExampleFailingReport()))) {
    const Json record = ParseJson(line, "line");
    const Json* metric = record.Find("metric");
    ASSERT_NE(metric, nullptr);
    EXPECT_FALSE(metric->Find("name")->AsString().empty());
    EXPECT_EQ(metric->Find("benchmark_values")->AsArray().size(), 1u);
    EXPECT_EQ(record.Find("model")->Find("type")->AsString(), "fused ops");
    for (const Json* extra :
         {record.Find("benchmark")->Find("extra_info"), metric->Find("extra_info"),
          record.Find("model")->Find("extra_info")}) {
      for (const auto& [name, value] : extra->AsObject()) EXPECT_TRUE(value.IsString()) << name;
    }
  }
}

TEST(PytorchTest, TargetsComeFromGates) {
  const std::string text = ExportPytorchV3(ExamplePassingReport());
  EXPECT_THAT(text, HasSubstr("\"name\":\"performance.prefill.speedup\",\"target_value\":1.3"));
  EXPECT_THAT(text, Not(HasSubstr("FAILURE_REPORT")));
}

TEST(PytorchTest, AFailureIsNeverNothing) {
  EXPECT_THAT(ExportPytorchV3(Report()), HasSubstr("FAILURE_REPORT"));
  const std::string infinite = ExportPytorchV3(ReportWith("kernel.error_ratio", HUGE_VAL));
  EXPECT_THAT(infinite, HasSubstr("FAILURE_REPORT"));
  EXPECT_THAT(infinite, HasSubstr("kernel.error_ratio is +Inf"));
  // Finite here, infinite or zero as a float32.
  EXPECT_THAT(ExportPytorchV3(ReportWith("model.kld.max", 1e39)), HasSubstr("FAILURE_REPORT"));
  EXPECT_THAT(ExportPytorchV3(ReportWith("model.kld.max", 1e-60)), HasSubstr("FAILURE_REPORT"));
  EXPECT_THAT(ExportPytorchV3(ReportWith("model.kld.max", 0)), Not(HasSubstr("FAILURE_REPORT")));
}

// --- github-action-benchmark.

TEST(GithubActionBenchmarkTest, OneDirectionAFile) {
  const Report report = ExamplePassingReport();
  const std::string smaller = ExportGithubActionBenchmark(report, Direction::kSmallerIsBetter);
  const std::string bigger = ExportGithubActionBenchmark(report, Direction::kLargerIsBetter);
  EXPECT_THAT(smaller, AllOf(HasSubstr("latency_ms"), HasSubstr("kld.mean"),
                             Not(HasSubstr("speedup")), Not(HasSubstr("perplexity"))));
  EXPECT_THAT(bigger, AllOf(HasSubstr("speedup"), HasSubstr("tokens_per_second"),
                            Not(HasSubstr("latency")), Not(HasSubstr("perplexity"))));
  EXPECT_THROW(ExportGithubActionBenchmark(report, Direction::kNeither), std::logic_error);
}

TEST(GithubActionBenchmarkTest, ZerosAreLiftedAndNonNumbersLeftOut) {
  const auto of = [](double value) {
    return ParseJson(ExportGithubActionBenchmark(ReportWith("model.kld.mean", value),
                                                 Direction::kSmallerIsBetter),
                     "x");
  };
  EXPECT_EQ(of(0).AsArray()[0].Find("value")->AsDouble(), 1e-12);
  EXPECT_EQ(of(1).AsArray()[0].Find("value")->AsDouble(), 1);
  EXPECT_TRUE(of(std::nan("")).AsArray().empty());
  EXPECT_TRUE(of(HUGE_VAL).AsArray().empty());
}

// --- Bencher.

TEST(BencherTest, LatencyIsInNanosecondsAndBoundsEnclose) {
  const Json json = ParseJson(ExportBencher(ExamplePassingReport()), "x");
  const Json* prefill = json.Find("prefill:tokens=512");
  ASSERT_NE(prefill, nullptr);
  EXPECT_DOUBLE_EQ(prefill->Find("latency")->Find("value")->AsDouble(), 25.6e6);
  const Json* speedup = prefill->Find("speedup");
  EXPECT_LE(speedup->Find("lower_value")->AsDouble(), speedup->Find("value")->AsDouble());
  EXPECT_GE(speedup->Find("upper_value")->AsDouble(), speedup->Find("value")->AsDouble());
  const Json* drift = json.Find("drift:text=builtin:pydoc,by_layer=yes");
  ASSERT_NE(drift, nullptr);
  EXPECT_NE(drift->Find("kld-mean"), nullptr);
  EXPECT_NE(drift->Find("logit-drift-max-abs"), nullptr);

  Report outside = ReportWith("performance.prefill.speedup", 1.5);
  outside.cases[0].metrics[0].ci_lo = 1.6;
  outside.cases[0].metrics[0].ci_hi = 1.4;
  const Json odd = ParseJson(ExportBencher(outside), "x");
  const Json* measure = odd.AsObject().begin()->second.Find("speedup");
  EXPECT_EQ(measure->Find("lower_value")->AsDouble(), 1.5);
  EXPECT_EQ(measure->Find("upper_value")->AsDouble(), 1.5);
}

// --- Google Benchmark.

TEST(GoogleBenchmarkTest, SamplesAreRepetitions) {
  const Json json = ParseJson(ExportGoogleBenchmark(ExamplePassingReport()), "x");
  EXPECT_EQ(json.Find("context")->Find("json_schema_version")->AsInt64(), 1);
  int iterations = 0;
  std::set<std::string> aggregates;
  for (const Json& run : json.Find("benchmarks")->AsArray()) {
    if (!run.Find("name")->AsString().starts_with("prefill:tokens=512/fused")) continue;
    EXPECT_EQ(run.Find("run_name")->AsString(), "prefill:tokens=512/fused");
    EXPECT_EQ(run.Find("time_unit")->AsString(), "ns");
    if (run.Find("run_type")->AsString() == "iteration") {
      EXPECT_EQ(run.Find("repetition_index")->AsInt64(), iterations++);
      EXPECT_EQ(run.Find("repetitions")->AsInt64(), 12);
    } else {
      aggregates.insert(run.Find("aggregate_name")->AsString());
    }
  }
  EXPECT_EQ(iterations, 12);
  EXPECT_THAT(aggregates, ::testing::ElementsAre("cv", "mean", "median", "stddev"));
}

TEST(GoogleBenchmarkTest, WhatWasNotMeasuredSaysSo) {
  Report report = ExampleEnvelope();
  report.cases = {ExampleTimingCase(0, "prefill", 1, 2), ExampleTimingCase(1, "prefill", 2, 2)};
  for (CaseReport& of : report.cases) of.performance.reset();
  report.cases[0].status = Verdict::kSkipped;
  report.cases[0].reason = "not green";
  report.cases[1].status = Verdict::kError;
  report.cases[1].reason = "out of memory";
  const Json json = ParseJson(ExportGoogleBenchmark(report), "x");
  const auto& runs = json.Find("benchmarks")->AsArray();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].Find("skip_message")->AsString(), "skipped: not green");
  EXPECT_TRUE(runs[1].Find("error_occurred")->AsBool());
  EXPECT_EQ(runs[1].Find("error_message")->AsString(), "error: out of memory");
}

TEST(GoogleBenchmarkTest, SamplesThatAreNoNumbersAreLeftOut) {
  Report report = ExampleEnvelope();
  report.cases = {ExampleTimingCase(0, "prefill", 1, 2)};
  report.cases[0].performance->a.samples_ns[3] = std::nan("");
  report.cases[0].performance->b.samples_ns.assign(4, HUGE_VAL);
  const Json json = ParseJson(ExportGoogleBenchmark(report), "x");
  EXPECT_EQ(json.Find("benchmarks")->AsArray().size(), 11u + 4u);
}

// --- Prometheus.

TEST(PrometheusTest, FamiliesStandTogetherAndOnce) {
  for (const PrometheusText form : {PrometheusText::kText004, PrometheusText::kOpenMetrics}) {
    std::set<std::string> finished;
    std::string family;
    for (const std::string& line : Lines(ExportPrometheus(ExampleFailingReport(), form))) {
      if (line == "# EOF") continue;
      if (line.starts_with("# HELP ")) {
        family = line.substr(7, line.find(' ', 7) - 7);
        EXPECT_TRUE(finished.insert(family).second) << family;
      } else if (!line.starts_with("# TYPE ")) {
        EXPECT_THAT(line, StartsWith(family));
      }
    }
    EXPECT_TRUE(finished.contains("deltagauge_prefill_speedup_ratio"));
    EXPECT_TRUE(finished.contains("deltagauge_max_abs_error"));
  }
}

TEST(PrometheusTest, UnitsLabelsAndVerdicts) {
  const std::string text = ExportPrometheus(ExampleFailingReport(), PrometheusText::kText004);
  EXPECT_THAT(text, HasSubstr("deltagauge_prefill_latency_seconds{case=\"prefill:tokens=512\","
                              "machine=\"8f14e45fceea167a\"} 0.0256\n"));
  EXPECT_THAT(text, HasSubstr("deltagauge_kernel_error_ratio{case=\"kernel:T=65,gates=spikes\","
                              "machine=\"8f14e45fceea167a\"} +Inf\n"));
  EXPECT_THAT(text, HasSubstr("of=\"prefill\",bound=\"lower\"} 1.60063\n"));
  EXPECT_THAT(text, HasSubstr("deltagauge_gate_status{gate=\"kernel.error_ratio <= 2\","
                              "machine=\"8f14e45fceea167a\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tokens=128\",machine=\"8f14e45fceea167a\"} 2\n"));  // inconclusive
  EXPECT_THAT(text, HasSubstr("deltagauge_last_run_timestamp_seconds{machine="
                              "\"8f14e45fceea167a\"} 1773221400\n"));
  // Of all series, only the run's own names the commit.
  EXPECT_EQ(CountOf(text, "commit="), 1u);
  EXPECT_THAT(text, Not(EndsWith("# EOF\n")));
  const std::string open = ExportPrometheus(ExampleFailingReport(), PrometheusText::kOpenMetrics);
  EXPECT_THAT(open, EndsWith("# EOF\n"));
  EXPECT_THAT(open, HasSubstr("# TYPE deltagauge_run info\ndeltagauge_run_info{"));
}

TEST(PrometheusTest, LabelsAreEscaped) {
  EXPECT_EQ(EscapeLabel("a\\b\"c\nd\x01\xff"), "a\\\\b\\\"c\\nd\xef\xbf\xbd\xef\xbf\xbd");
}

// --- JUnit and CTRF.

TEST(JunitTest, VerdictsAreFailuresErrorsOrSkipped) {
  const std::string text = ExportJunit(ExampleFailingReport());
  EXPECT_THAT(text, HasSubstr("<testsuite name=\"deltagauge.gates\" tests=\"9\" failures=\"3\" "
                              "errors=\"1\" skipped=\"2\""));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"INCONCLUSIVE: the interval of 1.5"));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"WAIVED: 1.25e-06 is over 1e-07; waived by R. "
                              "Reviewer until 2026-12-31"));
  EXPECT_THAT(text, HasSubstr("<property name=\"threshold\" value=\"2\"/>"));
  EXPECT_THAT(text, HasSubstr("<property name=\"observed\" value=\"+Inf\"/>"));
  EXPECT_THAT(text, HasSubstr("timestamp=\"2026-03-11T09:30:00\" hostname=\"bench-1\""));
  EXPECT_EQ(CountOf(text, "<failure "), 4u);
  EXPECT_EQ(CountOf(text, "<error "), 1u);
  EXPECT_EQ(CountOf(text, "<testcase "), CountOf(text, "</testcase>"));
}

TEST(JunitTest, NoTextBreaksOut) {
  EXPECT_EQ(EscapeXml("<a b=\"c\" d='e'>&]]>\x01\xff\xef\xbf\xbf\n"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;]]&gt;"
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&#10;");
}

TEST(CtrfTest, CountsAddUp) {
  const Json json = ParseJson(ExportCtrf(ExampleFailingReport()), "x");
  const Json* summary = json.Find("results")->Find("summary");
  EXPECT_EQ(summary->Find("tests")->AsInt64(), 32);
  EXPECT_EQ(summary->Find("failed")->AsInt64(), 5);
  EXPECT_EQ(summary->Find("other")->AsInt64(), 2);
  EXPECT_EQ(summary->Find("skipped")->AsInt64(), 1);
  EXPECT_EQ(summary->Find("passed")->AsInt64(), 24);
  EXPECT_EQ(summary->Find("start")->AsInt64(), 1773221400000);
  EXPECT_EQ(summary->Find("stop")->AsInt64(), 1773221442500);
}

// --- Summaries.

TEST(MarkdownTest, FailuresComeFirstAndCellsHold) {
  const std::string text = ExportMarkdown(ExampleFailingReport(), 1'000'000);
  EXPECT_LT(text.find("model.kld.max"), text.find("Speedup over the baseline"));
  EXPECT_LT(text.find("Speedup over the baseline"), text.find("<details>"));
  EXPECT_THAT(text, HasSubstr("`kernel.error_ratio <= 2`"));
  EXPECT_EQ(EscapeMarkdown("a|b <c> *d* @e\n`f`"), "a\\|b &lt;c\\> \\*d\\* \\@e \\`f\\`");
  EXPECT_EQ(MarkdownCode("a|b"), "`a\\|b`");
  EXPECT_EQ(MarkdownCode("`a``b`"), "``` `a``b` ```");
}

TEST(MarkdownTest, IsCutAtALineAndSaysSo) {
  Report report = ExamplePassingReport();
  const CaseReport one = report.cases[0];
  for (int i = 0; i < 2000; ++i) {
    report.cases.push_back(one);
    report.cases.back().id += std::to_string(i);
  }
  constexpr size_t kBytes = 100'000;
  const std::string text = ExportMarkdown(report, kBytes);
  EXPECT_LE(text.size(), kBytes);
  EXPECT_GT(text.size(), kBytes - 1000);
  EXPECT_THAT(text, HasSubstr("Cut here"));
  EXPECT_EQ(CountOf(text, "<details>"), CountOf(text, "</details>"));
  EXPECT_THAT(ExportMarkdown(report, 900'000), Not(HasSubstr("Cut here")));
}

TEST(GithubErrorsTest, OnlyFailuresOneLineEach) {
  Report report = ExampleFailingReport();
  const auto lines = Lines(GithubErrors(report));
  EXPECT_EQ(lines.size(), 3u);  // inconclusive, invalid and waived are none
  EXPECT_EQ(GithubErrors(ExamplePassingReport()), "");
  report.gates[0].id = "a:b,c";
  report.gates[0].reason = "50 %\nmore";
  EXPECT_THAT(GithubErrors(report), StartsWith("::error title=a%3Ab%2Cc::50 %25%0Amore%0A"));
}

TEST(TerminalSummaryTest, NamesWhatFailedAndHowToRunIt) {
  const std::string text =
      TerminalSummary(ExampleFailingReport(), "out/report.json", Colours::kNone);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("failed kernel.error_ratio <= 2: inf is over 2\n"
                              "  deltagauge repro 'kernel:T=65,gates=spikes'\n"));
  EXPECT_THAT(text, HasSubstr("a waiver by R. Reviewer ended on 2026-01-31"));
  EXPECT_THAT(text, EndsWith("(exit code 5)\nreport: out/report.json\n"));
  EXPECT_EQ(TerminalSummary(ExamplePassingReport(), "", Colours::kNone),
            "passed: all 21 cases and 4 gates (exit code 0)\n");
  EXPECT_THAT(TerminalSummary(ExamplePassingReport(), "", Colours::kAnsi),
              StartsWith("\x1b[32mpassed\x1b[0m: all"));
}

TEST(TerminalSummaryTest, NamesFailedCasesThatNoGateNames) {
  Report report = ExampleEnvelope();
  report.cases = {ExampleFailedKernelCase(0)};
  report.cases[0].reason = "R1 \x1b[31m";
  JudgeReport({}, &report);
  EXPECT_THAT(TerminalSummary(report, "", Colours::kNone),
              StartsWith("failed kernel:T=65,gates=spikes: R1  [31m\n  deltagauge repro"));
}

}  // namespace
}  // namespace deltagauge
