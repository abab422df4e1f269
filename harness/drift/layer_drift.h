// Layer by layer: how far the hidden states of two arms are apart, so that a report can say where
// drift begins. Streaming: states are looked at once and not kept.
#ifndef DELTAGAUGE_HARNESS_DRIFT_LAYER_DRIFT_H_
#define DELTAGAUGE_HARNESS_DRIFT_LAYER_DRIFT_H_

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "harness/drift/row_census.h"  // Validity

namespace deltagauge {

struct LayerFigures {
  int64_t layer = 0;
  int64_t positions = 0;  // token positions looked at
  double rel_rmse = 0;    // RMS(candidate - reference) / RMS(reference), all positions together
  double max_abs = 0;     // of the difference
  int64_t max_position = -1;
  int64_t max_channel = -1;
  double reference_rms = 0;
  double growth = 0;  // rel_rmse / that of the layer before; 0: there is none, or it is 0
  // Elements that are NaN or Inf in that arm. Places where either is are left out of the rest.
  int64_t reference_non_finite = 0;
  int64_t candidate_non_finite = 0;
  bool shares_storage = false;
};

struct LayerDrift {
  std::vector<LayerFigures> layers;  // all, in order
  double max_rel_rmse = 0;
  int64_t max_layer = -1;
  double budget = 0;               // relative RMS error
  int64_t first_over_budget = -1;  // layer; -1: none
  // Geometric mean of `growth` from the first layer that differs to the last: 1 means that the
  // error stays as it entered. 0: fewer than two layers differ.
  double growth_per_layer = 0;
};

class LayerDriftMeter {
 public:
  // `width`: channels of one token's hidden state. Both at least 1 (std::logic_error).
  LayerDriftMeter(int64_t layers, int64_t width);

  // Hidden states after `layer`, [tokens, width], of the positions from `first_position` on. A
  // layer's pieces don't overlap. Else std::logic_error.
  void Add(int64_t layer, int64_t first_position, std::span<const float> reference,
           std::span<const float> candidate);
  void Add(int64_t layer, int64_t first_position, std::span<const double> reference,
           std::span<const float> candidate);
  void Add(int64_t layer, int64_t first_position, std::span<const double> reference,
           std::span<const double> candidate);

  // As if the other's pieces had been added here (std::logic_error if they overlap).
  void Merge(const LayerDriftMeter& other);

  // `budget`: the relative RMS error a layer may have. Sums are in the order of positions, however
  // the pieces came.
  LayerDrift Drift(double budget) const;

 private:
  struct Piece {
    int64_t tokens = 0;
    double sum_squares = 0;  // of the difference
    double reference_sum_squares = 0;
    int64_t finite = 0;  // elements
    int64_t reference_non_finite = 0;
    int64_t candidate_non_finite = 0;
    double max_abs = 0;
    int64_t max_index = -1;  // within the piece
    bool shares_storage = false;
  };

  template <typename Reference, typename Candidate>
  void AddPiece(int64_t layer, int64_t first_position, std::span<const Reference> reference,
                std::span<const Candidate> candidate);
  void Insert(std::pair<int64_t, int64_t> layer_and_position, const Piece& piece);

  int64_t layers_;
  int64_t width_;
  std::map<std::pair<int64_t, int64_t>, Piece> pieces_;  // by (layer, first position)
};

// invalid: a layer without positions, shared storage, a reference that is all zero or not finite;
// failed: a candidate that is not finite; else passed.
Validity ValidityOf(const LayerDrift& drift);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_LAYER_DRIFT_H_
