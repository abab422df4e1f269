// What a worker process does to a timing: the same code, timed in this process and in a worker.
//
// Measured by `deltagauge_candidate_bench isolation` on a virtual AMD EPYC with two CPUs, calls of
// 1 ms on one thread, [95 %]: the built-in kernel +0.03 % [-0.08, +0.13], noise floor 0.38 %, 60
// quads: less than 1 %. ggml as a plug-in, whose guards trap in the worker only: +0.14 % [-0.32,
// +0.53], floor 0.89 %, 60 quads, and again +0.67 % [+0.52, +1.05], floor 0.37 %, 180 quads: both
// inconclusive; less than 1 % is not proved there, and why it is above 0 is not known.
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
