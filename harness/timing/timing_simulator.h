// A machine that exists only in numbers, to try the performance protocol on: calls that take as
// long as they are told to, noise of several kinds, and a clock that only calls move. For tests.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_SIMULATOR_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_SIMULATOR_H_

#include <cstdint>
#include <string>

#include "harness/bench/bench_call.h"

namespace deltagauge {

enum class SimulatedNoise : uint8_t {
  kNone,
  kWhite,    // each run is longer by |N(0, 3 %)|
  kDrift,    // the machine gets slower by 5 % a second, on top of a wave of 2 %, and kWhite / 3
  kBursts,   // every 250 ms on average, something takes 30 % for 30 ms on average, and kWhite / 3
  kBimodal,  // 40 % of all runs take 8 % longer, and kWhite / 3
  kModes,    // the clock changes by 4 % and back, every 100 ms on average, and kWhite / 3
  kLoaded,   // on average after every 4 ms of work, another process takes 3 ms, and kWhite / 3
};

class SimulatedMachine {
 public:
  SimulatedMachine(SimulatedNoise noise, uint64_t seed) : noise_(noise), random_(seed) {}

  Clock clock();

  // Lets a run of so many undisturbed nanoseconds pass.
  void Pass(double work_ns);

  double now_ns() const { return now_ns_; }

 private:
  double Uniform();  // (0, 1)
  double Normal();
  double Exponential(double mean);
  double Factor();  // by how much longer work takes that begins now

  SimulatedNoise noise_;
  uint64_t random_;
  double now_ns_ = 0;
  bool is_slow_ = false;
  double next_change_ns_ = 0;
};

class SimulatedCall : public TimedCall {
 public:
  SimulatedCall(SimulatedMachine& machine, std::string name, double run_ns, double units = 1)
      : machine_(machine), name_(std::move(name)), run_ns_(run_ns), units_(units) {}

  std::string Name() const override { return name_; }
  double UnitsPerRun() const override { return units_; }
  void Run() override {
    machine_.Pass(run_ns_);
    ++runs_;
  }
  std::string Defect() const override { return ""; }
  int runs() const { return runs_; }
  void set_run_ns(double run_ns) { run_ns_ = run_ns; }

 protected:
  SimulatedMachine& machine_;

 private:
  std::string name_;
  double run_ns_;
  double units_;
  int runs_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_SIMULATOR_H_
