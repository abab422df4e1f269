// Rows of logits for the tests of drift and agreement: a made-up reference, and candidates that
// are off by rounding noise and by what a test plants.
#ifndef DELTAGAUGE_HARNESS_DRIFT_DRIFT_TEST_ROWS_H_
#define DELTAGAUGE_HARNESS_DRIFT_DRIFT_TEST_ROWS_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "harness/drift/drift.h"

namespace deltagauge {

// SplitMix64: the same numbers on every machine.
class TestRandom {
 public:
  explicit TestRandom(uint64_t seed) : state_(seed) {}

  uint64_t Bits() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  double Uniform() { return static_cast<double>(Bits() >> 11) * 0x1p-53; }  // [0, 1)

  // Twelve uniform numbers have variance 1: near enough to a normal distribution here, and without
  // functions that differ between libraries.
  double Normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += Uniform();
    return sum;
  }

 private:
  uint64_t state_;
};

inline constexpr size_t kTestVocabulary = 700;
inline constexpr double kTestNoise = 1e-5;

// A row like a language model's: a wide hill and one token well above it.
inline std::vector<float> ReferenceRow(int64_t position) {
  TestRandom random(static_cast<uint64_t>(position) + 1);
  std::vector<float> row(kTestVocabulary);
  for (float& logit : row) logit = static_cast<float>(3 * random.Normal());
  row[random.Bits() % row.size()] = static_cast<float>(15 + random.Uniform());
  return row;
}

inline int64_t ArgMax(const std::vector<float>& row) {
  size_t best = 0;
  for (size_t i = 1; i < row.size(); ++i) {
    if (row[i] > row[best]) best = i;
  }
  return static_cast<int64_t>(best);
}

inline size_t SecondBest(const std::vector<float>& row) {
  const size_t best = static_cast<size_t>(ArgMax(row));
  size_t second = best == 0 ? 1 : 0;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i != best && row[i] > row[second]) second = i;
  }
  return second;
}

inline std::vector<float> NoisyRow(int64_t position) {
  TestRandom random(static_cast<uint64_t>(position) + 1000000);
  std::vector<float> row = ReferenceRow(position);
  for (float& logit : row) logit = static_cast<float>(logit + kTestNoise * random.Normal());
  return row;
}

// Changes the reference and the candidate of a position.
using PlantFault = std::function<void(int64_t position, std::vector<float>& reference,
                                      std::vector<float>& candidate)>;

// One row's figures; nobody knows its true token.
inline LogitRow Analyze(const std::vector<float>& reference, const std::vector<float>& candidate,
                        LogitType type = LogitType::kFloat32) {
  DeltaHistograms histograms;
  return AnalyzeLogits(std::span<const float>(reference), std::span<const float>(candidate), type,
                       std::nullopt, histograms);
}

// The true token is the third of the vocabulary at every position.
inline LogitDriftMeter MeterOf(int64_t positions, const PlantFault& plant = nullptr,
                               LogitType type = LogitType::kFloat32) {
  LogitDriftMeter meter(static_cast<int64_t>(kTestVocabulary), type);
  for (int64_t position = 0; position < positions; ++position) {
    std::vector<float> reference = ReferenceRow(position);
    std::vector<float> candidate = NoisyRow(position);
    if (plant) plant(position, reference, candidate);
    meter.Add(position, std::span<const float>(reference), std::span<const float>(candidate), 2);
  }
  return meter;
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_DRIFT_TEST_ROWS_H_
