// The benchmark's measuring core: two calls timed in turns, so that whatever changes the speed of
// the machine meets both.
//
// A quad is A B B A or B A A B, by a coin; its log ratio is the mean of its two. After every second
// quad comes one that holds A in all four places: what those show is noise. A sample is the best
// of a few batches, a batch the mean of as many runs as fill it.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_ROUNDS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_ROUNDS_H_

#include <cstdint>
#include <vector>

#include "harness/bench/bench_call.h"

namespace deltagauge {

struct RoundPlan {
  int quads = 20;
  int batches = 3;        // of a sample
  double batch_ns = 2e6;  // at least
  double slow_ns = 1e7;   // a call that takes longer gets one batch a sample, and so does the other
  double warm_up_ns = 2e8;  // at least, and three runs
};

struct PairedSamples {
  std::vector<double> log_ratios;       // log(b / a) of each quad
  std::vector<double> same_log_ratios;  // log(a / a)
  std::vector<double> a_ns;             // of each sample, for one unit of work
  std::vector<double> b_ns;
};

class PairedRounds {
 public:
  // Warms both calls up. All references must outlive this.
  PairedRounds(TimedCall& a, TimedCall& b, const RoundPlan& plan, const Clock& clock);

  // Appends `quads` quads, and (quads + 1) / 2 of A alone.
  void Measure(int quads);

  const PairedSamples& samples() const { return samples_; }

 private:
  // One sample, in nanoseconds for a unit of work.
  double Sample(TimedCall& call, int64_t runs);
  double SampleA();
  double SampleB();
  void MeasureQuad(bool a_first);
  void MeasureQuadOfA(bool a_first);

  TimedCall& a_;
  TimedCall& b_;
  const Clock& clock_;
  int batches_ = 1;
  int64_t a_runs_ = 1;  // of a batch
  int64_t b_runs_ = 1;
  uint64_t coins_;
  PairedSamples samples_;
};

// Mean time of one run over `runs` of them.
double TimeRuns(TimedCall& call, int64_t runs, const Clock& clock);

// Runs at least three times and `warm_up_ns`; returns the shortest time of one run.
double WarmUp(TimedCall& call, double warm_up_ns, const Clock& clock);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_ROUNDS_H_
