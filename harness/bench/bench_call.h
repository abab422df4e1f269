// What the benchmark times: an operation on prepared inputs, behind one virtual call for all
// implementations, so that none of them is inlined where another is not.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_CALL_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_CALL_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace deltagauge {

class TimedCall {
 public:
  virtual ~TimedCall() = default;

  // What ran, in its own words: "AVX3, 2 threads". Complete only after the first Run.
  virtual std::string Name() const = 0;

  // Units of work that one Run does: token-heads, for what a state head does with one token.
  virtual double UnitsPerRun() const = 0;

  // Before and after each group of runs, outside the clock: thread counts and other settings of
  // the process. What Leave returns to is what Enter found.
  virtual void Enter() {}
  virtual void Leave() {}

  // The only thing inside the clock. May throw std::runtime_error.
  virtual void Run() = 0;

  // Looks at the results of all runs so far. Empty, or why their times must not be used: "output
  // 1 holds NaN or Inf at element 7".
  virtual std::string Defect() const = 0;

  // The results of the latest Run as float32 [B, H, T, V], or nothing if they lie otherwise.
  virtual std::span<const float> Output() const { return {}; }
};

// Enters for as long as it lives.
class Entered {
 public:
  explicit Entered(TimedCall& call) : call_(call) { call_.Enter(); }
  ~Entered() { call_.Leave(); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  TimedCall& call_;
};

// Nanoseconds on a clock that never goes back.
using Clock = std::function<int64_t()>;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_CALL_H_
