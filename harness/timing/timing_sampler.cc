#include "harness/timing/timing_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/bench/bench_rounds.h"

namespace deltagauge {
namespace {

constexpr SamplePlan kControlPlan = {.calls = 3, .runs = 1};

}  // namespace

QuadSampler::QuadSampler(TimedCall& a, TimedCall& b, TimedCall& same, TimedCall& control,
                         const SamplePlan& plan, uint64_t seed, const Clock& clock)
    : a_(a), b_(b), same_(same), control_(control), plan_(plan), random_(seed), clock_(clock) {}

// SplitMix64.
bool QuadSampler::Coin() {
  random_ += 0x9e3779b97f4a7c15u;
  uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((z ^ (z >> 31)) & 1) != 0;
}

double QuadSampler::Sample(TimedCall& call, const SamplePlan& plan) {
  const Entered entered(call);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < plan.calls; ++i) least = std::min(least, TimeRuns(call, plan.runs, clock_));
  return least;
}

void QuadSampler::Measure(Kind kind) {
  const bool is_same = kind == Kind::kSame;
  TimedCall& second = is_same ? same_ : b_;
  const bool second_goes_first = Coin();
  double log_ratio = 0, control_log_ratio = 0;
  double control_least = std::numeric_limits<double>::infinity();
  std::string order;
  for (const bool is_inner : {false, true, true, false}) {
    const bool is_second = is_inner != second_goes_first;
    TimedCall& call = is_second ? second : a_;
    const double sample_ns = Sample(call, plan_);
    // Once untimed: its memory is not in the cache after an arm that uses much.
    control_.Run();
    const double control_ns = Sample(control_, kControlPlan);
    const double sign = is_second ? 0.5 : -0.5;
    log_ratio += sign * std::log(sample_ns / call.UnitsPerRun());
    control_log_ratio += sign * std::log(control_ns);
    control_least = std::min(control_least, control_ns);
    if (!is_same) (is_second ? samples_.b_ns : samples_.a_ns).push_back(sample_ns);
    order += is_second && !is_same ? 'B' : 'A';
  }
  samples_.order.push_back(order);
  (is_same ? samples_.same_log_ratios : samples_.log_ratios).push_back(log_ratio);
  samples_.control_log_ratios.push_back(control_log_ratio);
  samples_.control_is_of_ab.push_back(!is_same);
  samples_.control_ns.push_back(control_least);
}

}  // namespace deltagauge
