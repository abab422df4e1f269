// Eight faults of the kind that real kernels have had, planted into a float32 recurrence. Every one
// must be caught in every gate regime in which it is not an exact no-op, by the tensor that it
// touches, output and state apart.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "harness/kernel/bfloat16.h"
#include "harness/kernel/case_truth.h"
#include "harness/kernel/pass_rules.h"

namespace deltagauge {
namespace {

enum class Planted {
  kNothing,
  kStateResetEvery64Tokens,
  kExtraDecayOfFinalState,
  kDecayAfterUpdate,
  kStateInBFloat16,
  kBetaOneAtChunkEnds,
  kQueryScaleOff,  // by a thousandth
  kOneElementZero,
  kGateShiftedByOneToken,
};
constexpr const char* kPlantedNames[] = {"nothing",
                                         "state reset every 64 tokens",
                                         "extra decay of the final state",
                                         "decay after update",
                                         "state in bfloat16",
                                         "beta = 1 at chunk ends",
                                         "query scale x 1.001",
                                         "one element zero",
                                         "gate shifted by one token"};

using Arm = CaseArm<float>;

// One value head (as many key heads as value heads), token by token: the state is float32, its
// decay is not rounded to float32 (over 512 tokens of g = -1e-4 that alone would cost 4e-6).
void RunHead(Planted fault, const KernelCase& c, const CaseInputs& in, size_t head, Arm& arm) {
  const auto tokens = static_cast<size_t>(c.tokens), key_dim = static_cast<size_t>(c.key_dim),
             value_dim = static_cast<size_t>(c.value_dim);
  const float* g = in.decay.data() + head * tokens;
  float* state = arm.final_state.data() + head * key_dim * value_dim;
  const auto decay_state = [&](float log_decay) {
    const double decay = std::exp(double{log_decay});
    for (size_t i = 0; i < key_dim * value_dim; ++i) {
      state[i] = static_cast<float>(double{state[i]} * decay);
    }
  };
  std::vector<float> d(value_dim);
  const float scale = c.Scale() * (fault == Planted::kQueryScaleOff ? 1.001f : 1.0f);
  for (size_t t = 0; t < tokens; ++t) {
    const float* k = in.key.data() + (head * tokens + t) * key_dim;
    const float* q = in.query.data() + (head * tokens + t) * key_dim;
    const float* v = in.value.data() + (head * tokens + t) * value_dim;
    float* o = arm.output.data() + (head * tokens + t) * value_dim;
    const float log_decay = g[fault == Planted::kGateShiftedByOneToken && t > 0 ? t - 1 : t];
    const bool chunk_end = t % 64 == 63;
    const bool beta_one = fault == Planted::kBetaOneAtChunkEnds && chunk_end;
    const float beta = beta_one ? 1.0f : in.beta[head * tokens + t];
    if (fault == Planted::kStateResetEvery64Tokens && t > 0 && t % 64 == 0) {
      std::fill(state, state + key_dim * value_dim, 0.0f);
    }
    if (fault != Planted::kDecayAfterUpdate) decay_state(log_decay);
    for (size_t j = 0; j < value_dim; ++j) d[j] = 0;
    for (size_t i = 0; i < key_dim; ++i) {
      for (size_t j = 0; j < value_dim; ++j) d[j] += state[i * value_dim + j] * k[i];
    }
    for (size_t j = 0; j < value_dim; ++j) d[j] = beta * (v[j] - d[j]);
    for (size_t i = 0; i < key_dim; ++i) {
      for (size_t j = 0; j < value_dim; ++j) state[i * value_dim + j] += k[i] * d[j];
    }
    if (fault == Planted::kDecayAfterUpdate) decay_state(log_decay);
    if (fault == Planted::kStateInBFloat16) {
      for (size_t i = 0; i < key_dim * value_dim; ++i) state[i] = RoundToBFloat16(state[i]);
    }
    for (size_t j = 0; j < value_dim; ++j) o[j] = 0;
    for (size_t i = 0; i < key_dim; ++i) {
      for (size_t j = 0; j < value_dim; ++j) o[j] += state[i * value_dim + j] * (q[i] * scale);
    }
  }
  if (fault == Planted::kExtraDecayOfFinalState) decay_state(g[tokens - 1]);
}

Arm RunFaulty(Planted fault, const KernelCase& c, const CaseInputs& in) {
  Arm arm;
  arm.output.resize(in.value.size());
  arm.final_state = in.initial_state;
  for (int64_t head = 0; head < c.value_heads; ++head) {
    RunHead(fault, c, in, static_cast<size_t>(head), arm);
  }
  if (fault == Planted::kOneElementZero) arm.output[arm.output.size() / 2 + 5] = 0;
  return arm;
}

Verdict Judge(const std::vector<double>& truth, const std::vector<float>& result,
              const std::vector<float>& recurrent, const std::vector<float>& chunked) {
  const PassLimits limits = FusedKernelLimits(DataType::kFloat32, QkNorm::kNone);
  ComparisonOptions options;
  options.tolerance = limits.elements;
  const auto half = static_cast<int64_t>(truth.size() / 2);
  options.group_begins = {0, half, 2 * half};
  const TensorComparison references[] = {CompareTensors(truth, recurrent, options),
                                         CompareTensors(truth, chunked, options)};
  return WorstOf(JudgeTensor("tensor", CompareTensors(truth, result, options), references, limits,
                             NonFiniteTruth::kInvalid));
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) return false;
  }
  return true;
}

// Whether the fault changed the tensor by more than rounding does.
bool Matters(const std::vector<float>& clean, const std::vector<float>& faulty) {
  const std::vector<double> expected(clean.begin(), clean.end());
  return CompareTensors(expected, faulty, {}).rel_rmse > 1e-5;
}

class PlantedFaultsTest : public ::testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(PlantedFaultsTest, EveryFaultIsCaughtWhereItIsNoNoOp) {
  const auto [gates, tokens] = GetParam();
  const auto c = std::get<KernelCase>(
      ParseCase(fmt::format("kernel:T={},Hv=2,K=128,gates={}", tokens, gates)));
  const CaseInputs in = MakeInputs(c);
  const CaseTruth t = ComputeTruth(c, in);
  const Arm clean = RunFaulty(Planted::kNothing, c, in);
  const auto judge_output = [&](const Arm& arm) {
    return Judge(t.truth.output, arm.output, t.recurrent.output, t.chunked.output);
  };
  const auto judge_state = [&](const Arm& arm) {
    return Judge(t.truth.final_state, arm.final_state, t.recurrent.final_state,
                 t.chunked.final_state);
  };
  ASSERT_EQ(judge_output(clean), Verdict::kPassed);
  ASSERT_EQ(judge_state(clean), Verdict::kPassed);
  for (int i = 1; i < 9; ++i) {
    SCOPED_TRACE(kPlantedNames[i]);
    const auto fault = static_cast<Planted>(i);
    const Arm faulty = RunFaulty(fault, c, in);
    const bool no_op =
        SameBits(clean.output, faulty.output) && SameBits(clean.final_state, faulty.final_state);
    // Without decay, faults of the decay are no faults; no other may hide behind this.
    const bool of_decay = fault == Planted::kExtraDecayOfFinalState ||
                          fault == Planted::kDecayAfterUpdate ||
                          fault == Planted::kGateShiftedByOneToken;
    const bool decays = std::string(gates) != "none" && std::string(gates) != "drift";
    if (of_decay && std::string(gates) == "none") {
      EXPECT_TRUE(no_op);
      continue;
    }
    // A constant gate can be shifted freely.
    if (fault == Planted::kGateShiftedByOneToken && !decays) {
      EXPECT_TRUE(no_op);
      continue;
    }
    ASSERT_FALSE(no_op);
    const bool output_caught = judge_output(faulty) == Verdict::kFailed;
    const bool state_caught = judge_state(faulty) == Verdict::kFailed;
    EXPECT_TRUE(output_caught || state_caught);
    EXPECT_TRUE(output_caught || !Matters(clean.output, faulty.output));
    EXPECT_TRUE(state_caught || !Matters(clean.final_state, faulty.final_state));
  }
}

INSTANTIATE_TEST_SUITE_P(Gates, PlantedFaultsTest,
                         ::testing::Combine(::testing::Values("none", "long", "drift", "medium",
                                                              "strong", "mixed", "spikes",
                                                              "growth"),
                                            ::testing::Values(130, 512)),
                         [](const auto& test) {
                           return fmt::format("{}_{}", std::get<0>(test.param),
                                              std::get<1>(test.param));
                         });

}  // namespace
}  // namespace deltagauge
