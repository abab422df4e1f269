// How the time is spent: calls of a sample, quads between looks, seconds of a case.
//
// Looking at the data again and again until it says something would find effects where there are
// none. So the looks are fixed before the first quad is measured, and there are at most four: the
// interval of each has confidence 1 - (1 - confidence) / looks, so that all of them together hold
// the median with at least `confidence`, whatever the distribution and however the looks depend on
// each other (Bonferroni). Whichever look the measurement stops at, its claim is wrong no more
// often than one made at a single look.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_SCHEDULE_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_SCHEDULE_H_

#include <span>
#include <string>
#include <vector>

#include "harness/timing/timing_policy.h"

namespace deltagauge {

// Work of one sample: `calls` timings of `runs` runs each; the least of them counts.
struct SamplePlan {
  int calls = 3;
  int runs = 1;
};

// For arms whose one run takes so long. Both get the same: the least of more calls is less.
SamplePlan PlanSample(double a_ns, double b_ns, const TimingPolicy& policy);

// Seconds of one A/B quad with its share of the A/A quads, two samples of each arm and half of four
// more of A, and of the control after each.
double QuadSeconds(double a_ns, double b_ns, double control_ns, const SamplePlan& sample);

struct TimingSchedule {
  SamplePlan sample;
  int quads = 0;               // A/B, that fit
  std::vector<int> looks;      // counts of A/B quads, ascending; empty: too few fit for an interval
  double look_confidence = 0;  // of each look's interval
  std::vector<std::string> notes;  // what had to be given up
};

// How far the quads that an interval needs at least may go beyond the time there is: estimates are
// a little short on one machine and long on another.
inline constexpr double kLeastOvertime = 1.25;

// 30 quads before the first look if effects below 3 % are to be found, otherwise 20. A look more
// for each time that the number of quads can be raised by half within `budget_s`; the last at as
// many as fit. Where the first look does not fit, samples get fewer calls, but at least three; then
// there is one look, at the quads that fit; and only if an interval of the confidence needs more
// quads than that, samples get two calls or one, and the quads that it needs at least
// kLeastOvertime times `budget_s`.
TimingSchedule PlanTiming(double a_ns, double b_ns, double control_ns, double budget_s,
                          const TimingPolicy& policy);

// What one case is about to cost.
struct CaseCost {
  double a_s = 0;  // one run; 0 if unknown
  double b_s = 0;
  bool has_target = false;  // then there is nothing to confirm
};

// Seconds that a case needs: warm-up, the quads of a first look, or as many more as an interval of
// more than 95 % needs to be no wider, and for a question of regression its confirmation.
double NeededSeconds(const CaseCost& cost, const TimingPolicy& policy);

// Seconds without which a case can say nothing: the quads that an interval needs at least, of
// samples of one call.
double LeastSeconds(const CaseCost& cost, const TimingPolicy& policy);

// Shares out `total_s`: everybody gets the least that he needs, or if that is too much for all, in
// proportion to it. Of the rest nobody gets more than he needs while another has less than both an
// equal part and his own need; what is left when all needs are met is shared equally. The shares
// add up to `total_s`.
std::vector<double> SplitBudget(double total_s, std::span<const CaseCost> cases,
                                const TimingPolicy& policy);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_SCHEDULE_H_
