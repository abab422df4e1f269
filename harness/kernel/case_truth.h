// What a case should give: the fp64 truth from the raw inputs, and what the two usual float32 forms
// make of the same inputs.
#ifndef DELTAGAUGE_HARNESS_KERNEL_CASE_TRUTH_H_
#define DELTAGAUGE_HARNESS_KERNEL_CASE_TRUTH_H_

#include <vector>

#include "harness/kernel/case.h"
#include "harness/kernel/inputs.h"

namespace deltagauge {

// Laid out as CaseInputs: output as value; states [sequences, Hv, K, V]; snapshots
// [sequences, n, Hv, K, V], oldest first, the initial state in slots before the first token.
template <typename Real>
struct CaseArm {
  std::vector<Real> output;
  std::vector<Real> final_state;
  std::vector<Real> snapshots;
};

struct CaseTruth {
  CaseArm<double> truth;
  // Output rounded to the type of the case. The chunked form has no snapshots.
  CaseArm<float> recurrent;
  CaseArm<float> chunked;
};

// Uses of the case what is convention and size; the numbers come from `inputs`.
CaseTruth ComputeTruth(const KernelCase& kernel_case, const CaseInputs& inputs);

// The truth alone.
CaseArm<double> ComputeTruthOnly(const KernelCase& kernel_case, const CaseInputs& inputs);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_CASE_TRUTH_H_
