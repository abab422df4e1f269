// An instruction set forced for a while.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_TARGET_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_TARGET_H_

#include <string>

namespace deltagauge {

// While it lives, only the instruction set `target` runs; an empty name changes nothing. Process-
// wide. Throws std::invalid_argument, naming those that there are, if this machine can't run it.
class ForcedTarget {
 public:
  explicit ForcedTarget(const std::string& target);
  ~ForcedTarget();
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;

 private:
  std::string previous_;  // empty: nothing was changed
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_TARGET_H_
