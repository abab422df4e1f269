#include "harness/kernel/case_slices.h"

#include <algorithm>

namespace deltagauge {
namespace {

std::vector<float> Block(const std::vector<float>& tensor, int64_t begin, int64_t size) {
  return {tensor.begin() + begin, tensor.begin() + begin + size};
}

}  // namespace

std::vector<float> SliceRows(const std::vector<float>& tensor, int64_t tokens, int64_t dim,
                             int64_t begin, int64_t end) {
  std::vector<float> slice;
  const auto head_size = tokens * dim;
  const auto size = static_cast<int64_t>(tensor.size());
  for (int64_t head = 0; head < size; head += head_size) {
    slice.insert(slice.end(), tensor.begin() + head + begin * dim,
                 tensor.begin() + head + end * dim);
  }
  return slice;
}

void PutRows(const std::vector<float>& slice, int64_t tokens, int64_t dim, int64_t begin,
             int64_t end, std::vector<float>& tensor) {
  const int64_t part = (end - begin) * dim;
  if (part == 0) return;
  const auto size = static_cast<int64_t>(slice.size());
  for (int64_t head = 0; head * part < size; ++head) {
    std::copy_n(slice.begin() + head * part, part, tensor.begin() + (head * tokens + begin) * dim);
  }
}

CasePart SliceTokens(const KernelCase& kernel_case, const CaseInputs& inputs, int64_t begin,
                     int64_t end, const std::vector<float>& state) {
  const KernelCase& c = kernel_case;
  CasePart part{c, {}};
  part.kernel_case.tokens = end - begin;
  part.inputs.query = SliceRows(inputs.query, c.tokens, c.key_dim, begin, end);
  part.inputs.key = SliceRows(inputs.key, c.tokens, c.key_dim, begin, end);
  part.inputs.value = SliceRows(inputs.value, c.tokens, c.value_dim, begin, end);
  part.inputs.decay = SliceRows(inputs.decay, c.tokens, 1, begin, end);
  part.inputs.beta = SliceRows(inputs.beta, c.tokens, 1, begin, end);
  part.inputs.initial_state = state;
  return part;
}

CasePart SelectSequence(const KernelCase& kernel_case, const CaseInputs& inputs, int64_t s) {
  const KernelCase& c = kernel_case;
  const SequenceOffsets offsets(c);
  const int64_t tokens = offsets.Length(s);
  const int64_t key_row = offsets.Row(s, c.key_heads, 0, 0);
  const int64_t value_row = offsets.Row(s, c.value_heads, 0, 0);
  const int64_t key_rows = c.key_heads * tokens;
  const int64_t value_rows = c.value_heads * tokens;
  CasePart part{c, {}};
  part.kernel_case.lengths.clear();
  part.kernel_case.sequences = 1;
  part.kernel_case.tokens = tokens;
  part.inputs.query = Block(inputs.query, key_row * c.key_dim, key_rows * c.key_dim);
  part.inputs.key = Block(inputs.key, key_row * c.key_dim, key_rows * c.key_dim);
  part.inputs.value = Block(inputs.value, value_row * c.value_dim, value_rows * c.value_dim);
  part.inputs.decay = Block(inputs.decay, value_row, value_rows);
  part.inputs.beta = Block(inputs.beta, value_row, value_rows);
  if (!inputs.initial_state.empty()) {
    const int64_t state_size = c.value_heads * c.key_dim * c.value_dim;
    part.inputs.initial_state = Block(inputs.initial_state, s * state_size, state_size);
  }
  return part;
}

}  // namespace deltagauge
