#include "reference/synthetic_values.h"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/sha256.h"

namespace deltagauge::reference {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointwise;

// As the golden file prints them.
double EightDigits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.8g", value);
  return std::strtod(text, nullptr);
}

std::vector<uint16_t> FirstBits(std::string_view name, std::vector<int64_t> shape) {
  std::vector<double> values(4);
  SyntheticValues(ValueRules::kV1, name, shape).Fill(0, values);
  std::vector<uint16_t> bits;
  for (const double value : values) bits.push_back(RoundToBFloat16(static_cast<float>(value)));
  return bits;
}

std::vector<uint32_t> FirstFloatBits(std::string_view name, std::vector<int64_t> shape) {
  const std::vector<float> values = SyntheticTensor(ValueRules::kV1, name, shape);
  std::vector<uint32_t> bits;
  for (int i = 0; i < 4; ++i) bits.push_back(std::bit_cast<uint32_t>(values[i]));
  return bits;
}

TEST(SeedOfNameTest, PublishedExamplesOfFnv1a) {
  EXPECT_EQ(SeedOfName(""), 0xcbf29ce484222325u);
  EXPECT_EQ(SeedOfName("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(SeedOfName("foobar"), 0x85944171f73967e8u);
}

TEST(UniformValueTest, InRangeExactInFloatAndCentred) {
  double sum = 0;
  for (uint64_t i = 0; i < 100'000; ++i) {
    const double u = UniformValue(1, i);
    ASSERT_GE(u, -1);
    ASSERT_LT(u, 1);
    ASSERT_EQ(u, static_cast<double>(static_cast<float>(u)));
    sum += u;
  }
  // Standard deviation of the mean: 1 / sqrt(3 * 100000) = 1.8e-3.
  EXPECT_NEAR(sum / 100'000, 0, 8e-3);
}

// splitmix64 from state 1234567 (the constants' original), its first numbers.
TEST(UniformValueTest, IsSplitmix64) {
  EXPECT_EQ(UniformValue(1234567, 0),
            static_cast<double>(6457827717110365317u >> 40) / 8388608 - 1);
  EXPECT_EQ(UniformValue(1234567, 1),
            static_cast<double>(3203168211198807973u >> 40) / 8388608 - 1);
}

TEST(RoundToBFloat16Test, ToNearestTiesToEven) {
  EXPECT_EQ(RoundToBFloat16(1.0f), 0x3f80);
  EXPECT_EQ(RoundToBFloat16(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // a tie
  EXPECT_EQ(RoundToBFloat16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(RoundToBFloat16(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // a tie
  EXPECT_EQ(RoundToBFloat16(std::bit_cast<float>(0x3fffffffu)), 0x4000);
  EXPECT_EQ(RoundToBFloat16(-0.0f), 0x8000);
}

// Raw values that the specification of the recipe names.
TEST(SyntheticValuesTest, RecipeV1) {
  const std::string layers = "model.language_model.layers.";
  EXPECT_THAT(FirstBits("model.language_model.embed_tokens.weight", {248320, 1024}),
              ElementsAre(0xbd4b, 0x3d49, 0xbc74, 0x3cd7));
  EXPECT_THAT(FirstBits(layers + "0.linear_attn.in_proj_qkv.weight", {6144, 1024}),
              ElementsAre(0x3d05, 0x3bb3, 0xbcd7, 0x3d0d));
  EXPECT_THAT(FirstBits(layers + "3.self_attn.q_norm.weight", {256}),
              ElementsAre(0x3e37, 0xbc01, 0x3d25, 0xbc89));
  EXPECT_THAT(FirstBits(layers + "23.mlp.down_proj.weight", {1024, 3584}),
              ElementsAre(0x3c89, 0xbc8b, 0xbb8d, 0xbc21));
  EXPECT_THAT(FirstFloatBits(layers + "0.linear_attn.A_log", {16}),
              ElementsAre(0x3f1b69bc, 0xbf2bb3de, 0xc0858880, 0xbf51d06e));
  EXPECT_THAT(FirstFloatBits(layers + "0.linear_attn.norm.weight", {128}),
              ElementsAre(0x3f3f248c, 0x3f3a62a0, 0x3fa079ae, 0x3f38d7ef));
}

TEST(SyntheticValuesTest, FillFromTheMiddleIsTheSame) {
  const std::vector<int64_t> shape = {7, 9};
  const SyntheticValues values(ValueRules::kV1, "some.weight", shape);
  std::vector<double> all(63), tail(20);
  values.Fill(0, all);
  values.Fill(43, tail);
  EXPECT_THAT(tail, Pointwise(::testing::Eq(), std::vector<double>(all.begin() + 43, all.end())));
}

// Every bit of 4,096 values, from numpy: 316 of them are others where 0.3 u + 1 is rounded once.
TEST(SyntheticTensorTest, RoundsAfterEachOperation) {
  const std::vector<int64_t> shape = {4096};
  const std::vector<float> values =
      SyntheticTensor(ValueRules::kGolden, "linear_attn.norm.weight", shape);
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(values)));
  EXPECT_EQ(hash.Finish(), "f2a5ca31cab87e83073b5da763a3d8ca2897a90bcb01361613fbbfd6f852f512");
}

// All 55 tensors of the golden model, their first four values to the digits of the file.
TEST(SyntheticTensorTest, GoldenModel) {
  std::ifstream file(DELTAGAUGE_FIXTURES "/golden_tiny.json");
  ASSERT_TRUE(file) << DELTAGAUGE_FIXTURES;
  const auto golden = nlohmann::json::parse(file);
  int compared = 0;
  for (const auto& [name, samples] : golden.at("weight_samples").items()) {
    const auto shape = golden.at("param_shapes").at(name).get<std::vector<int64_t>>();
    const std::vector<float> values = SyntheticTensor(ValueRules::kGolden, name, shape);
    for (size_t i = 0; i < samples.size(); ++i, ++compared) {
      EXPECT_EQ(EightDigits(static_cast<double>(values[i])), samples[i].get<double>())
          << name << " " << i;
    }
  }
  EXPECT_EQ(compared, 55 * 4);
}

}  // namespace
}  // namespace deltagauge::reference
