#include "reference/tensors_torch.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace deltagauge::reference {
namespace {

at::Tensor Copy(const char* name, std::span<const float> elements, at::IntArrayRef sizes) {
  const int64_t expected = c10::multiply_integers(sizes);
  if (elements.size() != static_cast<size_t>(expected)) {
    throw std::invalid_argument(std::string("recurrence: ") + name + " has " +
                                std::to_string(elements.size()) + " elements; expected " +
                                std::to_string(expected));
  }
  // from_blob takes no const; the clone is all that anybody sees.
  return at::from_blob(const_cast<float*>(elements.data()), sizes, at::kFloat).clone();
}

at::Tensor ExpandHeads(const at::Tensor& tensor, const RecurrenceInputs<float>& inputs) {
  const int64_t repeats = inputs.shape.value_heads / inputs.shape.key_heads;
  if (repeats == 1) return tensor;
  return inputs.head_map == HeadMap::kGrouped ? tensor.repeat_interleave(repeats, /*dim=*/1)
                                              : tensor.repeat({1, repeats, 1, 1});
}

}  // namespace

std::vector<at::Tensor> MakeTensors(const RecurrenceInputs<float>& inputs) {
  const RecurrenceShape& s = inputs.shape;
  if (s.batch < 0 || s.tokens < 0 || s.key_heads < 1 || s.key_dim < 1 || s.value_dim < 1 ||
      s.value_heads < 1 || s.value_heads % s.key_heads != 0) {
    throw std::invalid_argument(
        "recurrence: the shape has a negative or zero size, or its value "
        "heads are not a multiple of its key heads");
  }
  const at::Tensor query = Copy("query", inputs.query, {s.batch, s.key_heads, s.tokens, s.key_dim});
  const at::Tensor key = Copy("key", inputs.key, {s.batch, s.key_heads, s.tokens, s.key_dim});
  const std::vector<int64_t> state = {s.batch, s.value_heads, s.key_dim, s.value_dim};
  return {ExpandHeads(query, inputs),
          ExpandHeads(key, inputs),
          Copy("value", inputs.value, {s.batch, s.value_heads, s.tokens, s.value_dim}),
          Copy("log_decay", inputs.log_decay, {s.batch, s.value_heads, s.tokens}),
          Copy("beta", inputs.beta, {s.batch, s.value_heads, s.tokens}),
          inputs.initial_state.empty() ? at::zeros(state, at::kFloat)
                                       : Copy("initial_state", inputs.initial_state, state)};
}

std::span<const float> Elements(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  return {tensor.const_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

}  // namespace deltagauge::reference
