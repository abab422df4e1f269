// The control benchmark: work that has nothing to do with what is measured, timed beside it.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_CONTROL_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_CONTROL_H_

#include <cstdint>
#include <string>

#include "harness/bench/bench_call.h"
#include "harness/bench/bench_memory.h"

namespace deltagauge {

// A chain of dependent integer operations, then passes over 256 KiB of memory, some 0.2 ms
// together, on the calling thread. Plain C++: the same code whatever instruction set the kernel is
// told to use. The memory fits a core's own cache, so that one run brings it back, whatever the arm
// before it left there: 4 MiB took up to six runs to settle after an arm that uses much memory, and
// honest measurements looked contaminated.
class ControlCall final : public TimedCall {
 public:
  ControlCall();

  std::string Name() const override { return "control"; }
  double UnitsPerRun() const override { return 1; }
  void Run() override;
  std::string Defect() const override;

 private:
  AlignedVector<uint32_t> memory_;
  uint64_t chain_ = 1;
  uint32_t runs_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_CONTROL_H_
