// What an interval of log ratios says about a promise. Pure functions; the tables of the protocol.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_VERDICT_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_VERDICT_H_

#include <string>

#include "harness/base/verdict.h"
#include "harness/bench/bench_statistics.h"
#include "harness/timing/timing_policy.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

struct TimingJudgement {
  Verdict verdict = Verdict::kInconclusive;
  TimingOutcome outcome = TimingOutcome::kUndecided;
  std::string reason;  // of any verdict but passed
};

// "Is A no slower than B by more than min_effect?" With bound = max(floor, min_effect), the first
// that holds:
//   interval entirely below -bound           failed, regression (to be confirmed by the caller)
//   entirely above bound                     passed, improved
//   floor > min_effect                       inconclusive: such noise hides a loss that matters
//   entirely above -bound                    passed: equivalent or not slower
//   otherwise                                inconclusive
TimingJudgement JudgeNoRegression(const Interval& log_ratio, double floor, double min_effect);

// "Is A at least `target` times as fast as B?" With margin = floor if that exceeds min_effect, else
// 0: what lies closer to the target than the noise proves nothing.
//   interval >= target + margin   passed
//   interval < target - margin    failed
//   otherwise                     inconclusive
TimingJudgement JudgeTarget(const Interval& log_ratio, double floor, double min_effect,
                            double target);

// The one that the policy asks for.
TimingJudgement JudgeTiming(const Interval& log_ratio, double floor, const TimingPolicy& policy);

// Why a measurement means nothing whatever its interval, or empty: contaminated, throttled, a rate
// above the machine's limit.
std::string WhyInvalid(const TimingResult& result);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_VERDICT_H_
