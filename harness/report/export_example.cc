#include "harness/report/export_example.h"

#include "harness/report/export_html.h"
#include "harness/report/export_report.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"

namespace deltagauge {

std::vector<GoldenFile> GoldenFiles() {
  const Report passing = ExamplePassingReport();
  const Report failing = ExampleFailingReport();
  constexpr size_t kUncut = 1'000'000;
  const PageAssets assets = {
      "<title>{{title}}</title>\n{{verdict}}{{body}}<script type=\"application/json\">{{data}}"
      "</script>\n<style>{{style}}</style><script>{{library}}{{script}}</script>\n",
      "/* style */", "/* script */", "/* library */"};
  return {
      {"golden_report.json", WriteReport(passing)},
      {"golden_report_failing.json", WriteReport(failing)},
      {"golden_pytorch_v3.jsonl", ExportPytorchV3(failing)},
      {"golden_smaller.json", ExportGithubActionBenchmark(failing, Direction::kSmallerIsBetter)},
      {"golden_bigger.json", ExportGithubActionBenchmark(failing, Direction::kLargerIsBetter)},
      {"golden_bencher.json", ExportBencher(failing)},
      {"golden_google_benchmark.json", ExportGoogleBenchmark(failing)},
      {"golden_prometheus.txt", ExportPrometheus(failing, PrometheusText::kText004)},
      {"golden_junit.xml", ExportJunit(failing)},
      {"golden_ctrf.json", ExportCtrf(failing)},
      {"golden_summary.md", ExportMarkdown(failing, kUncut)},
      {"golden_terminal.txt", TerminalSummary(failing, "out/report.json", Colours::kNone)},
      {"golden_github_errors.txt", GithubErrors(failing)},
      {"golden_page.html", RenderPage(failing, assets)},
  };
}

}  // namespace deltagauge
