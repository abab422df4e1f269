// Does the kernel do what its header says? Runs one case and judges it.
//
// | check      | what must hold                                                               |
// |------------|------------------------------------------------------------------------------|
// | accuracy   | output, state and snapshots pass R1 to R5 against the fp64 truth; R6; R7     |
// | threads    | the same bits with 1, 2, 3 and the case's threads, in any order of tasks     |
// | pieces     | split anywhere, token by token, in uneven pieces: each passes like the whole |
// | contagion  | a NaN or Inf stays in its head, in its value column, and after its token     |
// | snapshots  | any number of snapshots: each is the state that repeated decoding gives      |
// | neighbours | the same bits for a sequence alone, in a batch, packed, and beside NaN       |
// | in_place   | in place and out of place: the same bits; without a final state: passes      |
// | layouts    | every layout in memory gives the same bits; both state layouts pass          |
//
// Every call of every check also has guards round its memory (R6), must report the target that was
// forced, and must not be refused.
#ifndef DELTAGAUGE_HARNESS_KERNEL_KERNEL_CHECK_H_
#define DELTAGAUGE_HARNESS_KERNEL_KERNEL_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/kernel/case.h"
#include "harness/kernel/case_truth.h"
#include "harness/kernel/inputs.h"
#include "harness/kernel/kernel_call.h"
#include "harness/kernel/memo.h"
#include "harness/kernel/pass_rules.h"
#include "harness/kernel/tensor_digest.h"

namespace deltagauge {

struct CaseData;

// What checks derive from the data of a case alone, whatever the kernel.
struct DerivedData {
  // Of the float32 references of a tensor against its truth: three tensors.
  Memo<std::vector<TensorComparison>> reference_figures;
  // The case with something planted in its inputs (the truth alone), or with other snapshots: up to
  // 48 of them, so those of a large case are not kept (kMostKeptBytes).
  Memo<std::shared_ptr<const CaseData>> changed;
};
inline constexpr size_t kMostKeptBytes = size_t{1} << 28;

// Inputs and truth of a case: the costly part, the same for every target and kernel. Threads may
// share it. Who changes it takes a new `derived`.
struct CaseData {
  CaseInputs inputs;
  CaseTruth truth;
  std::shared_ptr<DerivedData> derived = std::make_shared<DerivedData>();
};

CaseData MakeCaseData(const KernelCase& kernel_case);

// A tensor of an accuracy check, with the float32 references' own distances from the truth.
struct TensorReport {
  std::string name;
  TensorComparison result;
  TensorComparison recurrent;
  TensorComparison chunked;
  TensorDigest digest = {};  // of the result
};

struct CheckOutcome {
  KernelCase kernel_case;
  Verdict verdict = Verdict::kError;
  std::string target;  // named by the code that ran
  std::string reason;  // of the worst finding; empty if passed
  std::vector<Finding> findings;
  std::vector<TensorReport> tensors;  // of accuracy checks
};

// By which limits of pass_rules.h a result is judged: those of the fused kernel, or those that hold
// for any implementation.
enum class LimitsOf : uint8_t { kFusedKernel, kAnyKernel };

// Figures that no rule and no gate asks for take a sixth of the time of a check: ranks of ULP
// errors and digests of results. Without them they stay 0 and empty.
enum class Figures : uint8_t { kAll, kJudged };

struct CheckOptions {
  LimitsOf limits = LimitsOf::kFusedKernel;
  Figures figures = Figures::kAll;
};

// Forces the target that the case names and afterwards returns to the best one. A target that this
// machine can't run gives kSkipped. `data` must be of this case, target and check kind aside.
CheckOutcome CheckKernel(const KernelCase& kernel_case, const CaseData& data,
                         KernelFunction kernel = &GatedDeltaRule, const CheckOptions& options = {});

// The same, inputs and truth included.
CheckOutcome CheckKernel(const KernelCase& kernel_case);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_KERNEL_CHECK_H_
