// A report in the forms that other tools read. Pure functions of the report: text in, text out.
//
// Each form has traps that cost its users data; what is done about them stands beside each function
// and is tested. Figures that are not finite are left out wherever the form has no way to say so.
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPORT_REPORT_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPORT_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/kernel/case.h"  // NamedValue
#include "harness/report/report.h"

namespace deltagauge {

enum class ExportFormat : uint8_t {
  kPytorchV3,
  kGithubActionBenchmark,
  kBencher,
  kGoogleBenchmark,
  kPrometheus,
  kOpenMetrics,
  kJunit,
  kCtrf,
  kMarkdown,
  kHtml,
};

// "pytorch-v3", "github-action-benchmark", ...
template <>
std::span<const NamedValue<ExportFormat>> NamesOf();

// A page that is given away need not carry the chart library: what it would draw stands in tables.
enum class PageCharts : uint8_t { kDrawn, kTables };

struct ExportOptions {
  // github-action-benchmark knows one direction a file: which metrics go into this one.
  Direction direction = Direction::kSmallerIsBetter;
  size_t markdown_bytes = 900'000;         // at most; the step summaries of GitHub end at 1 MiB
  PageCharts charts = PageCharts::kDrawn;  // html
};

std::string ExportReport(const Report& report, ExportFormat format,
                         const ExportOptions& options = {});

// PyTorch benchmark database, v3: one JSON record a line, one metric a record. Stored as float32,
// so times are in ms; a figure that float32 can't hold, and a case that gave no figure because it
// failed, become a FAILURE_REPORT record: never nothing.
std::string ExportPytorchV3(const Report& report);

// github-action-benchmark, customSmallerIsBetter or customBiggerIsBetter: `direction` must be one
// of the two (std::logic_error). A previous value of 0 would make the ratio infinite: values are at
// least 1e-12.
std::string ExportGithubActionBenchmark(const Report& report, Direction direction);

// Bencher Metric Format: {case: {measure: {value, lower_value, upper_value}}}, latency in ns.
std::string ExportBencher(const Report& report);

// Google Benchmark's JSON, of the timed cases: for compare.py and what reads its form. Every sample
// is a repetition; mean, median, stddev and cv are aggregates. We don't take CPU time, so cpu_time
// is the real time.
std::string ExportGoogleBenchmark(const Report& report);

// Prometheus text: base units, no commit on value series. 0.0.4 or OpenMetrics 1.0.0 ("# EOF").
enum class PrometheusText : uint8_t { kText004, kOpenMetrics };
std::string ExportPrometheus(const Report& report, PrometheusText form);

// A suite for the gates and one for each kind of cases. Failed: <failure>; invalid and error:
// <error>; inconclusive, skipped and waived: <skipped> with its reason.
std::string ExportJunit(const Report& report);

// Common Test Report Format: inconclusive is "other", figures are in `extra`.
std::string ExportCtrf(const Report& report);

// For a CI step summary. Cut at a line before `bytes`, with a pointer to the whole report.
std::string ExportMarkdown(const Report& report, size_t bytes);

// One self-contained page: see export_html.h.
std::string ExportHtml(const Report& report, PageCharts charts = PageCharts::kDrawn);

// "::error title=...::..." lines for GitHub's log: one for each failed gate, and for each failed
// case that no failed gate names. Nothing for what is not a failure.
std::string GithubErrors(const Report& report);

// The verdict, the gates that did not pass with their repro lines, and where the report lies.
enum class Colours : uint8_t { kNone, kAnsi };
std::string TerminalSummary(const Report& report, std::string_view report_path, Colours colours);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPORT_REPORT_H_
