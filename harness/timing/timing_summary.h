// From samples to the numbers of a result.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_SUMMARY_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_SUMMARY_H_

#include <span>

#include "harness/timing/timing_engine.h"
#include "harness/timing/timing_result.h"
#include "harness/timing/timing_sampler.h"
#include "harness/timing/timing_statistics.h"

namespace deltagauge {

// Which interval is being looked at.
struct LookInterval {
  double confidence = 0.95;  // of this look
  double overall = 0.95;     // of all looks together
  int number = 1;
  int of = 1;
};

// Fills in the statistics of an arm from its samples. Leaves names, units and warm-up alone.
void SummarizeArm(std::span<const double> samples_ns, ArmTiming* arm);

// Of quads with at least one A/B quad. How the control is aggregated: control_ratio is the median
// over the A/B quads, so a few disturbed quads move it no more than they move the speedup, and the
// measurement is contaminated if all of that median's interval is off by more than 2 %: a control
// that is merely noisy proves nothing. disturbed_quads tells how many quads were off, and is not
// judged: what it does to the speedup is in the interval and in the floor.
TimingNoise SummarizeNoise(const QuadSamples& samples, double confidence);

// All of `result` that follows from the samples; names, units, plan and verdict are the caller's.
void SummarizeTiming(const QuadSamples& samples, const RankedInterval& ranked,
                     const LookInterval& look, const TimingLimits& limits, TimingResult* result);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_SUMMARY_H_
