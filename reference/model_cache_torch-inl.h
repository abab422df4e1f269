// The cache's tensors, for the files of the model.
#ifndef DELTAGAUGE_REFERENCE_MODEL_CACHE_TORCH_INL_H_
#define DELTAGAUGE_REFERENCE_MODEL_CACHE_TORCH_INL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "reference/model.h"

namespace deltagauge::reference {

struct LayerCache {
  // Linear attention.
  at::Tensor window;     // [B, conv_kernel - 1, channels] in the model's type
  at::Tensor recurrent;  // [B, Hv, K, V] float32 or float64
  // Full attention: the first `position` of the third axis are filled.
  at::Tensor key;    // [B, key_value_heads, capacity, head_dim], normed and rotated
  at::Tensor value;  // [B, key_value_heads, capacity, head_dim]

  // Room for `positions`, what is there kept.
  void Reserve(int64_t filled, int64_t positions);
};

struct ModelCache::State {
  int64_t batch = 1;
  int64_t position = 0;
  std::vector<LayerCache> layers;
};

struct ModelCache::Snapshot::State {
  int64_t position = 0;
  std::vector<LayerCache> layers;  // without keys and values
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_MODEL_CACHE_TORCH_INL_H_
