// One call of a kernel as a case describes it: memory laid out, guarded, called, read back.
#ifndef DELTAGAUGE_HARNESS_KERNEL_KERNEL_CALL_H_
#define DELTAGAUGE_HARNESS_KERNEL_KERNEL_CALL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/kernel/case.h"
#include "harness/kernel/inputs.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// The signature of GatedDeltaRule, so that the checks can be tried on faulty kernels.
using KernelFunction = Status (*)(const GatedDeltaRuleArgs& args, Workspace workspace,
                                  ParallelFor& threads, RunInfo* info);

// What lies in the workspace before the call. A result must not depend on it.
enum class WorkspaceFill : uint8_t { kNaN, kZero };

struct KernelResult {
  Status status;
  std::string target;  // as told by the code that ran
  // Laid out as CaseInputs and CaseArm, whatever the layout in memory; bfloat16 widened. A tensor
  // that was not asked for is empty.
  std::vector<float> output;
  std::vector<float> final_state;
  std::vector<float> snapshots;
  // "" or what was changed that had to stay as it was: memory, or the calling thread's rounding
  // mode or treatment of denormal numbers.
  std::string damage;
};

KernelResult CallKernel(KernelFunction kernel, const KernelCase& kernel_case,
                        const CaseInputs& inputs, ParallelFor& threads,
                        WorkspaceFill fill = WorkspaceFill::kNaN);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_KERNEL_CALL_H_
