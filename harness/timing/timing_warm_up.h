// Running a call until its times no longer change.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_WARM_UP_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_WARM_UP_H_

#include <span>

#include "harness/bench/bench_call.h"

namespace deltagauge {

struct WarmUpResult {
  int calls = 0;
  double typical_ns = 0;  // median of the later half of the runs
  bool is_stable = false;
};

// Whether times have settled. The first is left out, since caches and pages are always cold; of the
// others, the shortest of the later half differs by at most 2 % from the shortest of the earlier
// half. Minima, since what disturbs a run only ever adds to it. False for fewer than three.
bool IsSettled(std::span<const double> run_ns);

// Runs at least three times and for `least_s` seconds, then until the times have settled, but for
// no longer than four times `least_s`, or three runs.
WarmUpResult WarmUpUntilStable(TimedCall& call, double least_s, const Clock& clock);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_WARM_UP_H_
