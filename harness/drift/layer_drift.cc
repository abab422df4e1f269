#include "harness/drift/layer_drift.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <stdexcept>

#include "fmt/format.h"

namespace deltagauge {
namespace {

void SetGrowth(LayerDrift& drift) {
  int64_t first = -1, last = -1;  // layers that differ
  for (size_t i = 0; i < drift.layers.size(); ++i) {
    LayerFigures& layer = drift.layers[i];
    if (!(layer.rel_rmse > 0)) continue;
    if (first < 0) first = layer.layer;
    last = layer.layer;
    if (i > 0 && drift.layers[i - 1].rel_rmse > 0) {
      layer.growth = layer.rel_rmse / drift.layers[i - 1].rel_rmse;
    }
  }
  if (first == last) return;
  const double ratio = drift.layers[static_cast<size_t>(last)].rel_rmse /
                       drift.layers[static_cast<size_t>(first)].rel_rmse;
  drift.growth_per_layer = std::pow(ratio, 1.0 / static_cast<double>(last - first));
}

}  // namespace

LayerDriftMeter::LayerDriftMeter(int64_t layers, int64_t width) : layers_(layers), width_(width) {
  if (layers < 1 || width < 1) throw std::logic_error("layer drift: no layers or no width");
}

template <typename Reference, typename Candidate>
void LayerDriftMeter::AddPiece(int64_t layer, int64_t first_position,
                               std::span<const Reference> reference,
                               std::span<const Candidate> candidate) {
  const size_t width = static_cast<size_t>(width_);
  if (layer < 0 || layer >= layers_ || first_position < 0) {
    throw std::logic_error("layer drift: no such layer or position");
  }
  if (reference.size() != candidate.size() || reference.empty() || reference.size() % width != 0) {
    throw std::logic_error("layer drift: not [tokens, width], or empty, or unlike in size");
  }
  Piece piece;
  piece.tokens = static_cast<int64_t>(reference.size() / width);
  piece.shares_storage = ShareStorage(std::as_bytes(reference), std::as_bytes(candidate));
  for (size_t i = 0; i < reference.size(); ++i) {
    const double r = static_cast<double>(reference[i]);
    const double c = static_cast<double>(candidate[i]);
    const bool is_finite = std::isfinite(r) && std::isfinite(c);
    if (!is_finite) {
      piece.reference_non_finite += std::isfinite(r) ? 0 : 1;
      piece.candidate_non_finite += std::isfinite(c) ? 0 : 1;
      continue;
    }
    const double error = std::abs(c - r);
    ++piece.finite;
    piece.sum_squares += error * error;
    piece.reference_sum_squares += r * r;
    if (piece.max_index >= 0 && !(error > piece.max_abs)) continue;
    piece.max_abs = error;
    piece.max_index = static_cast<int64_t>(i);
  }
  Insert({layer, first_position}, piece);
}

void LayerDriftMeter::Insert(std::pair<int64_t, int64_t> layer_and_position, const Piece& piece) {
  const auto [layer, position] = layer_and_position;
  const auto next = pieces_.lower_bound(layer_and_position);
  const bool reaches_next = next != pieces_.end() && next->first.first == layer &&
                            next->first.second < position + piece.tokens;
  bool is_reached = false;
  if (next != pieces_.begin()) {
    const auto& [key, before] = *std::prev(next);
    is_reached = key.first == layer && position < key.second + before.tokens;
  }
  if (reaches_next || is_reached) throw std::logic_error("layer drift: pieces overlap");
  pieces_.emplace_hint(next, layer_and_position, piece);
}

void LayerDriftMeter::Add(int64_t layer, int64_t first_position, std::span<const float> reference,
                          std::span<const float> candidate) {
  AddPiece(layer, first_position, reference, candidate);
}

void LayerDriftMeter::Add(int64_t layer, int64_t first_position, std::span<const double> reference,
                          std::span<const float> candidate) {
  AddPiece(layer, first_position, reference, candidate);
}

void LayerDriftMeter::Add(int64_t layer, int64_t first_position, std::span<const double> reference,
                          std::span<const double> candidate) {
  AddPiece(layer, first_position, reference, candidate);
}

void LayerDriftMeter::Merge(const LayerDriftMeter& other) {
  if (layers_ != other.layers_ || width_ != other.width_) {
    throw std::logic_error("layer drift: merged meters differ in layers or width");
  }
  LayerDriftMeter merged = *this;  // so that a failure changes nothing
  for (const auto& [key, piece] : other.pieces_) merged.Insert(key, piece);
  pieces_ = std::move(merged.pieces_);
}

LayerDrift LayerDriftMeter::Drift(double budget) const {
  LayerDrift drift;
  drift.budget = budget;
  for (int64_t layer = 0; layer < layers_; ++layer) {
    LayerFigures figures;
    figures.layer = layer;
    double squares = 0, reference_squares = 0;
    int64_t finite = 0;
    const auto end = pieces_.lower_bound({layer + 1, 0});
    for (auto it = pieces_.lower_bound({layer, 0}); it != end; ++it) {
      const Piece& piece = it->second;
      figures.positions += piece.tokens;
      figures.reference_non_finite += piece.reference_non_finite;
      figures.candidate_non_finite += piece.candidate_non_finite;
      figures.shares_storage = figures.shares_storage || piece.shares_storage;
      squares += piece.sum_squares;
      reference_squares += piece.reference_sum_squares;
      finite += piece.finite;
      if (piece.max_index < 0) continue;
      if (figures.max_position >= 0 && !(piece.max_abs > figures.max_abs)) continue;
      figures.max_abs = piece.max_abs;
      figures.max_position = it->first.second + piece.max_index / width_;
      figures.max_channel = piece.max_index % width_;
    }
    if (finite > 0)
      figures.reference_rms = std::sqrt(reference_squares / static_cast<double>(finite));
    if (reference_squares > 0) figures.rel_rmse = std::sqrt(squares / reference_squares);
    if (drift.max_layer < 0 || figures.rel_rmse > drift.max_rel_rmse) {
      drift.max_rel_rmse = figures.rel_rmse;
      drift.max_layer = layer;
    }
    const bool is_within = figures.candidate_non_finite == 0 && figures.rel_rmse <= budget;
    if (drift.first_over_budget < 0 && !is_within) drift.first_over_budget = layer;
    drift.layers.push_back(figures);
  }
  SetGrowth(drift);
  return drift;
}

Validity ValidityOf(const LayerDrift& drift) {
  if (drift.layers.empty()) return {Verdict::kInvalid, "no layer was compared"};
  Validity validity;
  for (const LayerFigures& layer : drift.layers) {
    if (layer.positions == 0) {
      return {Verdict::kInvalid, fmt::format("layer {} has no positions", layer.layer)};
    }
    if (layer.shares_storage) {
      return {Verdict::kInvalid,
              fmt::format("layer {} is compared with itself: the arms share storage", layer.layer)};
    }
    if (layer.reference_non_finite > 0) {
      return {Verdict::kInvalid, fmt::format("the reference has {} NaN or Inf at layer {}",
                                             layer.reference_non_finite, layer.layer)};
    }
    if (!(layer.reference_rms > 0)) {
      return {Verdict::kInvalid, fmt::format("the reference is all zero at layer {}", layer.layer)};
    }
    if (layer.candidate_non_finite > 0 && validity.verdict == Verdict::kPassed) {
      validity = {Verdict::kFailed, fmt::format("the candidate has {} NaN or Inf at layer {}",
                                                layer.candidate_non_finite, layer.layer)};
    }
  }
  return validity;
}

}  // namespace deltagauge
