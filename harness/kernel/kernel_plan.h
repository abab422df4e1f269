// Which cases are worth running.
#ifndef DELTAGAUGE_HARNESS_KERNEL_KERNEL_PLAN_H_
#define DELTAGAUGE_HARNESS_KERNEL_KERNEL_PLAN_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/kernel/case.h"

namespace deltagauge {

struct PlannedCase {
  std::string_view group;  // heading under which results are shown
  KernelCase kernel_case;
};

// What `deltagauge check` runs: every gate regime at the sizes of Qwen3.5 and at awkward ones,
// every other regime and convention, every check, and some random cases. Groups come in order;
// target and threads are left to the caller.
std::vector<PlannedCase> DefaultCheckPlan();

// A small case with everything drawn at random: sizes, conventions, regimes, layouts, check. Always
// valid, never vacuous, and the same on every platform.
KernelCase RandomKernelCase(uint64_t seed);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_KERNEL_PLAN_H_
