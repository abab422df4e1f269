// For tests of the checks: a plain kernel behind the interface of the fused one, with a switch for
// each fault that the checks are there to find. It has no targets of its own and reports whichever
// the real one would run.
#ifndef DELTAGAUGE_HARNESS_KERNEL_FAULTY_KERNEL_H_
#define DELTAGAUGE_HARNESS_KERNEL_FAULTY_KERNEL_H_

#include <cstdint>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

enum class Fault : uint8_t {
  kNone,
  // Of memory.
  kWritesPastRow,        // one element behind the last column of an output row
  kWritesPastState,      // one element behind the final state
  kNormalizesInPlace,    // the caller's keys are changed
  kWritesPastWorkspace,  // behind the last thread's part
  kLeavesLastRow,        // the last output row is never written
  // Of repetition and threads.
  kReadsWorkspace,      // uses what lies in the workspace
  kDependsOnThread,     // the last bit depends on the thread number
  kDependsOnAlignment,  // the last bit depends on the address of the values
  kDependsOnBatch,      // the last bit depends on the number of sequences
  kDependsOnPlace,      // in place, the last bit differs
  kDropsTaskPerThread,  // with more threads than 3 the last task is lost
  // Of flow.
  kForgetsState,       // a call with one token starts from zeros
  kSnapshotOffByOne,   // slot i holds the state one token too early
  kEmptySlotsAreZero,  // slots before the first token hold zeros, not the initial state
  kTouchesIdleState,   // a sequence without tokens gets its state times 1 + 2^-20
  // Of contagion.
  kMixesColumns,     // adds 0 * (sum over columns) to each column
  kMixesHeads,       // adds 0 * (value of the next head)
  kMixesSequences,   // adds 0 * (value of the first sequence)
  kReadsAhead,       // adds 0 * (value of the next token)
  kCleansesOnReset,  // a decay of zero makes NaN zero
  kSwallowsNaN,      // a NaN value counts as zero
  // Of conventions.
  kIgnoresHeadMap,      // always grouped
  kIgnoresStateLayout,  // always [K, V]
  kIgnoresDecayForm,    // always log
  kIgnoresBetaForm,     // never a sigmoid
  kIgnoresNorm,
  kClampsNorm,  // x / max(norm, sqrt(eps)) for x / sqrt(sum + eps)
  kIgnoresScale,
  kTruncatesBFloat16,  // towards zero
  // Of accuracy.
  kReturnsZeros,
  kPrefixDifferences,  // decays as ratios of running products: lost after a strong token
  kStateInBFloat16,
  kOutputReadsOldState,  // o = S^T q before the update
  // Of honesty.
  kReportsOtherTarget,
  kRefusesEverything,
};

template <Fault fault>
Status FaultyKernel(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
                    RunInfo* info);

// What FaultyKernel<fault> calls.
Status RunFaultyKernel(Fault fault, const GatedDeltaRuleArgs& args, Workspace workspace,
                       ParallelFor& threads, RunInfo* info);

template <Fault fault>
Status FaultyKernel(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
                    RunInfo* info) {
  return RunFaultyKernel(fault, args, workspace, threads, info);
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_FAULTY_KERNEL_H_
