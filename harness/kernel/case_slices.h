// Parts of a case as cases of their own: a stretch of its tokens, one of its sequences.
#ifndef DELTAGAUGE_HARNESS_KERNEL_CASE_SLICES_H_
#define DELTAGAUGE_HARNESS_KERNEL_CASE_SLICES_H_

#include <cstdint>
#include <vector>

#include "harness/kernel/case.h"
#include "harness/kernel/inputs.h"

namespace deltagauge {

struct CasePart {
  KernelCase
      kernel_case;  // sizes of the part; its regimes no longer say where the numbers are from
  CaseInputs inputs;
};

// Tokens [begin, end) of every sequence, starting from `state` (empty: none). Sequences of one
// length only.
CasePart SliceTokens(const KernelCase& kernel_case, const CaseInputs& inputs, int64_t begin,
                     int64_t end, const std::vector<float>& state);

// Sequence s alone, not packed.
CasePart SelectSequence(const KernelCase& kernel_case, const CaseInputs& inputs, int64_t s);

// Tokens [begin, end) of each head of a tensor of rows [sequences, heads, tokens, dim].
std::vector<float> SliceRows(const std::vector<float>& tensor, int64_t tokens, int64_t dim,
                             int64_t begin, int64_t end);

// Puts such a slice back.
void PutRows(const std::vector<float>& slice, int64_t tokens, int64_t dim, int64_t begin,
             int64_t end, std::vector<float>& tensor);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_CASE_SLICES_H_
