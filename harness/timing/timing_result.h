// What a timing of two calls found: everything that a report needs, and enough to work it out
// again.
//
// Arm A is under test, arm B is what it is compared with. A log ratio is log(b / a) of times for
// one unit of work, so it is positive, and the speedup e^(log ratio) above 1, where A is faster.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_RESULT_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"

namespace deltagauge {

// Hardware counters of one run of a call, over all threads of this process, user space only.
struct RunCounters {
  std::optional<double> instructions;
  std::optional<double> cycles;
  std::optional<double> cache_misses;  // of the last level
  std::optional<double> branch_misses;
  std::string unavailable;  // why those that are absent are; empty if all are there
};

// One arm's share of the A/B quads. Times are of one run, in nanoseconds; a sample is the shortest
// of `calls_per_sample` timings.
struct ArmTiming {
  std::string name;  // what ran, in its own words
  double units_per_run = 1;
  std::vector<double> samples_ns;  // in the order in which they were taken, two a quad
  double median_ns = 0;
  double min_ns = 0;
  double p10_ns = 0;
  double p90_ns = 0;
  double iqr_ns = 0;
  double cv = 0;                // standard deviation / mean
  double units_per_second = 0;  // at the median
  double warm_up_calls = 0;
  bool warmed_up = false;  // false: still changing when its time was over
  RunCounters counters;
};

// e^(median log ratio) and the order-statistic interval of that median.
struct SpeedupEstimate {
  double point = 1;
  double ci_lo = 1;
  double ci_hi = 1;
  // Probability that all the intervals that were looked at, this one too, hold the true median.
  double level = 0.95;
  std::string method;  // "order statistics 8 and 23 of 30, look 1 of 4"
};

struct TimingTests {
  double wilcoxon_p = 1;         // signed ranks of the log ratios, two-sided
  double mwu_p = 1;              // Mann-Whitney over the samples of the arms, two-sided
  double cliffs_delta = 0;       // P(b > a) - P(b < a): positive where A is faster
  std::optional<double> holm_p;  // wilcoxon_p corrected for all cases of a run (HolmAdjusted)
};

// Tukey's fences on the log ratios. Counted, never dropped.
struct OutlierCounts {
  int mild = 0;    // further than 1.5 IQR from the quartiles
  int severe = 0;  // further than 3 IQR; not counted as mild
};

// How good the measurement was.
struct TimingNoise {
  // 95th percentile of |median log ratio| that A shows against itself, or against a second A with
  // memory of its own; NoiseFloor().
  double aa_floor = 0;
  // Smallest |log ratio| that the interval would tell from 0 in 80 % of such measurements.
  double mde = 0;
  int n_aa = 0;                         // A/A quads
  std::vector<double> same_log_ratios;  // of them
  double lag1_autocorrelation = 0;      // of the log ratios, in the order of the quads
  // The control benchmark as if it were an arm, timed after each sample: e^(median log ratio of its
  // places beside B and beside A). 1 where the arms' places were equal.
  double control_ratio = 1;
  // Share of quads in which the control alone was off by more than 2 %.
  double disturbed_quads = 0;
  double control_drift = 1;   // its median time in the last third of the quads / in the first third
  bool contaminated = false;  // control_ratio surely outside 0.98 .. 1.02
  bool throttled = false;     // control_drift above 1.5
};

// Where A's interval lies. With bound = max(aa_floor, min_effect), in log ratios.
enum class TimingOutcome : uint8_t {
  kUndecided,    // the interval straddles a bound, or the floor is above min_effect
  kRegression,   // entirely below -bound
  kEquivalent,   // entirely inside +-bound
  kNotSlower,    // entirely above -bound and partly above +bound: no worse, perhaps better
  kImproved,     // entirely above +bound
  kTargetMet,    // entirely at or above the target
  kTargetMissed  // entirely below the target
};

// "undecided", "regression", "equivalent", "not slower", "improved", "target met", "target missed".
std::string_view TimingOutcomeName(TimingOutcome outcome);

// The second, independent measurement that a regression needs before it is called one.
struct TimingConfirmation {
  SpeedupEstimate speedup;
  double aa_floor = 0;
  int n = 0;
  TimingOutcome outcome = TimingOutcome::kUndecided;
};

struct TimingResult {
  Verdict verdict = Verdict::kInconclusive;
  TimingOutcome outcome = TimingOutcome::kUndecided;
  // Of any verdict but passed, one sentence: "control benchmark 3.1 % slower beside arm B". Also
  // of an error, in which case the numbers below may be incomplete.
  std::string reason;
  // What a reader should know of a verdict that stands: "9 of 30 quads fit into the budget".
  std::vector<std::string> notes;

  std::string unit = "ns";
  ArmTiming a;
  ArmTiming b;
  std::vector<std::string> order;  // of the quads: "ABBA", "BAAB", "AAAA"
  std::vector<double> log_ratios;  // of the A/B quads
  int n = 0;                       // of them
  int calls_per_sample = 0;        // k
  int runs_per_timing = 1;         // more than 1 where a single run is too short for the clock

  SpeedupEstimate speedup;
  double min_ratio = 1;     // shortest b / shortest a
  double median_ratio = 1;  // median b / median a
  bool suspicious = false;  // more than 10 times as fast or as slow: look at what was measured
  TimingTests tests;
  OutlierCounts outliers;
  TimingNoise noise;
  std::optional<TimingConfirmation> confirmation;

  // Of A at its median; absent where the caller doesn't know the work.
  std::optional<double> gflops;
  std::optional<double> gbps;
  std::optional<double> peak_share;  // the larger of the two shares of the machine's limits

  double spent_s = 0;  // by the clock, everything included
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_RESULT_H_
