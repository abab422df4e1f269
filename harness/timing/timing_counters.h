// What the hardware counts during a run, where the system lets a process see that.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_COUNTERS_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_COUNTERS_H_

#include "harness/bench/bench_call.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

// Runs once to warm up and once counted. User space only, over all threads that the process has
// when the counting begins; a counter that had to share the hardware is scaled to its whole time.
// What can't be counted is absent, and `unavailable` says why: "perf events are forbidden:
// /proc/sys/kernel/perf_event_paranoid is 3". timing_counters_linux.cc, timing_counters_none.cc.
//
// Instructions repeat to a percent, but are no time: they never replace a measurement.
RunCounters CountRun(TimedCall& call);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_COUNTERS_H_
