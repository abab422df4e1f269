#include "harness/candidate/isolation_shift.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "harness/bench/bench_rounds.h"
#include "harness/bench/bench_statistics.h"
#include "harness/candidate/wire.h"

namespace deltagauge {
namespace {

double TimeInWorker(const std::function<double()>& time_ns, const IsolationLimits& limits) {
  const IsolatedAnswer answer = RunIsolated(limits, [&] {
    WireWriter writer;
    writer.Put(time_ns());
    return writer.Take();
  });
  if (!answer.reason.empty()) throw std::runtime_error("the worker " + answer.reason);
  WireReader reader(answer.bytes);
  const auto ns = reader.Get<double>();
  if (!reader.AtEnd()) throw std::runtime_error("the worker sent something else than a time");
  return ns;
}

// A run adds what it was told to `spent_ns`: the clock of the rounds, which goes on only while the
// subject does.
class ToldCall final : public TimedCall {
 public:
  ToldCall(std::function<double()> time_ns, double& spent_ns)
      : time_ns_(std::move(time_ns)), spent_ns_(spent_ns) {}
  std::string Name() const override { return ""; }
  double UnitsPerRun() const override { return 1; }
  void Run() override { spent_ns_ += time_ns_(); }
  std::string Defect() const override { return ""; }

 private:
  std::function<double()> time_ns_;
  double& spent_ns_;
};

}  // namespace

IsolationShift MeasureIsolationShift(const std::function<double()>& time_ns,
                                     const IsolationLimits& limits, double limit, int quads) {
  double spent_ns = 0;
  ToldCall isolated([&] { return TimeInWorker(time_ns, limits); }, spent_ns);
  ToldCall here(time_ns, spent_ns);
  const Clock clock = [&] { return static_cast<int64_t>(std::llround(spent_ns)); };
  const RoundPlan one_run_a_sample = {
      .quads = quads, .batches = 1, .batch_ns = 1, .slow_ns = 0, .warm_up_ns = 1};
  PairedRounds rounds(isolated, here, one_run_a_sample, clock);
  rounds.Measure(quads);
  IsolationShift shift;
  shift.ratio = EstimateOf(Quantity::kTimeRatio, rounds.samples());
  shift.verdict = Worse(Judge({.sense = Sense::kAtMost, .bound = 1 + limit}, shift.ratio),
                        Judge({.sense = Sense::kAtLeast, .bound = 1 - limit}, shift.ratio));
  shift.times = {Median(rounds.samples().a_ns), Median(rounds.samples().b_ns)};
  return shift;
}

}  // namespace deltagauge
