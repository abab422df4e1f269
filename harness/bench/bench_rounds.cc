#include "harness/bench/bench_rounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace deltagauge {
namespace {

int64_t RunsToFill(double batch_ns, double run_ns) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(batch_ns / std::max(run_ns, 1.0))));
}

// log(numerator / denominator) of two pairs, each measured close together.
double QuadLogRatio(double numerator_1, double denominator_1, double numerator_2,
                    double denominator_2) {
  return 0.5 * (std::log(numerator_1 / denominator_1) + std::log(numerator_2 / denominator_2));
}

}  // namespace

double TimeRuns(TimedCall& call, int64_t runs, const Clock& clock) {
  const int64_t start = clock();
  for (int64_t i = 0; i < runs; ++i) call.Run();
  const int64_t end = clock();
  // A clock that is too coarse for one run must not make a logarithm of 0.
  return static_cast<double>(std::max<int64_t>(end - start, 1)) / static_cast<double>(runs);
}

double WarmUp(TimedCall& call, double warm_up_ns, const Clock& clock) {
  const Entered entered(call);
  double shortest = std::numeric_limits<double>::infinity();
  double total = 0;
  for (int i = 0; i < 3 || total < warm_up_ns; ++i) {
    const double run_ns = TimeRuns(call, 1, clock);
    shortest = std::min(shortest, run_ns);
    total += run_ns;
  }
  return shortest;
}

PairedRounds::PairedRounds(TimedCall& a, TimedCall& b, const RoundPlan& plan, const Clock& clock)
    : a_(a), b_(b), clock_(clock), coins_(0x9e3779b97f4a7c15u) {
  const double a_ns = WarmUp(a_, plan.warm_up_ns, clock_);
  const double b_ns = WarmUp(b_, plan.warm_up_ns, clock_);
  batches_ = std::max(a_ns, b_ns) > plan.slow_ns ? 1 : plan.batches;
  a_runs_ = RunsToFill(plan.batch_ns, a_ns);
  b_runs_ = RunsToFill(plan.batch_ns, b_ns);
}

double PairedRounds::Sample(TimedCall& call, int64_t runs) {
  const Entered entered(call);
  call.Run();  // The other call has had the caches, and may have put our threads to sleep.
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < batches_; ++i) best = std::min(best, TimeRuns(call, runs, clock_));
  return best / call.UnitsPerRun();
}

double PairedRounds::SampleA() {
  samples_.a_ns.push_back(Sample(a_, a_runs_));
  return samples_.a_ns.back();
}

double PairedRounds::SampleB() {
  samples_.b_ns.push_back(Sample(b_, b_runs_));
  return samples_.b_ns.back();
}

void PairedRounds::MeasureQuad(bool a_first) {
  double a1 = 0, a2 = 0, b1 = 0, b2 = 0;
  if (a_first) {
    a1 = SampleA();
    b1 = SampleB();
    b2 = SampleB();
    a2 = SampleA();
  } else {
    b1 = SampleB();
    a1 = SampleA();
    a2 = SampleA();
    b2 = SampleB();
  }
  samples_.log_ratios.push_back(QuadLogRatio(b1, a1, b2, a2));
}

// The same places, all taken by A.
void PairedRounds::MeasureQuadOfA(bool a_first) {
  const double s1 = SampleA();
  const double s2 = SampleA();
  const double s3 = SampleA();
  const double s4 = SampleA();
  samples_.same_log_ratios.push_back(a_first ? QuadLogRatio(s2, s1, s3, s4)
                                             : QuadLogRatio(s1, s2, s4, s3));
}

void PairedRounds::Measure(int quads) {
  for (int i = 0; i < quads; ++i) {
    coins_ = coins_ * 6364136223846793005u + 1442695040888963407u;
    const bool a_first = (coins_ >> 63) == 0;
    MeasureQuad(a_first);
    if (i % 2 == 0) MeasureQuadOfA(a_first);
  }
}

}  // namespace deltagauge
