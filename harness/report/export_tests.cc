// JUnit and CTRF: gates and cases as tests.
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_report.h"
#include "harness/report/export_text.h"
#include "harness/report/json.h"
#include "harness/report/report_time.h"

namespace deltagauge {
namespace {

// A gate or a case as a test.
struct TestRow {
  std::string name;
  std::string suite;
  Verdict verdict = Verdict::kError;
  double seconds = 0;
  std::string message;
  std::string repro;
  std::vector<std::pair<std::string, Json>> figures;
};

TestRow RowOf(const GateResult& gate) {
  TestRow row = {gate.id, "gates", gate.verdict, 0, gate.reason, gate.repro, {}};
  row.figures = {{"metric", gate.metric},
                 {"threshold", NumberOrText(gate.threshold)},
                 {"operator", GateOperatorName(gate.op)},
                 {"cases", gate.cases}};
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (!value) return;
    row.figures.emplace_back(name, NumberOrText(*value));
  };
  add("observed", gate.observed);
  add("ci_lo", gate.ci_lo);
  add("ci_hi", gate.ci_hi);
  add("floor", gate.floor);
  add("margin", gate.margin);
  if (!gate.case_id.empty()) row.figures.emplace_back("case", gate.case_id);
  if (gate.verdict == Verdict::kWaived) {
    const Waiver waiver = gate.waiver.value_or(Waiver());
    row.message = fmt::format("{}; waived by {} until {}: {}", gate.reason, waiver.by, waiver.until,
                              waiver.reason);
  }
  return row;
}

TestRow RowOf(const CaseReport& of) {
  TestRow row = {of.id, of.kind, of.status, of.duration_ms * 1e-3, of.reason, of.repro, {}};
  for (const Metric& metric : of.metrics) {
    row.figures.emplace_back(metric.name, NumberOrText(metric.value));
  }
  return row;
}

std::vector<TestRow> RowsOf(const Report& report) {
  std::vector<TestRow> rows;
  for (const GateResult& gate : report.gates) rows.push_back(RowOf(gate));
  for (const CaseReport& of : report.cases) rows.push_back(RowOf(of));
  return rows;
}

std::string UpperVerdict(Verdict verdict) {
  std::string name(VerdictName(verdict));
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

// --- JUnit.

struct JunitCounts {
  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  double seconds = 0;

  void Add(const TestRow& row) {
    ++tests;
    failures += row.verdict == Verdict::kFailed;
    errors += row.verdict == Verdict::kError || row.verdict == Verdict::kInvalid;
    skipped += row.verdict == Verdict::kInconclusive || row.verdict == Verdict::kSkipped ||
               row.verdict == Verdict::kWaived;
    seconds += row.seconds;
  }

  std::string Attributes() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"",
                       tests, failures, errors, skipped, seconds);
  }
};

std::string JunitOutcome(const TestRow& row) {
  const std::string message = EscapeXml(UpperVerdict(row.verdict) + ": " + row.message);
  const std::string repro =
      row.repro.empty() ? "" : EscapeXml("deltagauge repro '" + row.repro + "'");
  switch (row.verdict) {
    case Verdict::kPassed:
      return "";
    case Verdict::kFailed:
      return fmt::format("      <failure message=\"{}\">{}</failure>\n", message, repro);
    case Verdict::kInvalid:
    case Verdict::kError:
      return fmt::format("      <error message=\"{}\">{}</error>\n", message, repro);
    case Verdict::kInconclusive:
    case Verdict::kSkipped:
    case Verdict::kWaived:
      return fmt::format("      <skipped message=\"{}\"/>\n", message);
  }
  return "";
}

std::string JunitCase(const TestRow& row) {
  std::string text =
      fmt::format("    <testcase classname=\"deltagauge.{}\" name=\"{}\" time=\"{:.3f}\">\n",
                  EscapeXml(row.suite), EscapeXml(row.name), row.seconds);
  if (!row.figures.empty()) text += "      <properties>\n";
  for (const auto& [name, value] : row.figures) {
    text += fmt::format("        <property name=\"{}\" value=\"{}\"/>\n", EscapeXml(name),
                        EscapeXml(value.IsString() ? value.AsString() : WriteJson(value)));
  }
  if (!row.figures.empty()) text += "      </properties>\n";
  return text + JunitOutcome(row) + "    </testcase>\n";
}

// --- CTRF.

std::string_view CtrfStatus(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
    case Verdict::kInvalid:
    case Verdict::kError:
      return "failed";
    case Verdict::kSkipped:
      return "skipped";
    case Verdict::kInconclusive:
    case Verdict::kWaived:
      return "other";
  }
  return "other";
}

Json CtrfTest(const TestRow& row) {
  Json test = Json::MakeObject({{"name", row.name},
                                {"status", CtrfStatus(row.verdict)},
                                {"rawStatus", VerdictName(row.verdict)},
                                {"duration", Rounded(row.seconds * 1e3)},
                                {"suite", Json::Array{row.suite}}});
  if (!row.message.empty()) test["message"] = row.message;
  Json extra = Json::MakeObject();
  for (const auto& [name, value] : row.figures) extra[name] = value;
  if (!row.repro.empty()) extra["repro"] = row.repro;
  test["extra"] = std::move(extra);
  return test;
}

}  // namespace

std::string ExportJunit(const Report& report) {
  // Suites in the order in which they come up.
  std::vector<std::string> order;
  std::map<std::string, std::pair<JunitCounts, std::string>> suites;
  JunitCounts all;
  for (const TestRow& row : RowsOf(report)) {
    auto [suite, is_new] = suites.try_emplace(row.suite);
    if (is_new) order.push_back(row.suite);
    suite->second.first.Add(row);
    suite->second.second += JunitCase(row);
    all.Add(row);
  }
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"deltagauge\" {}>\n", all.Attributes());
  // Their schema knows no time zone: UTC, without the Z.
  std::string timestamp = report.created_at;
  if (timestamp.ends_with('Z')) timestamp.pop_back();
  for (const std::string& name : order) {
    const auto& [counts, cases] = suites.at(name);
    text += fmt::format(
        "  <testsuite name=\"deltagauge.{}\" {} timestamp=\"{}\" hostname=\"{}\">\n",
        EscapeXml(name), counts.Attributes(), EscapeXml(timestamp), EscapeXml(report.machine.name));
    text += cases + "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::string ExportCtrf(const Report& report) {
  std::map<std::string_view, int64_t> counts;
  Json tests = Json::MakeArray();
  for (const TestRow& row : RowsOf(report)) {
    ++counts[CtrfStatus(row.verdict)];
    tests.Append(CtrfTest(row));
  }
  const int64_t start = ParseUtc(report.created_at).value_or(0) * 1000;
  constexpr double kLongest = 1e15;  // of a run in ms, so that the sum fits
  const double milliseconds = report.duration_s * 1e3;
  Json results = Json::MakeObject(
      {{"tool", Json::MakeObject({{"name", report.tool.name}, {"version", report.tool.version}})},
       {"summary", Json::MakeObject(
                       {{"tests", tests.AsArray().size()},
                        {"passed", counts["passed"]},
                        {"failed", counts["failed"]},
                        {"pending", 0},
                        {"skipped", counts["skipped"]},
                        {"other", counts["other"]},
                        {"start", start},
                        {"stop", start + (milliseconds < kLongest ? Rounded(milliseconds) : 0)}})},
       {"tests", std::move(tests)},
       {"environment", Json::MakeObject({{"branchName", report.vcs.branch},
                                         {"commit", report.tool.commit},
                                         {"osPlatform", report.machine.os},
                                         {"osRelease", report.machine.kernel}})},
       {"extra", Json::MakeObject({{"runId", report.run_id},
                                   {"verdict", VerdictName(report.summary.verdict)},
                                   {"exitCode", report.summary.exit_code}})}});
  return WriteJson(Json::MakeObject({{"reportFormat", "CTRF"},
                                     {"specVersion", "0.0.0"},
                                     {"reportId", report.report_id},
                                     {"timestamp", report.created_at},
                                     {"results", std::move(results)}}),
                   JsonLayout::kIndented);
}

}  // namespace deltagauge
