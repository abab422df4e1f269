#include "kernels/coefficients.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace deltagauge {
namespace {

constexpr float kOnes[kDots] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
constexpr double kBeta[kChunkTokens] = {0.5, 0.25, 1, 0};

TEST(Coefficients, QuietChunkIsOnlyScaled) {
  const double decay[] = {0.5, 0.5, 1, 0.5};
  double scale = 0.5;
  const ChunkCoefficients c = FillCoefficients(decay, kBeta, kOnes, 4, &scale);
  EXPECT_EQ(scale, 0.0625);
  EXPECT_EQ(c.rescale, 1.0f);
  EXPECT_EQ(c.state_scale, 0.0625f);
  const float read[] = {0.25f, 0.125f, 0.125f, 0.0625f};
  const float correction[] = {0.5f, 0.5f, 1, 0.25f, 0.5f, 0.5f};
  const float readout[] = {1, 0.5f, 1, 0.5f, 1, 1, 0.25f, 0.5f, 0.5f, 1};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(c.read[i], read[i]);
    EXPECT_EQ(c.write[i], 1 / read[i]);
    EXPECT_EQ(c.beta[i], static_cast<float>(kBeta[i]));
  }
  for (int i = 0; i < kPairs; ++i) EXPECT_EQ(c.correction[i], correction[i]) << i;
  for (int i = 0; i < kDots - kPairs; ++i) EXPECT_EQ(c.readout[i], readout[i]) << i;
}

TEST(Coefficients, ResetBringsTheStateUpToDate) {
  const double decay[] = {0.5, 0, 0.5, 0.5};
  double scale = 0.25;
  const ChunkCoefficients c = FillCoefficients(decay, kBeta, kOnes, 4, &scale);
  EXPECT_EQ(c.rescale, 0.0f);
  EXPECT_EQ(scale, 1.0);
  EXPECT_EQ(c.read[0], 0.125f);
  EXPECT_EQ(c.read[1], 0.0f);
  // What was written before the reset is gone; what came after is decayed to the end.
  EXPECT_EQ(c.write[0], 0.0f);
  EXPECT_EQ(c.write[1], 0.25f);
  EXPECT_EQ(c.write[2], 0.5f);
  EXPECT_EQ(c.write[3], 1.0f);
}

TEST(Coefficients, ScaleStaysWithinItsBounds) {
  double scale = 1;
  for (int i = 0; i < 10000; ++i) {
    const double a = std::exp(-0.001 * (i % 977));
    const double decay[] = {a, a, a, a};
    const ChunkCoefficients c = FillCoefficients(decay, kBeta, kOnes, 4, &scale);
    ASSERT_GE(scale, 1.0 / 256);
    ASSERT_LE(scale, 1.0);
    for (const float write : c.write) ASSERT_LE(write, 256.0f);
  }
}

TEST(Coefficients, GrowthIsAppliedAtOnce) {
  const double decay[] = {2, 2};
  double scale = 1;
  const ChunkCoefficients c = FillCoefficients(decay, kBeta, kOnes, 2, &scale);
  EXPECT_EQ(c.rescale, 4.0f);
  EXPECT_EQ(scale, 1.0);
  EXPECT_EQ(c.write[0], 2.0f);
  EXPECT_EQ(c.write[1], 1.0f);
}

TEST(Coefficients, NanReachesOnlyLaterTokens) {
  const double decay[] = {0.5, std::nan(""), 0.5};
  double scale = 1;
  const ChunkCoefficients c = FillCoefficients(decay, kBeta, kOnes, 3, &scale);
  EXPECT_EQ(c.read[0], 0.5f);
  EXPECT_EQ(c.readout[0], 1.0f);
  EXPECT_TRUE(std::isnan(c.read[1]));
  EXPECT_TRUE(std::isnan(c.read[2]));
  EXPECT_TRUE(std::isnan(c.rescale));
  EXPECT_EQ(scale, 1.0);
}

TEST(Coefficients, DecayFormsAgree) {
  EXPECT_EQ(DecayFactor(-1.5f, DecayForm::kLog), std::exp(-1.5));
  EXPECT_EQ(DecayFactor(0.25f, DecayForm::kExponentiated), 0.25);
  EXPECT_EQ(DecayFactor(-std::numeric_limits<float>::infinity(), DecayForm::kLog), 0.0);
}

TEST(Coefficients, BetaForms) {
  EXPECT_EQ(WriteStrength(0.75f, BetaForm::kActivated), 0.75);
  EXPECT_EQ(WriteStrength(0.0f, BetaForm::kLogit), 0.5);
  EXPECT_EQ(WriteStrength(-1000.0f, BetaForm::kLogit), 0.0);
  EXPECT_EQ(WriteStrength(1000.0f, BetaForm::kLogit), 1.0);
}

}  // namespace
}  // namespace deltagauge
