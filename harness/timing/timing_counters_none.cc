// Systems without perf events.
#include "harness/timing/timing_counters.h"

namespace deltagauge {

RunCounters CountRun(TimedCall& /*call*/) {
  RunCounters counters;
  counters.unavailable = "not available: this system has no perf events";
  return counters;
}

}  // namespace deltagauge
