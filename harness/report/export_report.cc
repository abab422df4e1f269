#include "harness/report/export_report.h"

#include <array>
#include <stdexcept>

namespace deltagauge {

template <>
std::span<const NamedValue<ExportFormat>> NamesOf() {
  using enum ExportFormat;
  static constexpr auto kNames = std::to_array<NamedValue<ExportFormat>>({
      {kPytorchV3, "pytorch-v3"},
      {kGithubActionBenchmark, "github-action-benchmark"},
      {kBencher, "bencher"},
      {kGoogleBenchmark, "google-benchmark"},
      {kPrometheus, "prometheus"},
      {kOpenMetrics, "openmetrics"},
      {kJunit, "junit"},
      {kCtrf, "ctrf"},
      {kMarkdown, "markdown"},
      {kHtml, "html"},
  });
  return kNames;
}

std::string ExportReport(const Report& report, ExportFormat format, const ExportOptions& options) {
  switch (format) {
    case ExportFormat::kPytorchV3:
      return ExportPytorchV3(report);
    case ExportFormat::kGithubActionBenchmark:
      return ExportGithubActionBenchmark(report, options.direction);
    case ExportFormat::kBencher:
      return ExportBencher(report);
    case ExportFormat::kGoogleBenchmark:
      return ExportGoogleBenchmark(report);
    case ExportFormat::kPrometheus:
      return ExportPrometheus(report, PrometheusText::kText004);
    case ExportFormat::kOpenMetrics:
      return ExportPrometheus(report, PrometheusText::kOpenMetrics);
    case ExportFormat::kJunit:
      return ExportJunit(report);
    case ExportFormat::kCtrf:
      return ExportCtrf(report);
    case ExportFormat::kMarkdown:
      return ExportMarkdown(report, options.markdown_bytes);
    case ExportFormat::kHtml:
      return ExportHtml(report, options.charts);
  }
  throw std::logic_error("an export format without an exporter");
}

}  // namespace deltagauge
