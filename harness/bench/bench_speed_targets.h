// The speeds that the kernel is to reach, each as two calls to be timed in turns.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_SPEED_TARGETS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_SPEED_TARGETS_H_

#include <vector>

#include "harness/bench/bench_comparison.h"
#include "harness/bench/bench_context.h"

namespace deltagauge {

// In the order in which they are reported. Those that can't be measured here (a peer that is
// absent, one thread where two are needed) say so in `absent`. `context` must live as long.
std::vector<Comparison> SpeedTargets(BenchContext& context);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_SPEED_TARGETS_H_
