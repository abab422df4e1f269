// How long and how strictly to time.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_POLICY_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_POLICY_H_

#include <cstdint>
#include <optional>

namespace deltagauge {

struct TimingPolicy {
  // Relative change that matters: a loss of less passes. In log ratios, like everything that it is
  // compared with: 0.02 is e^0.02.
  double min_effect = 0.02;
  double confidence = 0.95;
  // Absent: is A no slower than B? Otherwise: is it at least this many times as fast?
  std::optional<double> target;

  double warm_up_s = 0.5;  // of each arm, at least, and three calls; see timing_warm_up.h
  // A sample has at least this much work, in as many calls of the faster arm as that takes, but at
  // least three; and no more than most_sample_s of the slower arm in more than three calls.
  double least_sample_s = 0.010;
  double most_sample_s = 0.050;
  int most_quads = 400;  // A/B
  int most_looks = 4;    // see timing_schedule.h
  // Shares of the time that two hooks may take (timing_engine.h).
  double verify_share = 0.1;
  double renew_share = 0.1;
  uint64_t seed = 1;  // of the coin flips
};

// Of a budget, for the first measurement where a regression may need a second one.
inline constexpr double kFirstShare = 0.6;
// More than this is suspicious, not wrong: KernelBench's limit.
inline constexpr double kSuspiciousRatio = 10;
// The control's ratio beyond which a measurement is contaminated.
inline constexpr double kControlTolerance = 0.02;
// A choice: a slow change cancels in the ratio but not in the times, so only a large one, such as a
// machine that throttles, makes them meaningless. A busy sibling of a core costs up to 40 %.
inline constexpr double kThrottledDrift = 1.5;
// By how much a rate may exceed the machine's measured limit, which is a measurement too. A choice.
inline constexpr double kPeakTolerance = 1.05;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_POLICY_H_
