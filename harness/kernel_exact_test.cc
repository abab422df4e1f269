// What the fused kernel must do exactly, and what only a hand-made call can show, on every target.
#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/inputs.h"
#include "harness/kernel_call.h"
#include "harness/kernel_test_cases.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::Each;

constexpr float kInf = std::numeric_limits<float>::infinity();

KernelCase Case(const char* line) { return std::get<KernelCase>(ParseCase(line)); }

// Runs `body` once for each target.
class KernelExactTest : public ::testing::Test {
 protected:
  template <typename Body>
  void OnEveryTarget(const Body& body) {
    for (const std::string& target : RunnableTargets()) {
      SCOPED_TRACE(target);
      ASSERT_TRUE(ForceTarget(target).ok());
      body();
    }
  }
  void TearDown() override { ResetTargets(); }

  KernelResult Call(const KernelCase& c, const CaseInputs& inputs) {
    const KernelResult result = CallKernel(&GatedDeltaRule, c, inputs, serial_);
    EXPECT_TRUE(result.status.ok()) << result.status.Message();
    EXPECT_EQ(result.damage, "");
    return result;
  }

 private:
  SerialFor serial_;
};

// A reset at every place of a tile, with nothing written by it or after it: exactly zero remains.
TEST_F(KernelExactTest, AResetLeavesExactlyZero) {
  for (const char* more : {"K=64", "K=64,state_layout=vk", "K=60,V=36"}) {
    const KernelCase c = Case((std::string("kernel:T=9,") + more).c_str());
    for (int64_t t = 0; t < c.tokens; ++t) {
      CaseInputs inputs = MakeInputs(c);
      for (int64_t head = 0; head < c.value_heads; ++head) {
        inputs.decay[static_cast<size_t>(head * c.tokens + t)] = -kInf;
        for (int64_t after = t; after < c.tokens; ++after) {
          inputs.beta[static_cast<size_t>(head * c.tokens + after)] = 0;
        }
      }
      OnEveryTarget([&] {
        const KernelResult result = Call(c, inputs);
        EXPECT_THAT(result.final_state, Each(0.0f)) << "reset at " << t;
        const std::vector<float> last_rows(result.output.end() - c.value_dim * (c.tokens - t),
                                           result.output.end());
        EXPECT_THAT(last_rows, Each(0.0f)) << "reset at " << t;
      });
    }
  }
}

// Without decay and without writes a state is carried, not recomputed.
TEST_F(KernelExactTest, NoDecayAndNoWritesKeepTheStateToTheBit) {
  for (const char* line : {"kernel:T=9,K=64,gates=none,beta=zero",
                           "kernel:T=1,K=64,gates=none,beta=zero,state_layout=vk",
                           "kernel:T=130,K=128,gates=none,beta=zero,place=in"}) {
    const KernelCase c = Case(line);
    const CaseInputs inputs = MakeInputs(c);
    OnEveryTarget([&] { EXPECT_EQ(Call(c, inputs).final_state, inputs.initial_state) << line; });
  }
}

// Zeros in, zeros out: no state, no values.
TEST_F(KernelExactTest, NothingInGivesNothingOut) {
  const KernelCase c = Case("kernel:T=6,K=64,state=none");
  CaseInputs inputs = MakeInputs(c);
  std::fill(inputs.value.begin(), inputs.value.end(), 0.0f);
  OnEveryTarget([&] {
    const KernelResult result = Call(c, inputs);
    EXPECT_THAT(result.output, Each(0.0f));
    EXPECT_THAT(result.final_state, Each(0.0f));
  });
}

// Both forms of the decay say the same; where exp(g) is a float32, to the bit of rounding.
TEST_F(KernelExactTest, DecayOneAndLogDecayZeroAgree) {
  KernelCase log_form = Case("kernel:T=9,K=64,gates=none");
  KernelCase exp_form = log_form;
  exp_form.decay_form = DecayForm::kExponentiated;
  const CaseInputs log_inputs = MakeInputs(log_form);
  const CaseInputs exp_inputs = MakeInputs(exp_form);
  OnEveryTarget([&] {
    const KernelResult a = Call(log_form, log_inputs), b = Call(exp_form, exp_inputs);
    EXPECT_EQ(a.output, b.output);
    EXPECT_EQ(a.final_state, b.final_state);
  });
}

// The caller's rounding mode and its treatment of denormals are the caller's.
TEST_F(KernelExactTest, TheFloatingPointEnvironmentIsLeftAlone) {
  const KernelCase c = Case("kernel:T=9,K=64");
  const CaseInputs inputs = MakeInputs(c);
  OnEveryTarget([&] {
    const int rounding = std::fegetround();
    Call(c, inputs);
    EXPECT_EQ(std::fegetround(), rounding);
    volatile float denormal = std::numeric_limits<float>::denorm_min();
    EXPECT_GT(denormal * 2.0f, 0.0f);
  });
}

// A null pointer is fine where there is no element to point at.
TEST_F(KernelExactTest, EmptyTensorsNeedNoPointer) {
  OnEveryTarget([&] {
    std::vector<float> state(2 * 3, 1.5f), out(2 * 3, 0.0f);
    GatedDeltaRuleArgs args;
    args.num_sequences = 1;
    args.num_tokens = 0;
    args.key_heads = args.value_heads = 1;
    args.key_dim = 2;
    args.value_dim = 3;
    args.initial_state = {state.data(), {.sequence = 6, .head = 6, .row = 3}};
    args.final_state = {out.data(), {.sequence = 6, .head = 6, .row = 3}};
    std::vector<float> memory(kWorkspaceBytesPerThread / sizeof(float) + 16);
    auto address = reinterpret_cast<uintptr_t>(memory.data());
    const size_t skip = (kWorkspaceAlignment - address % kWorkspaceAlignment) / sizeof(float);
    SerialFor serial;
    const Status status =
        GatedDeltaRule(args, {memory.data() + skip, kWorkspaceBytesPerThread}, serial);
    EXPECT_TRUE(status.ok()) << status.Message();
    EXPECT_EQ(out, state);
  });
}

}  // namespace
}  // namespace deltagauge
