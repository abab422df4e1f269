// The performance protocol: times two calls against each other and says what that proves.
//
//   warm-up of both arms, until stable           timing_warm_up.h
//   plan: calls of a sample, looks, from the     timing_schedule.h
//     budget and how long the calls take
//   quads A B B A in random order, after each    timing_sampler.h
//     second one a quad of A against itself
//     or, better, against a second A
//   at each look: interval, noise floor, verdict timing_verdict.h
//   a regression is measured once more, with seed, warm-up and samples of its own, and is called
//     one only if that says so too
//
// Both arms run through one virtual call, so that neither is inlined where the other is not: the
// same code at two addresses differs by more than what is looked for. Where data lies in memory
// matters nearly as much (up to 1.5 % for a kernel of 0.5 ms, measured): a second A shows that in
// the floor, and laying all out anew between quads turns it from a bias into noise.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_ENGINE_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_ENGINE_H_

#include <functional>
#include <string>

#include "harness/bench/bench_call.h"
#include "harness/timing/timing_policy.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

// What happens between quads, outside the clock but inside the budget. Each may be empty.
struct TimingHooks {
  // Before each quad, with the number of the quad from 0: which of the input sets (at least four)
  // both arms shall use in it.
  std::function<void(int quad)> select_inputs;
  // After a quad: compares what the arms have just computed. Empty, or what is wrong: "outputs of
  // the arms differ by 3e-2". Called after each of the first four quads, then as often as
  // verify_share of the time allows. What the calls' own Defect() finds comes with it.
  std::function<std::string()> verify;
  // Lays the data of all arms out anew, somewhere else in memory. Called before the confirmation
  // and after every third quad, as far as renew_share of the time allows.
  std::function<void()> renew;
  // Stops the measurement after the quad that is being measured.
  std::function<bool()> cancelled;
  // After all quads, if there is time: counters of one run (CountRun, timing_counters.h).
  std::function<RunCounters(TimedCall& call)> count_run;
};

// What one run of A does, and what the machine can do; 0 where unknown.
struct TimingLimits {
  double flops_per_run = 0;
  double bytes_per_run = 0;
  double peak_flops_per_s = 0;
  double peak_bytes_per_s = 0;
};

struct TimingRequest {
  TimedCall* a = nullptr;        // under test
  TimedCall* b = nullptr;        // compared with
  TimedCall* same = nullptr;     // a second A, with memory of its own; absent: A itself
  TimedCall* control = nullptr;  // calls neither (ControlCall, timing_control.h)
  TimingHooks hooks;
  TimingLimits limits;
};

// Never throws: what a call throws becomes a result with the verdict kError. `budget_s` is kept but
// for one quad, if the warm-up takes less. Of a question of regression, 60 % of it are for the
// first measurement and 40 % for its confirmation.
TimingResult MeasureTiming(const TimingRequest& request, const TimingPolicy& policy,
                           double budget_s, const Clock& clock);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_ENGINE_H_
