#include "harness/report/gates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "harness/report/metric_names.h"
#include "harness/report/report.h"
#include "harness/report/report_metrics.h"
#include "harness/report/report_time.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// What one case says of one limit.
struct CaseJudgement {
  Verdict verdict = Verdict::kSkipped;
  const CaseReport* of = nullptr;
  const Metric* metric = nullptr;  // null: the case didn't get that far
  std::optional<double> margin;
  std::string reason;
};

struct Limit {
  GateOperator op = GateOperator::kAtMost;
  double threshold = 0;

  // Positive: inside.
  double Margin(double value) const {
    return op == GateOperator::kAtMost ? threshold - value : value - threshold;
  }
  bool Holds(double value) const {
    return op == GateOperator::kAtMost ? value <= threshold : value >= threshold;
  }
};

// "is over" or "is under" the limit.
std::string_view WrongSide(GateOperator op) {
  return op == GateOperator::kAtMost ? "is over" : "is under";
}

// `*` stands for any characters. Linear in text for each star.
bool MatchesStars(std::string_view pattern, std::string_view text) {
  size_t star = std::string_view::npos;
  size_t restart = 0;
  size_t p = 0;
  size_t t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      restart = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++restart;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// Calls visit(name, value) for each pair of "name=value,name=value"; false if it isn't such a list.
template <typename Visit>
bool ForEachPair(std::string_view at, Visit visit) {
  while (!at.empty()) {
    const size_t comma = at.find(',');
    const std::string_view pair = at.substr(0, comma);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    visit(pair.substr(0, equals), pair.substr(equals + 1));
    if (comma == std::string_view::npos) return true;
    at.remove_prefix(comma + 1);
    if (at.empty()) return false;
  }
  return true;
}

void CheckGate(const Gate& gate, size_t index) {
  const std::string where = fmt::format("gates[{}]", index);
  if (FindMetric(gate.metric) == nullptr) {
    throw reference::InputError(where, fmt::format("unknown metric '{}'", gate.metric),
                                MetricHint(gate.metric));
  }
  if (!gate.min && !gate.max) {
    throw reference::InputError(where, fmt::format("'{}' has neither min nor max", gate.metric));
  }
  for (const auto& limit : {gate.min, gate.max}) {
    if (limit && !std::isfinite(*limit)) {
      throw reference::InputError(where, fmt::format("a limit of '{}' is no number", gate.metric));
    }
  }
  if (!ForEachPair(gate.at, [](std::string_view, std::string_view) {})) {
    throw reference::InputError(where, fmt::format("at: '{}'", gate.at),
                                "expected name=value, several joined by commas");
  }
}

void CheckWaiver(const Waiver& waiver, size_t index) {
  const std::string where = fmt::format("waivers[{}]", index);
  if (waiver.target.empty()) throw reference::InputError(where, "it waives nothing: no target");
  if (waiver.by.empty()) throw reference::InputError(where, "nobody answers for it: no 'by'");
  if (waiver.reason.empty()) throw reference::InputError(where, "it gives no reason");
  if (!IsDate(waiver.until)) {
    throw reference::InputError(where, fmt::format("until: '{}' is no day", waiver.until),
                                "expected as in 2026-12-31");
  }
}

bool InForce(const Waiver& waiver, std::string_view today) {
  return IsDate(today) && today <= waiver.until;
}

// Whether a case that was cut short would have had the metric.
bool Expects(const CaseReport& of, std::string_view metric) {
  if (!KindHasMetric(of.kind, metric)) return false;
  // The other checks of a kernel compare bits, not with the truth.
  const auto check = of.params.find("check");
  return of.kind != "kernel" || check == of.params.end() || check->second == "accuracy";
}

// Of intervals, below which they decide nothing: that of four values is 87.5 %. A choice.
constexpr double kLeastLevel = 0.9;

// With an interval, all of it decides; see the header for the noise floor.
CaseJudgement JudgeInterval(const Metric& metric, const Limit& limit, double min_effect) {
  CaseJudgement judgement;
  const bool at_least = limit.op == GateOperator::kAtLeast;
  const double inner = at_least ? *metric.ci_lo : *metric.ci_hi;  // nearest to failing
  const double outer = at_least ? *metric.ci_hi : *metric.ci_lo;  // nearest to passing
  const double floor = metric.floor.value_or(0);
  const bool noisy = floor > min_effect;
  const double doubt = noisy ? std::exp(floor) : 1;
  judgement.margin = limit.Margin(inner);
  if (metric.level.value_or(1) < kLeastLevel) {
    judgement.verdict = Verdict::kInconclusive;
    judgement.reason = fmt::format("an interval of {:.0f} % decides nothing", 100 * *metric.level);
    return judgement;
  }
  const std::string interval =
      fmt::format("{:.4g} ({:.4g} to {:.4g})", metric.value, *metric.ci_lo, *metric.ci_hi);
  if (!limit.Holds(at_least ? outer * doubt : outer / doubt)) {
    judgement.verdict = Verdict::kFailed;
    judgement.reason =
        fmt::format("{} {} {}", interval, WrongSide(limit.op), FormatDouble(limit.threshold));
  } else if (limit.Holds(at_least ? inner / doubt : inner * doubt)) {
    judgement.verdict = Verdict::kPassed;
  } else if (noisy) {
    judgement.verdict = Verdict::kInconclusive;
    judgement.reason = fmt::format("{}: not clear of {} by the noise of {:.2g} %", interval,
                                   FormatDouble(limit.threshold), 100 * std::expm1(floor));
  } else {
    judgement.verdict = Verdict::kInconclusive;
    judgement.reason =
        fmt::format("the interval of {} holds {}", interval, FormatDouble(limit.threshold));
  }
  return judgement;
}

CaseJudgement JudgeValue(const Metric& metric, const Limit& limit) {
  CaseJudgement judgement;
  judgement.margin = limit.Margin(metric.value);
  judgement.verdict = limit.Holds(metric.value) ? Verdict::kPassed : Verdict::kFailed;
  if (judgement.verdict == Verdict::kFailed) {
    judgement.reason = fmt::format("{:.4g} {} {}", metric.value, WrongSide(limit.op),
                                   FormatDouble(limit.threshold));
  }
  return judgement;
}

CaseJudgement JudgeMetric(const Metric& metric, Concern concern, const Limit& limit,
                          double min_effect) {
  const bool has_interval = metric.ci_lo && metric.ci_hi;
  if (std::isnan(metric.value) ||
      (has_interval && (std::isnan(*metric.ci_lo) || std::isnan(*metric.ci_hi)))) {
    CaseJudgement judgement;
    judgement.verdict = Verdict::kInvalid;
    judgement.reason = "the figure is not a number";
    return judgement;
  }
  if (concern == Concern::kPerformance && has_interval) {
    return JudgeInterval(metric, limit, min_effect);
  }
  return JudgeValue(metric, limit);
}

// Nothing if the gate does not apply to the case.
std::optional<CaseJudgement> JudgeCase(const CaseReport& of, const MetricInfo& info,
                                       const Limit& limit, double min_effect) {
  const Metric* metric = FindMetricOf(of, info.name);
  CaseJudgement judgement;
  // A case that means nothing makes the gate mean nothing, whatever its figures say.
  const bool unusable = of.status == Verdict::kError || of.status == Verdict::kInvalid ||
                        of.status == Verdict::kSkipped;
  if (unusable || metric == nullptr) {
    if (metric == nullptr && (of.status == Verdict::kPassed || !Expects(of, info.name))) {
      return std::nullopt;
    }
    judgement.verdict = of.status;
    judgement.reason = fmt::format("the case is {}{}{}", VerdictName(of.status),
                                   of.reason.empty() ? "" : ": ", of.reason);
  } else {
    judgement = JudgeMetric(*metric, info.concern, limit, min_effect);
    // The measurement itself says that it can't decide: then it can't show that all is well.
    if (of.status == Verdict::kInconclusive && judgement.verdict == Verdict::kPassed) {
      judgement.verdict = Verdict::kInconclusive;
      judgement.reason = "the case is inconclusive: " + of.reason;
    }
  }
  judgement.of = &of;
  judgement.metric = metric;
  return judgement;
}

// Worse verdicts first, then smaller margins; of equals the earlier case.
bool Decides(const CaseJudgement& a, const CaseJudgement& b) {
  if (a.verdict != b.verdict) return Worse(a.verdict, b.verdict) == a.verdict;
  return a.margin.value_or(0) < b.margin.value_or(0);
}

std::string GateId(const GateResult& gate) {
  std::string id =
      fmt::format("{} {} {}", gate.metric, GateOperatorName(gate.op), FormatDouble(gate.threshold));
  if (!gate.at.empty()) id += " at " + gate.at;
  if (!gate.candidate.empty()) id += " for " + gate.candidate;
  return id;
}

void Decide(const CaseJudgement& deciding, GateResult* result) {
  result->verdict = deciding.verdict;
  result->case_id = deciding.of->id;
  result->repro = deciding.of->repro;
  result->margin = deciding.margin;
  result->reason = deciding.reason;
  if (deciding.metric == nullptr) return;
  result->observed = deciding.metric->value;
  result->ci_lo = deciding.metric->ci_lo;
  result->ci_hi = deciding.metric->ci_hi;
  result->floor = deciding.metric->floor;
}

void Waive(std::span<const Waiver> waivers, std::string_view today, GateResult* result) {
  if (result->verdict != Verdict::kFailed) return;
  for (const Waiver& waiver : waivers) {
    if (!MatchesStars(waiver.target, result->id) && !MatchesStars(waiver.target, result->metric)) {
      continue;
    }
    result->waiver = waiver;
    if (!InForce(waiver, today)) continue;
    result->verdict = Verdict::kWaived;
    return;
  }
}

GateResult EvaluateLimit(const Gate& gate, const Limit& limit, std::span<const CaseReport> cases,
                         const GatePolicy& policy) {
  const MetricInfo& info = *FindMetric(gate.metric);
  GateResult result;
  result.metric = gate.metric;
  result.op = limit.op;
  result.threshold = limit.threshold;
  result.at = gate.at;
  result.candidate = gate.candidate;
  result.source = gate.source;
  result.concern = info.concern;
  result.id = GateId(result);
  std::optional<CaseJudgement> deciding;
  for (const CaseReport& of : cases) {
    if (!gate.candidate.empty() && of.candidate != gate.candidate) continue;
    if (!MatchesAt(gate.at, of)) continue;
    auto judgement = JudgeCase(of, info, limit, policy.min_effect);
    if (!judgement) continue;
    if (judgement->verdict != Verdict::kSkipped) ++result.cases;
    if (!deciding || Decides(*judgement, *deciding)) deciding = std::move(judgement);
  }
  if (deciding) {
    Decide(*deciding, &result);
  } else if (policy.no_case == NoCase::kIsSkipped) {
    result.verdict = Verdict::kSkipped;
    result.reason = "none of the cases that ran here has this metric";
  } else {
    result.verdict = Verdict::kInvalid;
    result.reason = "no case has this metric: the gate checks nothing";
  }
  return result;
}

}  // namespace

std::string_view GateOperatorName(GateOperator op) {
  return op == GateOperator::kAtMost ? "<=" : ">=";
}

bool MatchesAt(std::string_view at, const CaseReport& case_report) {
  bool all = true;
  const bool is_list = ForEachPair(at, [&](std::string_view name, std::string_view value) {
    const auto found = case_report.params.find(name);
    all = all && found != case_report.params.end() && found->second == value;
  });
  return is_list && all;
}

std::vector<GateResult> EvaluateGates(std::span<const Gate> gates, std::span<const Waiver> waivers,
                                      std::span<const CaseReport> cases, const GatePolicy& policy) {
  for (size_t i = 0; i < waivers.size(); ++i) CheckWaiver(waivers[i], i);
  std::vector<GateResult> results;
  for (size_t i = 0; i < gates.size(); ++i) {
    const Gate& gate = gates[i];
    CheckGate(gate, i);
    if (gate.min) {
      results.push_back(EvaluateLimit(gate, {GateOperator::kAtLeast, *gate.min}, cases, policy));
    }
    if (gate.max) {
      results.push_back(EvaluateLimit(gate, {GateOperator::kAtMost, *gate.max}, cases, policy));
    }
  }
  for (GateResult& result : results) Waive(waivers, policy.today, &result);
  return results;
}

std::vector<Gate> GatesOf(std::span<const GateResult> results) {
  std::vector<Gate> gates;
  for (const GateResult& result : results) {
    Gate gate;
    gate.metric = result.metric;
    (result.op == GateOperator::kAtMost ? gate.max : gate.min) = result.threshold;
    gate.at = result.at;
    gate.candidate = result.candidate;
    gate.source = result.source;
    gates.push_back(std::move(gate));
  }
  return gates;
}

void WaiveCases(std::span<const Waiver> waivers, std::string_view today,
                std::vector<CaseReport>* cases) {
  for (size_t i = 0; i < waivers.size(); ++i) CheckWaiver(waivers[i], i);
  for (CaseReport& of : *cases) {
    if (of.status != Verdict::kFailed) continue;
    for (const Waiver& waiver : waivers) {
      if (!InForce(waiver, today) || !MatchesStars(waiver.target, of.id)) continue;
      of.status = Verdict::kWaived;
      of.reason += fmt::format("{}waived by {} until {}: {}", of.reason.empty() ? "" : "; ",
                               waiver.by, waiver.until, waiver.reason);
      break;
    }
  }
}

}  // namespace deltagauge
