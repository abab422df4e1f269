#include "harness/drift/layer_drift.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

constexpr int64_t kLayers = 6;
constexpr size_t kWidth = 32;
constexpr size_t kTokens = 40;

struct States {
  std::vector<std::vector<float>> reference;  // [layer][token * kWidth + channel]
  std::vector<std::vector<float>> candidate;
};

// Relative error 1e-6 in every layer.
States MakeStates() {
  TestRandom random(41);
  States states;
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    std::vector<float> reference, candidate;
    for (size_t i = 0; i < kTokens * kWidth; ++i) {
      const double value = 2 + random.Uniform();
      reference.push_back(static_cast<float>(value));
      candidate.push_back(static_cast<float>(value * (1 + 1e-6 * random.Normal())));
    }
    states.reference.push_back(reference);
    states.candidate.push_back(candidate);
  }
  return states;
}

LayerDrift DriftOf(const States& states, double budget = 1e-5) {
  LayerDriftMeter meter(kLayers, kWidth);
  for (size_t layer = 0; layer < states.reference.size(); ++layer) {
    meter.Add(static_cast<int64_t>(layer), 0, std::span<const float>(states.reference[layer]),
              std::span<const float>(states.candidate[layer]));
  }
  return meter.Drift(budget);
}

// Layer 0: squares of errors 0.01 + 0.04, of the reference 9 + 16 -> sqrt(0.05 / 25) = 0.044721.
// Layer 1: 0.04 / 25 -> 0.04, growth 0.894427. Layer 2: 0.64 / 25 -> 0.16, growth 4.
// Over all: sqrt(0.16 / 0.044721) = 1.891483 per layer.
TEST(LayerDriftTest, ByHand) {
  const std::vector<double> reference = {3, 4};
  const std::vector<double> off[] = {{3.1, 4.2}, {3, 4.2}, {3, 3.2}};
  LayerDriftMeter meter(3, 2);
  for (int64_t layer = 0; layer < 3; ++layer) {
    meter.Add(layer, 7, std::span<const double>(reference),
              std::span<const double>(off[static_cast<size_t>(layer)]));
  }
  const LayerDrift drift = meter.Drift(0.1);
  ASSERT_EQ(drift.layers.size(), 3u);
  EXPECT_NEAR(drift.layers[0].rel_rmse, 0.044721, 1e-6);
  EXPECT_NEAR(drift.layers[0].max_abs, 0.2, 1e-12);
  EXPECT_EQ(drift.layers[0].max_position, 7);
  EXPECT_EQ(drift.layers[0].max_channel, 1);
  EXPECT_NEAR(drift.layers[0].reference_rms, std::sqrt(12.5), 1e-12);
  EXPECT_EQ(drift.layers[0].growth, 0);
  EXPECT_NEAR(drift.layers[1].growth, 0.894427, 1e-6);
  EXPECT_NEAR(drift.layers[2].rel_rmse, 0.16, 1e-12);
  EXPECT_NEAR(drift.layers[2].growth, 4, 1e-12);
  EXPECT_NEAR(drift.growth_per_layer, 1.891483, 1e-6);
  EXPECT_EQ(drift.max_layer, 2);
  EXPECT_EQ(drift.first_over_budget, 2);
  EXPECT_EQ(meter.Drift(0.2).first_over_budget, -1);
  EXPECT_EQ(meter.Drift(0.041).first_over_budget, 0);
}

TEST(LayerDriftTest, HonestNoiseIsWithinTheBudget) {
  const LayerDrift drift = DriftOf(MakeStates());
  EXPECT_EQ(drift.first_over_budget, -1);
  EXPECT_EQ(ValidityOf(drift).verdict, Verdict::kPassed);
  EXPECT_NEAR(drift.max_rel_rmse, 1e-6, 1e-7);
  EXPECT_NEAR(drift.growth_per_layer, 1, 0.05);
}

TEST(LayerDriftTest, PlantedFaultIsFoundWhereItBegins) {
  States states = MakeStates();
  for (size_t layer = 3; layer < states.candidate.size(); ++layer) {
    states.candidate[layer][17 * kWidth + 5] += 0.5f;
  }
  const LayerDrift drift = DriftOf(states);
  EXPECT_EQ(drift.first_over_budget, 3);
  EXPECT_EQ(drift.layers[3].max_position, 17);
  EXPECT_EQ(drift.layers[3].max_channel, 5);
  EXPECT_NEAR(drift.layers[3].max_abs, 0.5, 1e-4);
  EXPECT_GT(drift.layers[3].growth, 100);
  EXPECT_LT(drift.layers[4].growth, 2);
}

TEST(LayerDriftTest, PlantedPositionOffByOneExceedsTheBudget) {
  States states = MakeStates();
  std::vector<float>& candidate = states.candidate[0];
  std::rotate(candidate.begin(), candidate.begin() + kWidth, candidate.end());
  EXPECT_EQ(DriftOf(states).first_over_budget, 0);
  EXPECT_GT(DriftOf(states).layers[0].rel_rmse, 0.05);
}

TEST(LayerDriftTest, PlantedNonFiniteNeverPasses) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    States states = MakeStates();
    states.candidate[2][100] = bad;
    LayerDrift drift = DriftOf(states);
    EXPECT_EQ(ValidityOf(drift).verdict, Verdict::kFailed);
    EXPECT_EQ(drift.first_over_budget, 2);
    EXPECT_EQ(drift.layers[2].candidate_non_finite, 1);
    EXPECT_TRUE(std::isfinite(drift.layers[2].rel_rmse));
    states.reference[2][100] = bad;
    EXPECT_EQ(ValidityOf(DriftOf(states)).verdict, Verdict::kInvalid);
  }
}

TEST(LayerDriftTest, VacuousIsInvalid) {
  States states = MakeStates();
  states.reference.pop_back();  // the last layer was forgotten
  EXPECT_EQ(ValidityOf(DriftOf(states)).verdict, Verdict::kInvalid);
  EXPECT_EQ(ValidityOf(LayerDrift()).verdict, Verdict::kInvalid);

  states = MakeStates();
  states.reference[1].assign(states.reference[1].size(), 0);
  states.candidate[1] = states.reference[1];
  EXPECT_EQ(ValidityOf(DriftOf(states)).verdict, Verdict::kInvalid);

  const std::vector<float> states_of_one(kWidth, 1);
  LayerDriftMeter meter(1, kWidth);
  meter.Add(0, 0, std::span<const float>(states_of_one), std::span<const float>(states_of_one));
  EXPECT_TRUE(meter.Drift(1).layers[0].shares_storage);
  EXPECT_EQ(ValidityOf(meter.Drift(1)).verdict, Verdict::kInvalid);
}

// Layers that do not differ yet take no part in the growth.
TEST(LayerDriftTest, GrowthBeginsWithTheFirstDifference) {
  States states = MakeStates();
  for (size_t layer = 0; layer < 5; ++layer) states.candidate[layer] = states.reference[layer];
  EXPECT_EQ(DriftOf(states).growth_per_layer, 0);
  states = MakeStates();
  states.candidate[0] = states.reference[0];
  EXPECT_EQ(DriftOf(states).layers[1].growth, 0);
  EXPECT_NEAR(DriftOf(states).growth_per_layer, 1, 0.05);
}

TEST(LayerDriftTest, PiecesInAnyOrderEqualEachOther) {
  const States states = MakeStates();
  LayerDriftMeter forward(kLayers, kWidth), odd(kLayers, kWidth), even(kLayers, kWidth);
  const size_t piece = 4 * kWidth;
  for (size_t layer = 0; layer < states.reference.size(); ++layer) {
    for (size_t k = 0; k < 10; ++k) {
      const auto add = [&](LayerDriftMeter& meter, size_t at) {
        meter.Add(static_cast<int64_t>(layer), static_cast<int64_t>(4 * at),
                  std::span<const float>(states.reference[layer]).subspan(at * piece, piece),
                  std::span<const float>(states.candidate[layer]).subspan(at * piece, piece));
      };
      add(forward, k);
      add(k % 2 == 0 ? even : odd, 9 - k);
    }
  }
  even.Merge(odd);
  const LayerDrift a = forward.Drift(1), b = even.Drift(1), whole = DriftOf(states);
  for (size_t layer = 0; layer < a.layers.size(); ++layer) {
    EXPECT_EQ(a.layers[layer].rel_rmse, b.layers[layer].rel_rmse);
    EXPECT_EQ(a.layers[layer].max_position, b.layers[layer].max_position);
    EXPECT_EQ(a.layers[layer].positions, 40);
    EXPECT_NEAR(a.layers[layer].rel_rmse, whole.layers[layer].rel_rmse, 1e-18);
    EXPECT_EQ(a.layers[layer].max_position, whole.layers[layer].max_position);
    EXPECT_EQ(a.layers[layer].max_channel, whole.layers[layer].max_channel);
  }
}

TEST(LayerDriftTest, BrokenCallsThrow) {
  EXPECT_THROW(LayerDriftMeter(0, 4), std::logic_error);
  EXPECT_THROW(LayerDriftMeter(4, 0), std::logic_error);
  LayerDriftMeter meter(2, 4);
  const std::vector<float> a(12, 1), b(12, 2);
  const std::span<const float> r(a), c(b);
  meter.Add(0, 10, r, c);  // positions 10 to 12
  EXPECT_THROW(meter.Add(2, 0, r, c), std::logic_error);
  EXPECT_THROW(meter.Add(-1, 0, r, c), std::logic_error);
  EXPECT_THROW(meter.Add(0, -1, r, c), std::logic_error);
  EXPECT_THROW(meter.Add(0, 0, r.first(0), c.first(0)), std::logic_error);
  EXPECT_THROW(meter.Add(0, 0, r.first(6), c.first(6)), std::logic_error);
  EXPECT_THROW(meter.Add(0, 0, r, c.first(8)), std::logic_error);
  for (const int64_t overlapping : {8, 10, 12}) {
    EXPECT_THROW(meter.Add(0, overlapping, r, c), std::logic_error);
  }
  meter.Add(0, 7, r, c);
  meter.Add(0, 13, r, c);
  meter.Add(1, 10, r, c);
  EXPECT_THROW(meter.Merge(meter), std::logic_error);
  EXPECT_THROW(meter.Merge(LayerDriftMeter(2, 5)), std::logic_error);
  EXPECT_EQ(meter.Drift(9).layers[0].positions, 9);
}

}  // namespace
}  // namespace deltagauge
