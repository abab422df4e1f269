#include "harness/store/report_rows.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "harness/store/gzip.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

constexpr std::string_view kUnknownMachine = "0000000000000000";

MachineRow RowOf(const Machine& machine, std::string_view platform) {
  MachineRow row;
  row.fingerprint =
      machine.fingerprint.empty() ? std::string(kUnknownMachine) : WithoutNul(machine.fingerprint);
  row.platform = WithoutNul(platform);
  row.name = WithoutNul(machine.name);
  row.cpu_model = WithoutNul(machine.cpu_model);
  row.os = WithoutNul(machine.os);
  row.threads = machine.threads;
  row.memory_bytes = machine.memory_bytes;
  return row;
}

ReportRow RowOf(const Report& report, std::string_view text, std::string_view where) {
  const std::string place(where);
  if (!IsIdentifier(report.report_id)) {
    throw reference::InputError(place + "#/report_id", "no identifier",
                                "expected 1 to 64 letters, digits and -_.");
  }
  const auto created = ParseUtc(report.created_at);
  if (!created) {
    throw reference::InputError(place + "#/created_at", "no time in UTC",
                                "expected one such as 2026-03-11T09:30:00Z");
  }
  ReportRow row;
  row.report_id = report.report_id;
  row.run_id = WithoutNul(report.run_id);
  row.sha256 = reference::Sha256Of(text);
  row.created_s = *created;
  row.repo = WithoutNul(report.vcs.repo);
  row.branch = WithoutNul(report.vcs.branch);
  row.commit = WithoutNul(report.vcs.head_sha.empty() ? report.tool.commit : report.vcs.head_sha);
  row.base_commit = WithoutNul(report.vcs.base_sha);
  row.pull_request = WithoutNul(report.vcs.pull_request);
  row.dirty = report.tool.dirty;
  row.platform = WithoutNul(report.tool.platform.value_or(""));
  row.machine = RowOf(report.machine, row.platform);
  row.config = WithoutNul(report.config.name);
  row.config_sha256 = WithoutNul(report.config.sha256);
  row.verdict = VerdictName(report.summary.verdict);
  row.exit_code = report.summary.exit_code;
  row.complete = report.complete;
  row.cases = static_cast<int64_t>(report.cases.size());
  row.headline = WithoutNul(report.summary.headline);
  row.duration_s = report.duration_s;
  row.raw_bytes = static_cast<int64_t>(text.size());
  return row;
}

CaseRow RowOf(CaseReport& of, const std::map<std::string, size_t, std::less<>>& machines) {
  CaseRow row;
  row.name = WithoutNul(of.id);
  row.kind = WithoutNul(of.kind);
  row.candidate = WithoutNul(of.candidate);
  row.verdict = of.status;
  if (of.machine) {
    const auto found = machines.find(*of.machine);
    if (found != machines.end()) row.machine = found->second;
  }
  row.metrics = std::move(of.metrics);
  for (Metric& metric : row.metrics) {
    metric.name = WithoutNul(metric.name);
    metric.unit = WithoutNul(metric.unit);
  }
  if (of.performance) {
    row.samples.push_back({"a", std::move(of.performance->a.samples_ns)});
    row.samples.push_back({"b", std::move(of.performance->b.samples_ns)});
  }
  return row;
}

}  // namespace

bool IsIdentifier(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string WithoutNul(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return std::string(text);
  std::string clean;
  for (const char c : text) {
    if (c == '\0') {
      clean += "\xEF\xBF\xBD";
    } else {
      clean += c;
    }
  }
  return clean;
}

ReportRows MakeReportRows(std::string_view text, std::string_view where,
                          const IngestLimits& limits) {
  JsonLimits json;
  json.bytes = limits.bytes;
  return MakeReportRows(ReadReport(text, where, json), text, where, limits);
}

ReportRows MakeReportRows(Report report, std::string_view text, std::string_view where,
                          const IngestLimits& limits) {
  ReportRows rows;
  rows.report = RowOf(report, text, where);
  rows.machines.push_back(rows.report.machine);
  std::map<std::string, size_t, std::less<>> machines = {{report.machine.fingerprint, 0}};
  for (const Machine& machine : report.other_machines) {
    machines.emplace(machine.fingerprint, rows.machines.size());
    rows.machines.push_back(RowOf(machine, rows.report.platform));
  }
  if (report.cases.size() > limits.cases) {
    throw reference::InputError(
        std::string(where) + "#/cases",
        fmt::format("{} cases, more than {}", report.cases.size(), limits.cases));
  }
  size_t metrics = 0;
  for (CaseReport& of : report.cases) {
    metrics += of.metrics.size();
    rows.cases.push_back(RowOf(of, machines));
  }
  if (metrics > limits.metrics) {
    throw reference::InputError(std::string(where) + "#/cases",
                                fmt::format("{} figures, more than {}", metrics, limits.metrics));
  }
  rows.gates = std::move(report.gates);
  rows.body = Gzip(text);
  return rows;
}

}  // namespace deltagauge
