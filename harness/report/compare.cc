#include "harness/report/compare.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/report/gates.h"
#include "harness/report/report_metrics.h"

namespace deltagauge {
namespace {

const std::string& MachineOf(const Report& report, const CaseReport& of) {
  return of.machine ? *of.machine : report.machine.fingerprint;
}

bool IsTimed(const CaseReport& of) { return ConcernOfKind(of.kind) == Concern::kPerformance; }

// Bad ones are worse than those that decide nothing, and these than the good ones.
int Rank(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return 0;
    case Verdict::kSkipped:
    case Verdict::kWaived:
    case Verdict::kInconclusive:
      return 1;
    case Verdict::kFailed:
    case Verdict::kInvalid:
    case Verdict::kError:
      return 2;
  }
  return 2;
}

Change WorseChange(Change a, Change b) {
  for (const Change change :
       {Change::kWorse, Change::kUnclear, Change::kNotCompared, Change::kBetter}) {
    if (a == change || b == change) return change;
  }
  return Change::kSame;
}

bool HasInterval(const Metric& metric) {
  return metric.ci_lo && metric.ci_hi && *metric.ci_lo > 0 && std::isfinite(*metric.ci_hi) &&
         metric.value > 0;
}

// Of two speedups with their intervals.
Change CompareSpeedups(const Metric& base, const Metric& head, double min_effect) {
  const double bound = std::max({min_effect, base.floor.value_or(0), head.floor.value_or(0)});
  const double effect = std::log(head.value / base.value);
  if (!(std::abs(effect) > bound)) return Change::kSame;
  // Distance of the nearer ends; negative: the intervals meet.
  const double gap =
      effect < 0 ? std::log(*base.ci_lo / *head.ci_hi) : std::log(*head.ci_lo / *base.ci_hi);
  if (gap <= 0) return Change::kUnclear;
  return effect < 0 ? Change::kWorse : Change::kBetter;
}

MetricChange CompareMetric(const Metric* base, const Metric* head, bool may_time,
                           double min_effect) {
  const Metric& known = head != nullptr ? *head : *base;
  MetricChange change;
  change.metric = known.name;
  change.unit = known.unit;
  change.direction = known.direction;
  if (base != nullptr) change.base = base->value;
  if (head != nullptr) change.head = head->value;
  if (base == nullptr || head == nullptr) return change;
  const bool performance = known.name.starts_with("performance.");
  // Figures of other programs are of their machine, too, but no speedups: nothing judges them.
  const bool foreign = known.name.starts_with("foreign.");
  if ((performance || foreign) && !may_time) {
    change.change = Change::kNotCompared;
    return change;
  }
  const double ratio = head->value / base->value;
  if (std::isfinite(ratio)) change.ratio = ratio;
  if (performance && HasInterval(*base) && HasInterval(*head)) {
    change.change = CompareSpeedups(*base, *head, min_effect);
  } else if (performance && HasInterval(*base)) {
    change.change = Change::kUnclear;  // what was a measurement is none any more
  }
  return change;
}

void CompareVerdicts(const CaseReport& head, CaseChange* change) {
  const int before = Rank(change->base);
  const int after = Rank(change->head);
  if (after > before) {
    change->change = after == 2 ? Change::kWorse : Change::kUnclear;
  } else if (after < before) {
    change->change = Change::kBetter;
  }
  if (change->base != change->head) {
    change->reason =
        fmt::format("{}, was {}", VerdictName(change->head), VerdictName(change->base));
    if (after > before && !head.reason.empty()) change->reason += ": " + head.reason;
  }
}

CaseChange CompareCase(const CaseReport& base, const CaseReport& head, bool may_time,
                       double min_effect) {
  CaseChange change;
  change.id = head.id;
  change.kind = head.kind;
  change.repro = head.repro;
  change.base = base.status;
  change.head = head.status;
  // A timing's verdict is of its machine as much as its figures are.
  if (may_time || !IsTimed(head)) CompareVerdicts(head, &change);
  for (const Metric& metric : head.metrics) {
    change.metrics.push_back(
        CompareMetric(FindMetricOf(base, metric.name), &metric, may_time, min_effect));
  }
  for (const Metric& metric : base.metrics) {
    if (FindMetricOf(head, metric.name) != nullptr) continue;
    change.metrics.push_back(CompareMetric(&metric, nullptr, may_time, min_effect));
  }
  for (const MetricChange& metric : change.metrics) {
    change.change = WorseChange(change.change, metric.change);
    if (metric.change == Change::kSame || metric.change == Change::kNotCompared) continue;
    change.reason += fmt::format("{}{} {}: {}, was {}", change.reason.empty() ? "" : "; ",
                                 metric.metric, ChangeName(metric.change),
                                 ShortNumber(*metric.head), ShortNumber(*metric.base));
  }
  return change;
}

ExitCode ExitCodeOf(const CaseChange& change) {
  switch (change.change) {
    case Change::kWorse: {
      const bool verdict = Rank(change.head) > Rank(change.base);
      return ExitCodeOf(
          JudgedConcern{verdict ? change.head : Verdict::kFailed, ConcernOfKind(change.kind)});
    }
    case Change::kUnclear:
    case Change::kNotCompared:
      return kExitInconclusive;
    case Change::kSame:
    case Change::kBetter:
      return kExitPass;
  }
  return kExitInternal;
}

void AddNotes(const Report& base, const Report& head, ReportComparison* comparison) {
  auto& notes = comparison->notes;
  if (base.config.sha256 != head.config.sha256) notes.emplace_back("the configurations differ");
  if (!base.complete) notes.push_back("base is incomplete: " + base.incomplete_reason);
  if (!head.complete) notes.push_back("head is incomplete: " + head.incomplete_reason);
  if (base.tool.dirty) notes.emplace_back("base was built from a changed tree");
  if (head.tool.dirty) notes.emplace_back("head was built from a changed tree");
  if (base.report_id == head.report_id) notes.emplace_back("both are one and the same report");
}

const char* MarkOf(Change change) {
  switch (change) {
    case Change::kSame:
      return "=";
    case Change::kBetter:
      return "+";
    case Change::kWorse:
      return "-";
    case Change::kUnclear:
      return "?";
    case Change::kNotCompared:
      return " ";
  }
  return "";
}

std::string Counts(const ReportComparison& comparison) {
  std::string text = fmt::format("{} cases in both", comparison.cases.size());
  for (const Change change :
       {Change::kWorse, Change::kUnclear, Change::kBetter, Change::kSame, Change::kNotCompared}) {
    const auto count = std::count_if(comparison.cases.begin(), comparison.cases.end(),
                                     [&](const CaseChange& of) { return of.change == change; });
    if (count > 0) text += fmt::format(", {} {}", count, ChangeName(change));
  }
  if (!comparison.only_base.empty()) {
    text += fmt::format("; {} only in base", comparison.only_base.size());
  }
  if (!comparison.only_head.empty()) {
    text += fmt::format("; {} only in head", comparison.only_head.size());
  }
  return text;
}

// Figures that a reader wants to see side by side: errors that moved, and all speedups.
bool IsShown(const MetricChange& metric) {
  if (!metric.base || !metric.head || metric.change == Change::kNotCompared) return false;
  return metric.metric.ends_with(".speedup") || metric.change != Change::kSame ||
         (!metric.metric.starts_with("performance.") && *metric.base != *metric.head);
}

// Whether the same case was asked with other numbers: then its figures have nothing in common.
bool HaveOtherInputs(const CaseReport& base, const CaseReport& head) {
  return base.correctness && head.correctness && base.correctness->input_hash &&
         head.correctness->input_hash &&
         base.correctness->input_hash != head.correctness->input_hash;
}

}  // namespace

std::string_view ChangeName(Change change) {
  switch (change) {
    case Change::kSame:
      return "same";
    case Change::kBetter:
      return "better";
    case Change::kWorse:
      return "worse";
    case Change::kUnclear:
      return "unclear";
    case Change::kNotCompared:
      return "not compared";
  }
  return "?";
}

ReportComparison CompareReports(const Report& base, const Report& head,
                                const CompareOptions& options) {
  ReportComparison comparison;
  comparison.base_report = base.report_id;
  comparison.head_report = head.report_id;
  comparison.base_commit = base.tool.commit;
  comparison.head_commit = head.tool.commit;
  AddNotes(base, head, &comparison);
  int other_inputs = 0;
  std::map<std::string_view, const CaseReport*> of_base;
  for (const CaseReport& of : base.cases) of_base.emplace(of.id, &of);
  for (const CaseReport& of : head.cases) {
    const auto found = of_base.find(of.id);
    if (found == of_base.end()) {
      comparison.only_head.push_back(of.id);
      continue;
    }
    const CaseReport& before = *found->second;
    of_base.erase(found);
    other_inputs += HaveOtherInputs(before, of);
    const std::string& base_machine = MachineOf(base, before);
    const std::string& head_machine = MachineOf(head, of);
    // Two unknown machines need not be one.
    const bool same = !base_machine.empty() && base_machine == head_machine;
    const bool may_time = same || options.other_machines == OtherMachines::kCompareAnyway;
    if (!may_time && IsTimed(of)) {
      comparison.timings_refused =
          fmt::format("base ran on machine '{}', head on '{}': their timings are not comparable",
                      base_machine, head_machine);
    }
    comparison.cases.push_back(CompareCase(before, of, may_time, options.min_effect));
    CaseChange& change = comparison.cases.back();
    if (!may_time && IsTimed(of)) change.change = WorseChange(change.change, Change::kNotCompared);
    comparison.exit_code = MoreSevere(comparison.exit_code, ExitCodeOf(change));
  }
  if (other_inputs > 0) {
    comparison.notes.push_back(fmt::format("{} case{} other inputs in head", other_inputs,
                                           other_inputs == 1 ? " has" : "s have"));
  }
  for (const CaseReport& of : base.cases) {
    if (of_base.contains(of.id)) comparison.only_base.push_back(of.id);
  }
  if (comparison.cases.empty()) {
    comparison.exit_code = MoreSevere(comparison.exit_code, kExitInvalid);
  }
  return comparison;
}

std::string ComparisonText(const ReportComparison& comparison) {
  std::string text = fmt::format("base {} ({})\nhead {} ({})\n", comparison.base_report,
                                 comparison.base_commit.substr(0, 12), comparison.head_report,
                                 comparison.head_commit.substr(0, 12));
  for (const std::string& note : comparison.notes) text += "note: " + note + "\n";
  if (!comparison.timings_refused.empty()) {
    text += "timings left out: " + comparison.timings_refused + "\n";
  }
  for (const CaseChange& of : comparison.cases) {
    std::string figures;
    for (const MetricChange& metric : of.metrics) {
      if (!IsShown(metric)) continue;
      figures += fmt::format("    {} {} -> {}{}\n", metric.metric, ShortNumber(*metric.base),
                             ShortNumber(*metric.head),
                             metric.ratio ? fmt::format(" (x {:.4g})", *metric.ratio) : "");
    }
    if (figures.empty() && of.change == Change::kSame) continue;
    text += fmt::format("{} {}{}{}\n", MarkOf(of.change), of.id, of.reason.empty() ? "" : ": ",
                        of.reason);
    text += figures;
    if (of.change == Change::kWorse) text += fmt::format("    deltagauge repro '{}'\n", of.repro);
  }
  for (const std::string& id : comparison.only_base) text += "only in base: " + id + "\n";
  for (const std::string& id : comparison.only_head) text += "only in head: " + id + "\n";
  return text + Counts(comparison) + fmt::format(" (exit code {})\n", int{comparison.exit_code});
}

std::string ComparisonMarkdown(const ReportComparison& comparison) {
  std::string text = fmt::format(
      "## DeltaGauge: {} against {}\n\n{}\n\n", MarkdownCode(comparison.head_commit.substr(0, 12)),
      MarkdownCode(comparison.base_commit.substr(0, 12)), Counts(comparison));
  for (const std::string& note : comparison.notes) text += "- " + EscapeMarkdown(note) + "\n";
  if (!comparison.timings_refused.empty()) {
    text += "- timings left out: " + EscapeMarkdown(comparison.timings_refused) + "\n";
  }
  text += "\n";
  std::string rows;
  for (const CaseChange& of : comparison.cases) {
    std::string figures;
    for (const MetricChange& metric : of.metrics) {
      if (!IsShown(metric)) continue;
      figures +=
          fmt::format("{}{} {} → {}", figures.empty() ? "" : "<br>", EscapeMarkdown(metric.metric),
                      ShortNumber(*metric.base), ShortNumber(*metric.head));
    }
    if (figures.empty() && of.change == Change::kSame) continue;
    rows += fmt::format("| {} | {} | {} | {} |\n", ChangeName(of.change), MarkdownCode(of.id),
                        figures, EscapeMarkdown(of.reason));
  }
  if (!rows.empty()) text += "| | case | base → head | |\n|---|---|---|---|\n" + rows + "\n";
  for (const std::string& id : comparison.only_base) {
    text += "- only in base: " + MarkdownCode(id) + "\n";
  }
  for (const std::string& id : comparison.only_head) {
    text += "- only in head: " + MarkdownCode(id) + "\n";
  }
  return text;
}

Json ComparisonJson(const ReportComparison& comparison) {
  const auto finite = [](const std::optional<double>& value) {
    return value && std::isfinite(*value) ? Json(*value) : Json();
  };
  const auto texts = [](const std::vector<std::string>& values) {
    Json array = Json::MakeArray();
    for (const std::string& value : values) array.Append(value);
    return array;
  };
  Json cases = Json::MakeArray();
  for (const CaseChange& of : comparison.cases) {
    Json metrics = Json::MakeArray();
    for (const MetricChange& metric : of.metrics) {
      metrics.Append(Json::MakeObject({{"metric", metric.metric},
                                       {"unit", metric.unit},
                                       {"better", DirectionName(metric.direction)},
                                       {"base", finite(metric.base)},
                                       {"head", finite(metric.head)},
                                       {"ratio", finite(metric.ratio)},
                                       {"change", ChangeName(metric.change)}}));
    }
    cases.Append(Json::MakeObject({{"id", of.id},
                                   {"kind", of.kind},
                                   {"repro", of.repro},
                                   {"base", VerdictName(of.base)},
                                   {"head", VerdictName(of.head)},
                                   {"change", ChangeName(of.change)},
                                   {"reason", of.reason},
                                   {"metrics", std::move(metrics)}}));
  }
  return Json::MakeObject({{"base_report", comparison.base_report},
                           {"head_report", comparison.head_report},
                           {"base_commit", comparison.base_commit},
                           {"head_commit", comparison.head_commit},
                           {"timings_refused", comparison.timings_refused},
                           {"notes", texts(comparison.notes)},
                           {"cases", std::move(cases)},
                           {"only_base", texts(comparison.only_base)},
                           {"only_head", texts(comparison.only_head)},
                           {"exit_code", int{comparison.exit_code}}});
}

}  // namespace deltagauge
