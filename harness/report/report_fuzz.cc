// libFuzzer target: any text is either refused with a short message, or is a report that writes
// itself so that it reads back the same, and that every exporter, the comparison and the merge
// take.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/compare.h"
#include "harness/report/export_html.h"
#include "harness/report/export_report.h"
#include "harness/report/merge.h"
#include "harness/report/report_example.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "reference/input_error.h"

namespace {

namespace dg = deltagauge;
using dg::Json;

constexpr dg::PageAssets kAssets = {
    "{{title}}{{style}}{{verdict}}{{body}}{{data}}{{library}}{{script}}", "", "", ""};

void Require(bool condition) {
  if (!condition) std::abort();
}

// As a report. Small limits: the fuzzer shall look for faults, not for memory.
void TryReport(std::string_view text) {
  dg::Report report;
  try {
    report = dg::ReadReport(text, "fuzz", {.bytes = 1 << 20, .depth = 16, .values = 1 << 16});
  } catch (const dg::reference::InputError& error) {
    Require(std::string_view(error.what()).size() < text.size() + 1000);
    return;
  }
  const std::string written = dg::WriteReport(report);
  Require(dg::WriteReport(dg::ReadReport(written, "again")) == written);
  for (const auto& [format, name] : dg::NamesOf<dg::ExportFormat>()) {
    if (format == dg::ExportFormat::kHtml) continue;  // the library in it takes all the time
    Require(!dg::ExportReport(report, format).empty());
  }
  Require(!dg::RenderPage(report, kAssets).empty());
  dg::TerminalSummary(report, "fuzz", dg::Colours::kNone);
  dg::GithubErrors(report);
  const dg::ReportComparison comparison = dg::CompareReports(report, report, {});
  dg::ComparisonText(comparison);
  dg::ComparisonMarkdown(comparison);
  dg::WriteJson(dg::ComparisonJson(comparison));
  try {
    dg::MergeReports({{{"fuzz", report}}}, "merged");
  } catch (const dg::reference::InputError&) {
    // Its gates or waivers say nothing that could be judged again.
  }
}

// A report of every kind of case, as JSON.
Json Seed() {
  dg::Report report = dg::ExampleFailingReport();
  std::vector<dg::CaseReport> cases;
  for (dg::CaseReport& of : report.cases) {
    if (!cases.empty() && cases.back().kind == of.kind) continue;
    if (of.drift) of.drift->baseline->buckets.resize(2);
    if (of.drift) of.drift->truth.reset();
    cases.push_back(std::move(of));
  }
  report.cases = std::move(cases);
  return dg::ReportToJson(report);
}

void Collect(Json* value, std::vector<Json*>* all) {
  all->push_back(value);
  if (value->IsArray()) {
    for (Json& element : value->AsArray()) Collect(&element, all);
  } else if (value->IsObject()) {
    for (auto& [name, member] : value->AsObject()) Collect(&member, all);
  }
}

// Three bytes an edit: which value of the seed (two bytes), what becomes of it.
std::string Edited(std::string_view edits) {
  static const Json kSeed = Seed();
  Json json = kSeed;
  for (; edits.size() >= 3; edits.remove_prefix(3)) {
    std::vector<Json*> all;
    Collect(&json, &all);
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(edits[i]); };
    Json& value = *all[(byte(0) * size_t{256} + byte(1)) % all.size()];
    const Json choices[] = {Json(),
                            Json(0),
                            Json(-1),
                            Json(1e308),
                            Json(-1e308),
                            Json(5e-324),
                            Json(std::numeric_limits<int64_t>::max()),
                            Json(std::numeric_limits<uint64_t>::max()),
                            Json(""),
                            Json("</script>|`*\x01"),
                            Json("passed"),
                            Json("performance.prefill.speedup"),
                            Json("prefill"),
                            Json::MakeArray(),
                            Json::MakeObject(),
                            *all[byte(2) * size_t{31} % all.size()]};
    value = Json(choices[byte(2) % std::size(choices)]);
  }
  return WriteJson(json);
}

void TryCases(std::string_view text) {
  try {
    for (const dg::CaseReport& of : dg::ParseCases(text, "fuzz").cases) {
      const std::string line = dg::WriteCaseLine(of);
      Require(dg::WriteCaseLine(dg::ReadCaseLine(line, "again")) == line);
    }
  } catch (const dg::reference::InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // What begins like JSON is taken as it is; else it says how to spoil a good report.
  if (text.starts_with('{') || text.starts_with('[')) {
    TryReport(text);
    TryCases(text);
  } else {
    TryReport(Edited(text));
  }
  return 0;
}
