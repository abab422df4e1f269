// A release verdict for a terminal, for a step summary, and for programs.
#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/kernel/case.h"  // NamedValue
#include "harness/release/release_verdict.h"
#include "harness/report/export_text.h"

namespace deltagauge {
namespace {

constexpr NamedValue<ReleaseFlaw> kFlaws[] = {
    {ReleaseFlaw::kNoPlatform, "no_platform"},
    {ReleaseFlaw::kStale, "stale"},
    {ReleaseFlaw::kOtherCommit, "other_commit"},
    {ReleaseFlaw::kDirtyTree, "dirty_tree"},
    {ReleaseFlaw::kIncompleteRun, "incomplete_run"},
    {ReleaseFlaw::kInvalidRun, "invalid_run"},
    {ReleaseFlaw::kFailedRun, "failed_run"},
    {ReleaseFlaw::kInconclusiveRun, "inconclusive_run"},
    {ReleaseFlaw::kWaivedRun, "waived_run"},
    {ReleaseFlaw::kMissingPlatform, "missing_platform"},
    {ReleaseFlaw::kMissingConfig, "missing_config"},
    {ReleaseFlaw::kMissingCandidate, "missing_candidate"},
    {ReleaseFlaw::kMissingModel, "missing_model"},
    {ReleaseFlaw::kMissingTarget, "missing_target"},
    {ReleaseFlaw::kMissingGate, "missing_gate"},
    {ReleaseFlaw::kGateNotPassed, "gate_not_passed"},
    {ReleaseFlaw::kOtherConfig, "other_config"},
    {ReleaseFlaw::kRepeatedReport, "repeated_report"},
    {ReleaseFlaw::kOtherInputs, "other_inputs"},
    {ReleaseFlaw::kOtherOutputs, "other_outputs"},
    {ReleaseFlaw::kTooFewShared, "too_few_shared"},
};

std::string PlatformName(const PlatformRow& row) {
  return row.platform.empty() ? "(not said)" : row.platform;
}

std::string RowVerdict(const PlatformRow& row) {
  if (row.reports.empty()) return "missing";
  return row.reasons == 0 ? "ok" : fmt::format("{} against it", row.reasons);
}

std::string CaseCount(const PlatformRow& row) {
  std::string text = fmt::format("{} of {}", row.passed, row.cases - row.skipped);
  if (row.skipped > 0) text += fmt::format(" (+{} skipped)", row.skipped);
  return text;
}

std::string Headline(const ReleaseVerdict& verdict) {
  const std::string commit =
      verdict.commit.empty() ? "" : fmt::format(" of commit {}", verdict.commit.substr(0, 12));
  if (verdict.IsGo()) {
    size_t reports = 0;
    for (const PlatformRow& row : verdict.platforms) reports += row.reports.size();
    return fmt::format("go: {} reports{} hold what policy '{}' asks for (exit code 0)", reports,
                       commit, verdict.policy);
  }
  return fmt::format("no-go: {} reason{}{} against policy '{}' (exit code {})",
                     verdict.reasons.size(), verdict.reasons.size() == 1 ? "" : "s", commit,
                     verdict.policy, static_cast<int>(verdict.exit_code()));
}

std::string AgreementLine(const PlatformAgreement& pair) {
  std::string text = fmt::format(
      "{} and {}: {} shared cases, inputs the same bits in {}; of {} tensors {} the "
      "same bits",
      pair.platform, pair.other, pair.cases, pair.same_inputs, pair.tensors, pair.same_tensors);
  for (const auto& [dtype, largest] : pair.largest) {
    text += fmt::format(", {} apart by at most {:.2g}", dtype, largest.distance);
  }
  return text;
}

std::string Place(const ReleaseReason& reason) {
  if (!reason.report.empty()) return reason.report;
  return reason.platform;
}

Json Names(const std::vector<std::string>& names) {
  Json array = Json::MakeArray();
  for (const std::string& name : names) array.Append(name);
  return array;
}

Json RowJson(const PlatformRow& row) {
  return Json::MakeObject({{"platform", row.platform},
                           {"required", row.required},
                           {"reports", Names(row.reports)},
                           {"configs", Names(row.configs)},
                           {"targets", Names(row.targets)},
                           {"cases", row.cases},
                           {"passed", row.passed},
                           {"skipped", row.skipped},
                           {"gates", row.gates},
                           {"gates_passed", row.gates_passed},
                           {"reasons", row.reasons}});
}

Json AgreementJson(const PlatformAgreement& pair) {
  Json largest = Json::MakeObject();
  for (const auto& [dtype, difference] : pair.largest) {
    largest[dtype] = Json::MakeObject({{"case", difference.id},
                                       {"repro", difference.repro},
                                       {"tensor", difference.tensor},
                                       {"distance", NumberOrText(difference.distance)}});
  }
  Json other_inputs = Json::MakeArray();
  for (const CaseDifference& difference : pair.other_inputs) other_inputs.Append(difference.id);
  return Json::MakeObject({{"platform", pair.platform},
                           {"other", pair.other},
                           {"cases", pair.cases},
                           {"same_inputs", pair.same_inputs},
                           {"tensors", pair.tensors},
                           {"same_tensors", pair.same_tensors},
                           {"largest", largest},
                           {"other_inputs", other_inputs}});
}

}  // namespace

std::string_view ReleaseFlawName(ReleaseFlaw flaw) {
  for (const NamedValue<ReleaseFlaw>& named : kFlaws) {
    if (named.value == flaw) return named.name;
  }
  return "?";
}

std::string ReleaseText(const ReleaseVerdict& verdict) {
  size_t width = 8;
  for (const PlatformRow& row : verdict.platforms) {
    width = std::max(width, PlatformName(row).size());
  }
  std::string text = fmt::format("{:<{}}  {:<14}  {:<26}  {:<9}  {}\n", "platform", width,
                                 "verdict", "cases passed", "gates", "instruction sets");
  for (const PlatformRow& row : verdict.platforms) {
    text += fmt::format("{:<{}}  {:<14}  {:<26}  {:<9}  {}\n", PlatformName(row), width,
                        RowVerdict(row), CaseCount(row),
                        fmt::format("{} of {}", row.gates_passed, row.gates),
                        fmt::join(row.targets, ", "));
  }
  for (const PlatformAgreement& pair : verdict.agreement) text += AgreementLine(pair) + "\n";
  for (const ReleaseReason& reason : verdict.reasons) {
    text += fmt::format("{}: {}{}\n", ReleaseFlawName(reason.flaw),
                        Place(reason).empty() ? "" : Place(reason) + ": ", reason.what);
    if (!reason.hint.empty()) text += fmt::format("    {}\n", reason.hint);
  }
  return text + Headline(verdict) + "\n";
}

std::string ReleaseMarkdown(const ReleaseVerdict& verdict) {
  std::string text = fmt::format("## Release: {}\n\n{}\n\n", verdict.IsGo() ? "go" : "no-go",
                                 EscapeMarkdown(Headline(verdict)));
  text +=
      "| platform | verdict | cases passed | gates | instruction sets |\n|---|---|---|---|---|\n";
  for (const PlatformRow& row : verdict.platforms) {
    text += fmt::format("| {} | {} | {} | {} of {} | {} |\n", EscapeMarkdown(PlatformName(row)),
                        RowVerdict(row), CaseCount(row), row.gates_passed, row.gates,
                        EscapeMarkdown(fmt::format("{}", fmt::join(row.targets, ", "))));
  }
  if (!verdict.agreement.empty()) text += "\n";
  for (const PlatformAgreement& pair : verdict.agreement) {
    text += "- " + EscapeMarkdown(AgreementLine(pair)) + "\n";
  }
  if (verdict.reasons.empty()) return text;
  text += "\n| reason | where | what | what to do |\n|---|---|---|---|\n";
  for (const ReleaseReason& reason : verdict.reasons) {
    text += fmt::format("| {} | {} | {} | {} |\n", ReleaseFlawName(reason.flaw),
                        EscapeMarkdown(Place(reason)), EscapeMarkdown(reason.what),
                        EscapeMarkdown(reason.hint));
  }
  return text;
}

Json ReleaseJson(const ReleaseVerdict& verdict) {
  Json platforms = Json::MakeArray();
  for (const PlatformRow& row : verdict.platforms) platforms.Append(RowJson(row));
  Json agreement = Json::MakeArray();
  for (const PlatformAgreement& pair : verdict.agreement) agreement.Append(AgreementJson(pair));
  Json reasons = Json::MakeArray();
  for (const ReleaseReason& reason : verdict.reasons) {
    reasons.Append(Json::MakeObject({{"flaw", ReleaseFlawName(reason.flaw)},
                                     {"platform", reason.platform},
                                     {"report", reason.report},
                                     {"what", reason.what},
                                     {"hint", reason.hint},
                                     {"exit_code", static_cast<int>(reason.exit_code)}}));
  }
  return Json::MakeObject({{"verdict", verdict.IsGo() ? "go" : "no-go"},
                           {"exit_code", static_cast<int>(verdict.exit_code())},
                           {"policy", verdict.policy},
                           {"commit", verdict.commit},
                           {"platforms", platforms},
                           {"agreement", agreement},
                           {"reasons", reasons}});
}

}  // namespace deltagauge
