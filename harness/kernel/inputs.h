// The numbers of a case: deterministic, the same bits on every platform and at every optimisation.
//
// A value depends only on the seed, the tensor and its place in it (a counter-based generator), and
// is made by additions, multiplications, divisions and square roots alone, which IEEE rounds in one
// way. No library function that may differ between machines is involved.
#ifndef DELTAGAUGE_HARNESS_KERNEL_INPUTS_H_
#define DELTAGAUGE_HARNESS_KERNEL_INPUTS_H_

#include <cstdint>
#include <vector>

#include "harness/kernel/case.h"

namespace deltagauge {

// Where the sequences of a case lie in contiguous tensors. Each sequence is a block [H, T_s, D] of
// its own, one after the other: with sequences of one length T that is [B, H, T, D].
struct SequenceOffsets {
  explicit SequenceOffsets(const KernelCase& kernel_case);

  // Index of a row of D elements: sequence s, head h of `heads`, token t.
  int64_t Row(int64_t s, int64_t heads, int64_t h, int64_t t) const {
    return first_token[static_cast<size_t>(s)] * heads + h * Length(s) + t;
  }
  int64_t Length(int64_t s) const {
    return first_token[static_cast<size_t>(s) + 1] - first_token[static_cast<size_t>(s)];
  }
  int64_t NumSequences() const { return static_cast<int64_t>(first_token.size()) - 1; }
  int64_t TotalTokens() const { return first_token.back(); }

  std::vector<int64_t> first_token;  // [sequences + 1]
};

// What the caller of the kernel passes, as float32; for a bfloat16 case query, key and value are
// already rounded to bfloat16. In the forms that the case names: logits if beta_form is logit, raw
// queries and keys if the norm is inside.
struct CaseInputs {
  std::vector<float> query;  // rows of K, Hk heads
  std::vector<float> key;
  std::vector<float> value;          // rows of V, Hv heads
  std::vector<float> decay;          // rows of 1, Hv heads
  std::vector<float> beta;           // rows of 1, Hv heads
  std::vector<float> initial_state;  // [sequences, Hv, K, V]; empty: none is passed
};

CaseInputs MakeInputs(const KernelCase& kernel_case);

// Over all bits of all tensors, in order (FNV-1a, 64 bits).
uint64_t HashInputs(const CaseInputs& inputs);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_INPUTS_H_
