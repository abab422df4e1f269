// `deltagauge doctor`: can this machine time anything, how small a change would it show, and what
// would make it better?
#ifndef DELTAGAUGE_HARNESS_TIMING_DOCTOR_H_
#define DELTAGAUGE_HARNESS_TIMING_DOCTOR_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/bench/bench_limits.h"
#include "harness/timing/machine.h"
#include "harness/timing/preflight.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

struct DoctorOptions {
  double budget_s = 8;  // of the kernel timed against itself; the rest takes about 3 s
  double min_effect = 0.02;
  int threads = 1;
};

// What the examination found.
struct Examination {
  Machine machine;
  std::vector<PreflightFinding> findings;
  // The fused kernel against itself, 128 tokens, with inputs of its own in each arm.
  TimingResult same;
  double min_effect = 0.02;
  int threads = 1;
  Rate fma;     // floating-point operations a second in multiply-adds
  Rate stream;  // bytes a second, read and written
  int64_t stream_bytes = 0;
};

// Passed: the kernel against itself comes out as equal, so effects of min_effect can be found here.
// Inconclusive: the machine is too noisy for that. Invalid or failed: times taken here mean
// nothing, or the same code comes out as slower. Findings alone change nothing: the measurement
// decides.
Verdict DoctorVerdict(const Examination& examination);

// From what slowdown on a measurement of that length would most likely call it one, as a relative
// time: max(floor, min_effect) + mde.
double SmallestFoundSlowdown(const Examination& examination);

// The whole report, about 20 lines.
void Describe(const Examination& examination, std::ostream& out);

Examination Examine(const DoctorOptions& options);

// Examine, Describe, DoctorVerdict.
Verdict RunDoctor(const DoctorOptions& options, std::ostream& out);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_DOCTOR_H_
