// The instruction sets that the kernel was compiled for, chosen at run time (Highway's targets:
// AVX3, AVX2, SSE4, SSSE3, EMU128 on x86; NEON, ... on Arm).
#ifndef DELTAGAUGE_KERNELS_TARGETS_H_
#define DELTAGAUGE_KERNELS_TARGETS_H_

#include <string>
#include <string_view>
#include <vector>

#include "kernels/status.h"

namespace deltagauge {

// Targets that were compiled in and that this machine runs, best first, refused ones included.
std::vector<std::string> RunnableTargets();

// What a call would run now, as told by the dispatched code itself.
const char* ActiveTarget();

// From now on only `name` runs. kUnknownTarget, and no change, if it is not a runnable target.
// Process-wide; not to be called while a kernel runs.
Status ForceTarget(std::string_view name);

// From now on the best target but `name` runs. kUnknownTarget, and no change, if it is not
// runnable or the last one left.
Status RefuseTarget(std::string_view name);

// Back to the best target of the machine.
void ResetTargets();

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_TARGETS_H_
