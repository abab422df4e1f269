// What the gates and cases of a report come to.
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "harness/report/gates.h"
#include "harness/report/report.h"

namespace deltagauge {
namespace {

// "2 of 14 gates and 3 of 120 cases failed".
std::string CountText(const Report& report, Verdict verdict) {
  const auto is = [&](Verdict other) { return other == verdict; };
  const auto gates = std::count_if(report.gates.begin(), report.gates.end(),
                                   [&](const GateResult& gate) { return is(gate.verdict); });
  const auto cases = std::count_if(report.cases.begin(), report.cases.end(),
                                   [&](const CaseReport& of) { return is(of.status); });
  std::string text;
  if (gates > 0) text = fmt::format("{} of {} gates", gates, report.gates.size());
  if (cases > 0) {
    text += fmt::format("{}{} of {} cases", gates > 0 ? " and " : "", cases, report.cases.size());
  }
  return fmt::format("{} {}", text, VerdictName(verdict));
}

std::string Headline(const Report& report) {
  std::string text;
  for (const VerdictCount& count : report.summary.counts) {
    if (count.verdict == Verdict::kPassed) continue;
    text += (text.empty() ? "" : ", ") + CountText(report, count.verdict);
  }
  if (report.cases.empty()) text = "nothing ran";
  if (text.empty()) {
    text = fmt::format("all {} cases and {} gates", report.cases.size(), report.gates.size());
  }
  if (!report.complete) text += "; incomplete: " + report.incomplete_reason;
  return fmt::format("{}: {}", VerdictName(report.summary.verdict), text);
}

Verdict VerdictOf(ExitCode code) {
  switch (code) {
    case kExitPass:
      return Verdict::kPassed;
    case kExitCorrectness:
    case kExitDrift:
    case kExitPerformance:
      return Verdict::kFailed;
    case kExitInconclusive:
      return Verdict::kInconclusive;
    case kExitInvalid:
      return Verdict::kInvalid;
    case kExitUsage:
    case kExitInternal:
      return Verdict::kError;
  }
  return Verdict::kError;
}

}  // namespace

Concern ConcernOfKind(std::string_view kind) {
  for (const std::string_view model : {"drift", "agreement", "greedy", "invariance"}) {
    if (kind == model) return Concern::kDrift;
  }
  for (const std::string_view timed : {"timing", "prefill", "decode", "foreign"}) {
    if (kind == timed) return Concern::kPerformance;
  }
  return Concern::kCorrectness;
}

void Summarize(Report* report) {
  std::vector<JudgedConcern> parts;
  std::map<Verdict, VerdictCount, std::greater<>> counts;
  for (const CaseReport& of : report->cases) {
    parts.push_back({of.status, ConcernOfKind(of.kind)});
    ++counts[of.status].cases;
  }
  for (const GateResult& gate : report->gates) {
    parts.push_back({gate.verdict, gate.concern});
    ++counts[gate.verdict].gates;
  }
  ExitCode code = ExitCodeOf(parts);
  if (!report->complete) code = MoreSevere(code, kExitInconclusive);
  SummaryReport& summary = report->summary;
  summary.exit_code = code;
  summary.verdict = VerdictOf(code);
  summary.counts.clear();
  for (auto& [verdict, count] : counts) {
    count.verdict = verdict;
    summary.counts.push_back(count);
  }
  summary.headline = Headline(*report);
}

void JudgeReport(std::span<const Gate> gates, Report* report) {
  if (report->shard || !report->complete) report->gate_policy.no_case = NoCase::kIsSkipped;
  WaiveCases(report->waivers, report->gate_policy.today, &report->cases);
  report->gates = EvaluateGates(gates, report->waivers, report->cases, report->gate_policy);
  Summarize(report);
}

}  // namespace deltagauge
