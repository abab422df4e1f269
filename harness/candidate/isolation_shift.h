// What a worker process does to a timing: the same code, timed in this process and in a worker.
//
// Measured by `deltagauge_candidate_bench isolation` on a virtual AMD EPYC (Zen 4) with two CPUs,
// calls of 1 ms on one thread, [95 %], nothing else running: the built-in kernel +0.07 %
// [-0.07, +0.14], noise floor 0.30 %, 60 quads; ggml as a plug-in -0.15 % [-0.42, -0.00], floor
// 0.33 %, and again +0.15 % [-0.29, +0.51], floor 0.48 %, 180 quads each: less than 1 %, all three.
// With workers made 2 % slower (`--plant 2`) +2.82 % [+2.30, +3.62]: found. Both processes lay
// tensors out alike; where guards trapped in the worker alone, ggml had +0.67 % [+0.52, +1.05].
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_ISOLATION_SHIFT_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_ISOLATION_SHIFT_H_

#include <functional>

#include "harness/base/verdict.h"
#include "harness/bench/bench_comparison.h"
#include "harness/candidate/isolation.h"

namespace deltagauge {

struct IsolationShift {
  // kPassed if the ratio is proved to lie within 1 +- the limit, kFailed if beyond.
  Verdict verdict = Verdict::kError;
  Estimate ratio;     // isolated / in this process; its noise is that of one worker to the next
  PairedTimes times;  // a_ns isolated, b_ns in this process
};

// `time_ns` lays out, warms up and measures, and says how long its subject took; that it takes
// longer itself, as does a worker's start, counts for nothing. Quads of bench_rounds.h in one CPU's
// turns, each place a worker of its own. Throws std::runtime_error where a worker gives no answer.
IsolationShift MeasureIsolationShift(const std::function<double()>& time_ns,
                                     const IsolationLimits& limits, double limit, int quads);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_ISOLATION_SHIFT_H_
