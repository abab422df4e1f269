#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "reference/model_cache_torch-inl.h"

namespace deltagauge::reference {
namespace {

std::vector<double> Values(const at::Tensor& tensor) {
  const at::Tensor wide = tensor.to(at::kDouble).contiguous();
  const double* const data = wide.const_data_ptr<double>();
  return {data, data + wide.numel()};
}

const LayerCache& LayerOf(const std::vector<LayerCache>& layers, int layer, bool linear) {
  if (layer < 0 || static_cast<size_t>(layer) >= layers.size() ||
      layers[static_cast<size_t>(layer)].recurrent.defined() != linear) {
    throw std::logic_error("ModelCache: layer " + std::to_string(layer) + " is not a " +
                           (linear ? "linear" : "full") + " attention layer");
  }
  return layers[static_cast<size_t>(layer)];
}

}  // namespace

void LayerCache::Reserve(int64_t filled, int64_t positions) {
  const int64_t capacity = key.size(2);
  if (positions <= capacity) return;
  constexpr int64_t kStep = 64;
  const int64_t wanted = std::max(2 * capacity, (positions + kStep - 1) / kStep * kStep);
  for (at::Tensor* const tensor : {&key, &value}) {
    std::vector<int64_t> sizes = tensor->sizes().vec();
    sizes[2] = wanted;
    at::Tensor larger = at::empty(sizes, tensor->options());
    larger.narrow(2, 0, filled).copy_(tensor->narrow(2, 0, filled));
    *tensor = std::move(larger);
  }
}

ModelCache::ModelCache(std::unique_ptr<State> state) : state_(std::move(state)) {}
ModelCache::ModelCache(ModelCache&&) noexcept = default;
ModelCache& ModelCache::operator=(ModelCache&&) noexcept = default;
ModelCache::~ModelCache() = default;

int64_t ModelCache::Batch() const { return state_->batch; }
int64_t ModelCache::Position() const { return state_->position; }

ModelCache::Snapshot::Snapshot(std::unique_ptr<State> state) : state_(std::move(state)) {}
ModelCache::Snapshot::Snapshot(Snapshot&&) noexcept = default;
ModelCache::Snapshot& ModelCache::Snapshot::operator=(Snapshot&&) noexcept = default;
ModelCache::Snapshot::~Snapshot() = default;

ModelCache::Snapshot ModelCache::Save() const {
  auto saved = std::make_unique<Snapshot::State>();
  saved->position = state_->position;
  for (const LayerCache& layer : state_->layers) {
    LayerCache copy;
    if (layer.recurrent.defined()) {
      copy.window = layer.window.clone();
      copy.recurrent = layer.recurrent.clone();
    }
    saved->layers.push_back(std::move(copy));
  }
  return Snapshot(std::move(saved));
}

void ModelCache::Restore(const Snapshot& snapshot) {
  const Snapshot::State& saved = *snapshot.state_;
  bool fits = saved.layers.size() == state_->layers.size() && saved.position <= state_->position;
  for (size_t i = 0; fits && i < saved.layers.size(); ++i) {
    const at::Tensor& mine = state_->layers[i].recurrent;
    const at::Tensor& theirs = saved.layers[i].recurrent;
    fits = mine.defined() == theirs.defined() &&
           (!mine.defined() || (mine.sizes() == theirs.sizes() && mine.dtype() == theirs.dtype()));
  }
  if (!fits) throw std::logic_error("ModelCache: this snapshot was not taken of this cache");
  for (size_t i = 0; i < saved.layers.size(); ++i) {
    if (!saved.layers[i].recurrent.defined()) continue;
    state_->layers[i].window = saved.layers[i].window.clone();
    state_->layers[i].recurrent = saved.layers[i].recurrent.clone();
  }
  state_->position = saved.position;
}

std::vector<double> ModelCache::RecurrentState(int layer) const {
  return Values(LayerOf(state_->layers, layer, /*linear=*/true).recurrent);
}

std::vector<double> ModelCache::ConvolutionWindow(int layer) const {
  return Values(LayerOf(state_->layers, layer, /*linear=*/true).window);
}

std::vector<double> ModelCache::Keys(int layer) const {
  return Values(
      LayerOf(state_->layers, layer, /*linear=*/false).key.narrow(2, 0, state_->position));
}

}  // namespace deltagauge::reference
