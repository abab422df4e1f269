#include "harness/timing/timing_experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "harness/drift/distribution.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr double kMostFalse = 0.01;
constexpr size_t kLongestLine = 1000;

std::string Hyphenated(std::string_view name) {
  std::string word(name);
  std::replace(word.begin(), word.end(), ' ', '-');
  return word;
}

std::optional<TimingOutcome> OutcomeNamed(std::string_view word) {
  for (const TimingOutcome outcome :
       {TimingOutcome::kUndecided, TimingOutcome::kRegression, TimingOutcome::kEquivalent,
        TimingOutcome::kNotSlower, TimingOutcome::kImproved, TimingOutcome::kTargetMet,
        TimingOutcome::kTargetMissed}) {
    if (Hyphenated(TimingOutcomeName(outcome)) == word) return outcome;
  }
  return std::nullopt;
}

ExperimentRun ParseLine(const std::string& line, const std::string& where) {
  std::istringstream words(line.substr(0, kLongestLine));
  ExperimentRun run;
  std::string verdict, outcome, rest;
  words >> run.series >> run.planted >> run.seed >> verdict >> outcome >> run.speedup >>
      run.ci_lo >> run.ci_hi >> run.quads >> run.aa_floor >> run.control_ratio >> run.spent_s;
  if (!words || words >> rest) {
    throw reference::InputError(where, "expected 12 words of a run",
                                "was the line cut off, or is it another file?");
  }
  const std::optional<Verdict> known_verdict = VerdictNamed(verdict);
  const std::optional<TimingOutcome> known_outcome = OutcomeNamed(outcome);
  if (!known_verdict.has_value() || !known_outcome.has_value()) {
    throw reference::InputError(
        where, fmt::format("'{} {}' is no verdict with its outcome", verdict, outcome));
  }
  run.verdict = *known_verdict;
  run.outcome = *known_outcome;
  return run;
}

ExperimentSeries Summarize(const std::vector<const ExperimentRun*>& runs) {
  ExperimentSeries series;
  series.series = runs.front()->series;
  series.planted = runs.front()->planted;
  std::vector<double> speedups, floors, seconds;
  for (const ExperimentRun* run : runs) {
    ++series.runs;
    series.regressions += run->verdict == Verdict::kFailed;
    series.passed += run->verdict == Verdict::kPassed;
    series.speedups += run->verdict == Verdict::kPassed && run->outcome == TimingOutcome::kImproved;
    series.inconclusive += run->verdict == Verdict::kInconclusive;
    series.invalid += run->verdict == Verdict::kInvalid || run->verdict == Verdict::kError;
    speedups.push_back(run->speedup);
    floors.push_back(run->aa_floor);
    seconds.push_back(run->spent_s);
  }
  series.regression_share = WilsonInterval(series.regressions, series.runs);
  series.speedup_share = WilsonInterval(series.speedups, series.runs);
  series.false_share = WilsonInterval(series.regressions + series.speedups, series.runs);
  series.median_speedup = Median(speedups);
  series.median_floor = Median(floors);
  series.median_spent_s = Median(seconds);
  return series;
}

std::string Share(int count, int runs, const Interval& interval) {
  return fmt::format("{} = {:.1f} % ({:.1f} to {:.1f})", count, 100.0 * count / runs,
                     100 * interval.low, 100 * interval.high);
}

}  // namespace

std::string ExperimentLine(const ExperimentRun& run) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", run.series, run.planted, run.seed,
                     VerdictName(run.verdict), Hyphenated(TimingOutcomeName(run.outcome)),
                     run.speedup, run.ci_lo, run.ci_hi, run.quads, run.aa_floor, run.control_ratio,
                     run.spent_s);
}

std::vector<ExperimentRun> ReadExperimentLines(std::istream& lines, const std::string& name) {
  std::vector<ExperimentRun> runs;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    runs.push_back(ParseLine(line, fmt::format("{}:{}", name, number)));
  }
  return runs;
}

std::vector<ExperimentSeries> SummarizeExperiment(const std::vector<ExperimentRun>& runs) {
  using Key = std::pair<std::string, double>;
  std::vector<Key> order;
  std::map<Key, std::vector<const ExperimentRun*>> groups;
  for (const ExperimentRun& run : runs) {
    const Key key(run.series, run.planted);
    if (groups[key].empty()) order.push_back(key);
    groups[key].push_back(&run);
  }
  std::vector<ExperimentSeries> result;
  for (const Key& key : order) result.push_back(Summarize(groups[key]));
  return result;
}

Verdict JudgeExperiment(const std::vector<ExperimentSeries>& series) {
  if (series.empty()) return Verdict::kInconclusive;
  for (const ExperimentSeries& one : series) {
    const int false_calls = one.regressions + one.speedups;
    if (one.planted == 0 && false_calls > kMostFalse * one.runs) return Verdict::kFailed;
    if (one.planted > 0 && one.passed > 0) return Verdict::kFailed;
  }
  return Verdict::kPassed;
}

std::string ExperimentMarkdown(const std::vector<ExperimentSeries>& series,
                               const ExperimentPage& page) {
  std::string text = fmt::format(
      "# Does the performance protocol tell the truth?\n\n"
      "Written by `ci/aa_experiment`. Each run is a process of its own that times one kernel "
      "against itself by\nthe protocol of `harness/timing/timing_engine.h`, with the question \"is "
      "it no "
      "slower?\" and {:g} s at most. With\nplanted work, arm A is the same code on more tokens, "
      "counted as if it were the same.\n\n"
      "- Machine: {}\n- Subject: {}\n\n",
      page.budget_s, page.machine, page.subject);
  text +=
      "| machine was | planted | runs | called slower | called faster | passed | inconclusive | "
      "invalid | median ratio | median floor | median s |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const ExperimentSeries& one : series) {
    text += fmt::format(
        "| {} | {:.0f} % | {} | {} | {} | {} | {} | {} | {:.4f} | {:.2f} % | {:.1f} |\n",
        one.series, 100 * one.planted, one.runs,
        Share(one.regressions, one.runs, one.regression_share),
        Share(one.speedups, one.runs, one.speedup_share), one.passed, one.inconclusive, one.invalid,
        one.median_speedup, 100 * std::expm1(one.median_floor), one.median_spent_s);
  }
  text += fmt::format(
      "\nIn brackets: Wilson intervals at 95 %. Without planted work every call is false; with it, "
      "every pass.\n\nPromise: at most 1 % false calls of either kind in a series without planted "
      "work, and no pass with it:\n**{}**.\n",
      VerdictName(JudgeExperiment(series)));
  for (const ExperimentSeries& one : series) {
    if (one.planted == 0) {
      text += fmt::format("- {}: false calls {}\n", one.series,
                          Share(one.regressions + one.speedups, one.runs, one.false_share));
    } else {
      text += fmt::format("- {}, +{:.0f} %: found {}, undecided {}, passed {}\n", one.series,
                          100 * one.planted, Share(one.regressions, one.runs, one.regression_share),
                          one.inconclusive + one.invalid, one.passed);
    }
  }
  return text;
}

}  // namespace deltagauge
