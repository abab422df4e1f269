#include "harness/kernel/case_truth.h"

#include <cmath>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "harness/kernel/bfloat16.h"
#include "harness/kernel/comparison.h"

namespace deltagauge {
namespace {

KernelCase Case(const char* line) { return std::get<KernelCase>(ParseCase(line)); }

double RelativeRms(const std::vector<double>& truth, const std::vector<float>& result) {
  return CompareTensors(truth, result, {}).rel_rmse;
}

TEST(CaseTruthTest, FloatFormsAreNearTheTruth) {
  for (const char* line :
       {"kernel:T=70,K=32,V=16", "kernel:lengths=5+0+66,K=32,gates=strong,Hv=4,Hk=2",
        "kernel:T=70,K=32,norm=l2,beta_form=logit,decay=exp,map=tiled,Hv=4,Hk=2"}) {
    const KernelCase c = Case(line);
    const CaseTruth t = ComputeTruth(c, MakeInputs(c));
    EXPECT_EQ(t.truth.output.size(),
              static_cast<size_t>(c.TotalTokens() * c.value_heads * c.value_dim));
    for (const auto* arm : {&t.recurrent, &t.chunked}) {
      EXPECT_LT(RelativeRms(t.truth.output, arm->output), 3e-6) << line;
      EXPECT_LT(RelativeRms(t.truth.final_state, arm->final_state), 3e-6) << line;
    }
  }
}

// One token, one dimension, everything by hand: k = q = x / sqrt(x^2 + eps), a = 1/4,
// beta = sigmoid(ln 3) = 3/4, S = 2 a + k beta (v - 2 a k), o = 3 q S.
TEST(CaseTruthTest, ConventionsByHand) {
  KernelCase c = Case("kernel:T=1,Hv=1,K=1,norm=l2,eps=0.5,decay=exp,beta_form=logit,scale=3");
  CaseInputs inputs;
  inputs.query = {1};
  inputs.key = {1};
  inputs.value = {5};
  inputs.decay = {0.25f};
  inputs.beta = {static_cast<float>(std::log(3.0))};
  inputs.initial_state = {2};
  const double k = 1 / std::sqrt(1.5);
  const double state = 0.5 + k * 0.75 * (5 - 0.5 * k);
  const CaseArm<double> truth = ComputeTruthOnly(c, inputs);
  EXPECT_NEAR(truth.final_state[0], state, 1e-7);  // ln 3 as float32
  EXPECT_NEAR(truth.output[0], 3 * k * state, 1e-7);
}

TEST(CaseTruthTest, HeadMapsDiffer) {
  const KernelCase grouped = Case("kernel:T=3,Hv=4,Hk=2,K=4");
  KernelCase tiled = grouped;
  tiled.head_map = HeadMap::kTiled;
  const CaseInputs inputs = MakeInputs(grouped);
  EXPECT_NE(ComputeTruthOnly(grouped, inputs).output, ComputeTruthOnly(tiled, inputs).output);
}

TEST(CaseTruthTest, SequencesDoNotMix) {
  const KernelCase both = Case("kernel:lengths=4+3,K=4");
  const CaseInputs inputs = MakeInputs(both);
  const CaseArm<double> together = ComputeTruthOnly(both, inputs);
  CaseInputs changed = inputs;
  for (size_t i = 4 * 2 * 4; i < changed.value.size(); ++i) changed.value[i] = 100;
  const CaseArm<double> other = ComputeTruthOnly(both, changed);
  for (size_t i = 0; i < 4 * 2 * 4; ++i) EXPECT_EQ(together.output[i], other.output[i]);
  EXPECT_NE(together.output.back(), other.output.back());
}

TEST(CaseTruthTest, SnapshotsAreTheStatesOfShorterCases) {
  const KernelCase c = Case("kernel:B=2,T=3,K=3,V=2,snapshots=5");
  const CaseInputs inputs = MakeInputs(c);
  const CaseArm<double> truth = ComputeTruthOnly(c, inputs);
  const size_t state = 2 * 3 * 2;  // heads of one sequence
  ASSERT_EQ(truth.snapshots.size(), 2 * 5 * state);
  for (size_t s = 0; s < 2; ++s) {
    for (size_t i = 0; i < state; ++i) {
      const auto slot = [&](size_t n) { return truth.snapshots[(s * 5 + n) * state + i]; };
      EXPECT_EQ(slot(0), inputs.initial_state[s * state + i]);
      EXPECT_EQ(slot(1), inputs.initial_state[s * state + i]);
      EXPECT_NE(slot(2), slot(1));
      EXPECT_EQ(slot(4), truth.final_state[s * state + i]);
    }
  }
}

TEST(CaseTruthTest, ReferencesRoundTheirOutputToTheTypeOfTheCase) {
  const KernelCase c = Case("kernel:T=5,K=8,dtype=bfloat16");
  const CaseTruth t = ComputeTruth(c, MakeInputs(c));
  for (const float x : t.recurrent.output) EXPECT_EQ(RoundToBFloat16(x), x);
  for (const float x : t.chunked.output) EXPECT_EQ(RoundToBFloat16(x), x);
  bool state_is_wider = false;
  for (const float x : t.recurrent.final_state) state_is_wider |= RoundToBFloat16(x) != x;
  EXPECT_TRUE(state_is_wider);
}

}  // namespace
}  // namespace deltagauge
