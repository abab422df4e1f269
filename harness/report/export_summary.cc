// The verdict for people: terminal, Markdown, GitHub's log.
#include <algorithm>
#include <set>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_report.h"
#include "harness/report/export_text.h"

namespace deltagauge {
namespace {

std::string_view AnsiOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "\x1b[32m";
    case Verdict::kFailed:
    case Verdict::kInvalid:
    case Verdict::kError:
      return "\x1b[31m";
    case Verdict::kInconclusive:
    case Verdict::kWaived:
    case Verdict::kSkipped:
      return "\x1b[33m";
  }
  return "";
}

std::string Coloured(std::string_view text, Verdict verdict, Colours colours) {
  if (colours == Colours::kNone) return std::string(text);
  return std::string(AnsiOf(verdict)) + std::string(text) + "\x1b[0m";
}

// Worth a line of its own: what is neither fine nor left out.
bool NeedsAttention(Verdict verdict) {
  return verdict != Verdict::kPassed && verdict != Verdict::kSkipped;
}

// Text from a file may hold what moves a cursor.
std::string WithoutControls(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return clean;
}

// Cases that no gate above them names.
std::vector<const CaseReport*> OtherCases(const Report& report, bool failed_only) {
  std::set<std::string_view> named;
  for (const GateResult& gate : report.gates) {
    if (failed_only ? gate.verdict == Verdict::kFailed : NeedsAttention(gate.verdict)) {
      named.insert(gate.case_id);
    }
  }
  std::vector<const CaseReport*> cases;
  for (const CaseReport& of : report.cases) {
    const bool wanted = failed_only ? of.status == Verdict::kFailed : NeedsAttention(of.status);
    if (wanted && !named.contains(of.id)) cases.push_back(&of);
  }
  return cases;
}

std::string WaiverText(const GateResult& gate) {
  if (!gate.waiver) return "";
  return fmt::format("; {} by {} {} {}: {}",
                     gate.verdict == Verdict::kWaived ? "waived" : "a waiver", gate.waiver->by,
                     gate.verdict == Verdict::kWaived ? "until" : "ended on", gate.waiver->until,
                     gate.waiver->reason);
}

// --- Markdown.

std::string_view MarkOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "✅";
    case Verdict::kFailed:
      return "❌";
    case Verdict::kInvalid:
    case Verdict::kError:
      return "⛔";
    case Verdict::kInconclusive:
      return "❔";
    case Verdict::kWaived:
      return "🟡";
    case Verdict::kSkipped:
      return "⏭️";
  }
  return "";
}

std::string MarkdownGateRow(const GateResult& gate) {
  const std::string observed =
      gate.observed ? WithInterval(*gate.observed, gate.ci_lo, gate.ci_hi) : "–";
  return fmt::format("| {} {} | {} | {} | {}{} |\n", MarkOf(gate.verdict),
                     VerdictName(gate.verdict), MarkdownCode(gate.id), observed,
                     EscapeMarkdown(gate.reason + WaiverText(gate)),
                     gate.repro.empty() ? "" : "<br>" + MarkdownCode(gate.repro));
}

std::string MarkdownGates(const Report& report, bool attention) {
  std::string rows;
  for (const GateResult& gate : report.gates) {
    if (NeedsAttention(gate.verdict) == attention) rows += MarkdownGateRow(gate);
  }
  if (rows.empty()) return "";
  return "| verdict | gate | observed | |\n|---|---|---|---|\n" + rows + "\n";
}

std::string MarkdownSpeedups(const Report& report) {
  std::string rows;
  for (const CaseReport& of : report.cases) {
    for (const Metric& metric : of.metrics) {
      if (!metric.name.ends_with(".speedup")) continue;
      rows += fmt::format(
          "| {} | {} | {} | {} | {} |\n", MarkdownCode(of.id), ShortNumber(metric.value),
          metric.ci_lo && metric.ci_hi
              ? fmt::format("{} to {}", ShortNumber(*metric.ci_lo), ShortNumber(*metric.ci_hi))
              : "–",
          metric.floor ? LogRatioPercent(*metric.floor) : "–", VerdictName(of.status));
    }
  }
  if (rows.empty()) return "";
  return "### Speedup over the baseline\n\n"
         "| case | speedup | interval | noise floor | |\n|---|---|---|---|---|\n" +
         rows + "\n";
}

std::string MarkdownCases(const Report& report) {
  std::string text =
      "<details><summary>All cases</summary>\n\n| case | | figures |\n|---|---|---|\n";
  for (const CaseReport& of : report.cases) {
    std::string figures;
    for (const Metric& metric : of.metrics) {
      figures += fmt::format("{}{} {}", figures.empty() ? "" : ", ", metric.name,
                             ShortNumber(metric.value));
    }
    if (!of.reason.empty()) figures += (figures.empty() ? "" : "; ") + of.reason;
    text += fmt::format("| {} | {} {} | {} |\n", MarkdownCode(of.id), MarkOf(of.status),
                        VerdictName(of.status), EscapeMarkdown(figures));
  }
  return text + "\n</details>\n";
}

std::string MarkdownMachine(const Report& report) {
  const Machine& machine = report.machine;
  std::string text = fmt::format("{}, {} threads, {}, deltagauge {} at {}{}, configuration {}",
                                 machine.cpu_model, machine.threads, machine.isa_dispatched,
                                 report.tool.version, report.tool.commit.substr(0, 12),
                                 report.tool.dirty ? " (changed)" : "", report.config.name);
  return EscapeMarkdown(text) + "\n\n";
}

// --- GitHub's log.

// Of data; properties need two more.
std::string EscapeCommand(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
      escaped += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string GithubError(std::string_view title, std::string_view reason, std::string_view repro) {
  std::string message(reason);
  if (!repro.empty()) message += fmt::format("\ndeltagauge repro '{}'", repro);
  return fmt::format("::error title={}::{}\n", EscapeCommand(title, true),
                     EscapeCommand(message, false));
}

}  // namespace

std::string TerminalSummary(const Report& report, std::string_view report_path, Colours colours) {
  const SummaryReport& summary = report.summary;
  std::string text;
  const auto line = [&](Verdict verdict, std::string_view what, std::string_view why,
                        std::string_view repro) {
    text += fmt::format("{} {}{}{}\n", Coloured(VerdictName(verdict), verdict, colours),
                        WithoutControls(what), why.empty() ? "" : ": ", WithoutControls(why));
    if (!repro.empty()) text += fmt::format("  deltagauge repro '{}'\n", WithoutControls(repro));
  };
  for (const GateResult& gate : report.gates) {
    if (!NeedsAttention(gate.verdict)) continue;
    line(gate.verdict, gate.id, gate.reason + WaiverText(gate), gate.repro);
  }
  for (const CaseReport* of : OtherCases(report, false)) {
    line(of->status, of->id, of->reason, of->repro);
  }
  // The headline begins with the verdict.
  const std::string verdict(VerdictName(summary.verdict));
  std::string headline = WithoutControls(summary.headline);
  if (headline.starts_with(verdict)) {
    headline = Coloured(verdict, summary.verdict, colours) + headline.substr(verdict.size());
  }
  text += fmt::format("{} (exit code {})\n", headline, summary.exit_code);
  if (!report_path.empty()) text += fmt::format("report: {}\n", report_path);
  return text;
}

std::string GithubErrors(const Report& report) {
  std::string text;
  for (const GateResult& gate : report.gates) {
    if (gate.verdict == Verdict::kFailed) text += GithubError(gate.id, gate.reason, gate.repro);
  }
  for (const CaseReport* of : OtherCases(report, true)) {
    text += GithubError(of->id, of->reason, of->repro);
  }
  return text;
}

std::string ExportMarkdown(const Report& report, size_t bytes) {
  std::string text = fmt::format("## {} DeltaGauge: {}\n\n", MarkOf(report.summary.verdict),
                                 EscapeMarkdown(report.summary.headline));
  text += MarkdownMachine(report);
  text += MarkdownGates(report, true);
  text += MarkdownSpeedups(report);
  const std::string fine = MarkdownGates(report, false);
  if (!fine.empty()) {
    text += "<details><summary>Other gates</summary>\n\n" + fine + "</details>\n\n";
  }
  text += MarkdownCases(report);
  if (text.size() <= bytes) return text;
  constexpr std::string_view kCut =
      "\n\n</details>\n\n**Cut here: the whole is in report.json and report.html, among the run's "
      "artifacts.**\n";
  const size_t room = bytes > kCut.size() ? bytes - kCut.size() : 0;
  const size_t line = text.rfind('\n', room);
  text.resize(line == std::string::npos ? 0 : line);
  return text + std::string(kCut);
}

}  // namespace deltagauge
