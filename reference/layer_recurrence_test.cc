#include "reference/layer_recurrence.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge::reference {
namespace {

// Numbers in (-1, 1) that repeat on every platform.
std::vector<double> Values(size_t count, uint64_t seed) {
  std::vector<double> values;
  uint64_t state = seed;
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  return values;
}

struct Layer {
  RecurrenceShape shape = {
      .batch = 2, .tokens = 9, .key_heads = 2, .value_heads = 4, .key_dim = 6, .value_dim = 5};
  // Query, key and value lie in one row of a token, as the model's convolution leaves them.
  int64_t row = 2 * shape.key_heads * shape.key_dim + shape.value_heads * shape.value_dim;
  std::vector<double> mixed = Values(static_cast<size_t>(shape.batch * shape.tokens * row), 1);
  std::vector<double> log_decay;
  std::vector<double> beta;
  std::vector<double> state = Values(static_cast<size_t>(2 * 4 * 6 * 5), 2);
  std::vector<double> output = std::vector<double>(static_cast<size_t>(2 * 9 * 4 * 5), 7.0);

  Layer() {
    for (const double value : Values(static_cast<size_t>(2 * 9 * 4), 3)) {
      log_decay.push_back(-std::abs(value));
      beta.push_back(0.5 + 0.4 * value);
    }
  }

  LayerCall Call() {
    LayerCall call;
    call.shape = shape;
    call.type = ComputeType::kFloat64;
    const auto part = [&](int64_t first, int64_t dim) {
      return LayerTensor{mixed.data() + first, shape.tokens * row, row, dim};
    };
    call.query = part(0, shape.key_dim);
    call.key = part(shape.key_heads * shape.key_dim, shape.key_dim);
    call.value = part(2 * shape.key_heads * shape.key_dim, shape.value_dim);
    call.log_decay = log_decay.data();
    call.beta = beta.data();
    call.norm_epsilon = 1e-6;
    call.scale = 0.25;
    call.state = state.data();
    call.output = output.data();
    return call;
  }
};

// The equation once more, element by element, from the layer's memory.
struct Expected {
  std::vector<double> output;
  std::vector<double> state;
};

Expected Compute(const Layer& layer) {
  const RecurrenceShape& s = layer.shape;
  Expected expected{layer.output, layer.state};
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t h = 0; h < s.value_heads; ++h) {
      const int64_t key_head = h / (s.value_heads / s.key_heads);
      double* const state =
          expected.state.data() + (b * s.value_heads + h) * s.key_dim * s.value_dim;
      for (int64_t t = 0; t < s.tokens; ++t) {
        const double* const row = layer.mixed.data() + (b * s.tokens + t) * layer.row;
        std::vector<double> q(row + key_head * s.key_dim, row + (key_head + 1) * s.key_dim);
        const double* const keys = row + s.key_heads * s.key_dim + key_head * s.key_dim;
        std::vector<double> k(keys, keys + s.key_dim);
        double q_squares = 1e-6;
        double k_squares = 1e-6;
        for (const double x : q) q_squares += x * x;
        for (const double x : k) k_squares += x * x;
        for (double& x : q) x = x / std::sqrt(q_squares) * 0.25;
        for (double& x : k) x /= std::sqrt(k_squares);
        const double* const v = row + 2 * s.key_heads * s.key_dim + h * s.value_dim;
        const size_t gate = static_cast<size_t>((b * s.tokens + t) * s.value_heads + h);
        for (int64_t j = 0; j < s.value_dim; ++j) {
          double kept = 0;
          for (int64_t i = 0; i < s.key_dim; ++i) {
            double& cell = state[i * s.value_dim + j];
            cell *= std::exp(layer.log_decay[gate]);
            kept += cell * k[static_cast<size_t>(i)];
          }
          const double delta = layer.beta[gate] * (v[j] - kept);
          double out = 0;
          for (int64_t i = 0; i < s.key_dim; ++i) {
            double& cell = state[i * s.value_dim + j];
            cell += k[static_cast<size_t>(i)] * delta;
            out += cell * q[static_cast<size_t>(i)];
          }
          expected.output[static_cast<size_t>(
              ((b * s.tokens + t) * s.value_heads + h) * s.value_dim + j)] = out;
        }
      }
    }
  }
  return expected;
}

TEST(OracleRecurrenceTest, IsTheEquationOnTheLayersOwnMemory) {
  Layer layer;
  const Expected expected = Compute(layer);
  MakeOracleRecurrence(1)->Run(layer.Call());
  EXPECT_THAT(layer.output, testing::Pointwise(testing::DoubleNear(1e-14), expected.output));
  EXPECT_THAT(layer.state, testing::Pointwise(testing::DoubleNear(1e-14), expected.state));
}

TEST(OracleRecurrenceTest, ThreadsChangeNoBit) {
  Layer one;
  one.shape.tokens = 9;
  Layer four;
  MakeOracleRecurrence(1)->Run(one.Call());
  MakeOracleRecurrence(4)->Run(four.Call());
  EXPECT_EQ(one.output, four.output);
  EXPECT_EQ(one.state, four.state);
}

TEST(OracleRecurrenceTest, RoundsItsOutputToTheModelsTypeOnce) {
  Layer layer;
  const Expected expected = Compute(layer);
  // The same numbers as float32, so that only the output's rounding differs.
  std::vector<float> mixed(layer.mixed.begin(), layer.mixed.end());
  layer.mixed.assign(mixed.begin(), mixed.end());
  const Expected from_float = Compute(layer);
  std::vector<float> log_decay(layer.log_decay.begin(), layer.log_decay.end());
  layer.log_decay.assign(log_decay.begin(), log_decay.end());
  std::vector<float> beta(layer.beta.begin(), layer.beta.end());
  layer.beta.assign(beta.begin(), beta.end());
  const Expected rounded = Compute(layer);
  std::vector<float> output(layer.output.size());
  LayerCall call = layer.Call();
  call.type = ComputeType::kFloat32;
  call.query.data = mixed.data();
  call.key.data = mixed.data() + layer.shape.key_heads * layer.shape.key_dim;
  call.value.data = mixed.data() + 2 * layer.shape.key_heads * layer.shape.key_dim;
  call.log_decay = log_decay.data();
  call.beta = beta.data();
  call.output = output.data();
  MakeOracleRecurrence(2)->Run(call);
  for (size_t i = 0; i < output.size(); ++i) {
    EXPECT_NEAR(output[i], rounded.output[i], std::abs(rounded.output[i]) * 0x1p-24 + 1e-15);
  }
  EXPECT_NE(expected.output, from_float.output);
}

TEST(OracleRecurrenceTest, BFloat16IsRoundedToNearestEvenFromFloat64) {
  // One token, one head, one dimension, no decay: the output is the value itself times beta.
  uint16_t one = 0x3f80;
  const auto output_of = [&](float value) {
    uint16_t bits = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
    float log_decay = 0;
    float beta = 1;
    double state = 0;
    uint16_t output = 0;
    LayerCall call;
    call.shape = {
        .batch = 1, .tokens = 1, .key_heads = 1, .value_heads = 1, .key_dim = 1, .value_dim = 1};
    call.type = ComputeType::kBFloat16;
    call.query = {&one, 1, 1, 1};
    call.key = {&one, 1, 1, 1};
    call.value = {&bits, 1, 1, 1};
    call.log_decay = &log_decay;
    call.beta = &beta;
    call.norm_epsilon = 0;
    // 1 + 2^-8 is half way between two bfloat16; a hair more goes up, the tie goes to even.
    call.scale = 1 + 0x1p-8 + (value < 0 ? 0x1p-40 : 0);
    call.state = &state;
    call.output = &output;
    MakeOracleRecurrence(1)->Run(call);
    return output;
  };
  EXPECT_EQ(output_of(1.0f), 0x3f80);   // tie: to the even one below
  EXPECT_EQ(output_of(-1.0f), 0xbf81);  // float32 would see a tie here, too
}

TEST(ComputeTypeTest, NamesAndSizes) {
  EXPECT_EQ(NameOf(ComputeType::kFloat32), "float32");
  EXPECT_EQ(NameOf(ComputeType::kBFloat16), "bfloat16");
  EXPECT_EQ(NameOf(ComputeType::kFloat64), "float64");
  EXPECT_EQ(BytesOf(ComputeType::kBFloat16), 2);
}

}  // namespace
}  // namespace deltagauge::reference
