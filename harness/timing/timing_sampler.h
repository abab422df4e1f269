// Takes samples of two calls in turns, with the control benchmark beside each.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_SAMPLER_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_SAMPLER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/bench/bench_call.h"
#include "harness/timing/timing_schedule.h"

namespace deltagauge {

struct QuadSamples {
  std::vector<std::string> order;  // "ABBA", "BAAB", "AAAA", as they were measured
  std::vector<double> a_ns;        // of the A/B quads, for one run
  std::vector<double> b_ns;
  std::vector<double> log_ratios;          // log(b / a) for a unit of work, of each A/B quad
  std::vector<double> same_log_ratios;     // of each A/A quad
  std::vector<double> control_log_ratios;  // beside B / beside A, of each quad, of both kinds
  std::vector<bool> control_is_of_ab;      // which kind
  std::vector<double> control_ns;          // least of each quad
};

// A quad has four places, 0 1 1 0 or 1 0 0 1 by a coin. A/B: in place 1 is B. A/A: in place 1 is
// `same`, which is A or another that does the same, and the log ratio is made as if it were B.
class QuadSampler {
 public:
  // All references must outlive this.
  QuadSampler(TimedCall& a, TimedCall& b, TimedCall& same, TimedCall& control,
              const SamplePlan& plan, uint64_t seed, const Clock& clock);

  void MeasureQuad() { Measure(Kind::kPair); }
  void MeasureSameQuad() { Measure(Kind::kSame); }

  const QuadSamples& samples() const { return samples_; }

 private:
  enum class Kind : uint8_t { kPair, kSame };

  void Measure(Kind kind);
  double Sample(TimedCall& call, const SamplePlan& plan);
  bool Coin();

  TimedCall& a_;
  TimedCall& b_;
  TimedCall& same_;
  TimedCall& control_;
  SamplePlan plan_;
  uint64_t random_;
  const Clock& clock_;
  QuadSamples samples_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_SAMPLER_H_
