// The experiment that tries the performance protocol on a real machine: the kernel against itself,
// and against itself with 3 % more work, many times. This file is what is known of each run and
// what follows from all of them; timing_experiment_run.h makes a run.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_EXPERIMENT_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_EXPERIMENT_H_

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/bench/bench_statistics.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

// One measurement by the protocol.
struct ExperimentRun {
  std::string series;  // "quiet", "loaded", ...: how the machine was; one word
  double planted = 0;  // share of work that A did more than B: 0.03
  uint64_t seed = 0;
  Verdict verdict = Verdict::kInconclusive;
  TimingOutcome outcome = TimingOutcome::kUndecided;
  double speedup = 1;
  double ci_lo = 1;
  double ci_hi = 1;
  int quads = 0;
  double aa_floor = 0;
  double control_ratio = 1;
  double spent_s = 0;

  bool operator==(const ExperimentRun&) const = default;
};

// A line of words, without its end: "quiet 0 17 passed equivalent 1.0012 ...".
std::string ExperimentLine(const ExperimentRun& run);

// Reads such lines; empty ones and those that begin with '#' are left out. Throws InputError with
// `name` and the line's number.
std::vector<ExperimentRun> ReadExperimentLines(std::istream& lines, const std::string& name);

// All runs of one series with one planted share.
struct ExperimentSeries {
  std::string series;
  double planted = 0;
  int runs = 0;
  int regressions = 0;  // called and confirmed
  int speedups = 0;     // called
  int passed = 0;       // those included
  int inconclusive = 0;
  int invalid = 0;            // errors too
  Interval regression_share;  // Wilson, 95 %
  Interval speedup_share;
  Interval false_share;  // of either, which for planted = 0 is false
  double median_speedup = 1;
  double median_floor = 0;
  double median_spent_s = 0;
};

// In the order in which they first appear.
std::vector<ExperimentSeries> SummarizeExperiment(const std::vector<ExperimentRun>& runs);

// What the protocol promises. Without planted work, at most 1 % of the runs call a regression or a
// speedup; with it, no run passes. Inconclusive without a run.
Verdict JudgeExperiment(const std::vector<ExperimentSeries>& series);

struct ExperimentPage {
  std::string machine;  // one line: CPU, system, how it was pinned
  std::string subject;  // what was timed
  double budget_s = 0;
};

// reports/aa_experiment.md.
std::string ExperimentMarkdown(const std::vector<ExperimentSeries>& series,
                               const ExperimentPage& page);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_EXPERIMENT_H_
