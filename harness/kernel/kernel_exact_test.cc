// What the fused kernel must do exactly, and what only a hand-made call can show, on every target.
#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/inputs.h"
#include "harness/kernel/kernel_call.h"
#include "harness/kernel/kernel_test_cases.h"
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

// For one thread.
class AlignedWorkspace {
 public:
  Workspace View() {
    void* data = memory_.data();
    size_t space = memory_.size();
    std::align(kWorkspaceAlignment, kWorkspaceBytesPerThread, data, space);
    return {data, kWorkspaceBytesPerThread};
  }

 private:
  std::vector<std::byte> memory_ =
      std::vector<std::byte>(kWorkspaceBytesPerThread + kWorkspaceAlignment);
};

// One sequence of two heads by hand, for strides that no layout of a case has.
struct HandMadeCall {
  static constexpr int64_t kTokens = 6;
  static constexpr int64_t kDim = 8;
  static constexpr int64_t kHeads = 2;

  GatedDeltaRuleArgs Args() {
    GatedDeltaRuleArgs args;
    args.num_sequences = 1;
    args.num_tokens = kTokens;
    args.key_heads = args.value_heads = kHeads;
    args.key_dim = args.value_dim = kDim;
    const Strides rows = {.sequence = 0, .token = kDim, .head = kTokens * kDim};
    const Strides gates = {.sequence = 0, .token = 1, .head = kTokens};
    args.query = {inputs.query.data(), rows};
    args.key = {inputs.key.data(), rows};
    args.value = {inputs.value.data(), rows};
    args.decay = {inputs.decay.data(), gates};
    args.beta = {inputs.beta.data(), gates};
    args.output = {output.data(), rows};
    args.initial_state = {inputs.initial_state.data(),
                          {.sequence = 0, .head = kDim * kDim, .row = kDim}};
    return args;
  }

  std::vector<float> Run(const GatedDeltaRuleArgs& args) {
    std::fill(output.begin(), output.end(), 0.0f);
    AlignedWorkspace workspace;
    SerialFor serial;
    const Status status = GatedDeltaRule(args, workspace.View(), serial);
    EXPECT_TRUE(status.ok()) << status.Message();
    return output;
  }

  CaseInputs inputs = MakeInputs(Case("kernel:T=6,K=8"));
  std::vector<float> output = std::vector<float>(kHeads * kTokens * kDim);
};

// Rows of `dim` of each head in reversed order.
std::vector<float> Reversed(const std::vector<float>& tensor, int64_t tokens, int64_t dim) {
  std::vector<float> reversed;
  const auto rows = static_cast<int64_t>(tensor.size()) / dim;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t mirrored = row / tokens * tokens + (tokens - 1 - row % tokens);
    reversed.insert(reversed.end(), tensor.begin() + mirrored * dim,
                    tensor.begin() + (mirrored + 1) * dim);
  }
  return reversed;
}

TEST_F(KernelExactTest, NegativeStridesReadAndWriteBackwards) {
  OnEveryTarget([&] {
    HandMadeCall call;
    const std::vector<float> expected = call.Run(call.Args());
    constexpr int64_t kTokens = HandMadeCall::kTokens, kDim = HandMadeCall::kDim;
    for (auto* tensor : {&call.inputs.query, &call.inputs.key, &call.inputs.value}) {
      *tensor = Reversed(*tensor, kTokens, kDim);
    }
    call.inputs.decay = Reversed(call.inputs.decay, kTokens, 1);
    call.inputs.beta = Reversed(call.inputs.beta, kTokens, 1);
    GatedDeltaRuleArgs args = call.Args();
    for (ConstTensor* tensor : {&args.query, &args.key, &args.value}) {
      tensor->data = static_cast<const float*>(tensor->data) + (kTokens - 1) * kDim;
      tensor->strides.token = -kDim;
    }
    for (GateTensor* gate : {&args.decay, &args.beta}) {
      gate->data += kTokens - 1;
      gate->strides.token = -1;
    }
    args.output.data = static_cast<float*>(args.output.data) + (kTokens - 1) * kDim;
    args.output.strides.token = -kDim;
    EXPECT_EQ(Reversed(call.Run(args), kTokens, kDim), expected);
  });
}

TEST_F(KernelExactTest, StridesOfZeroRepeatOneHead) {
  OnEveryTarget([&] {
    HandMadeCall call;
    const size_t half = call.inputs.key.size() / 2;
    std::copy_n(call.inputs.key.begin(), half,
                call.inputs.key.begin() + static_cast<int64_t>(half));
    std::fill(call.inputs.beta.begin(), call.inputs.beta.end(), 0.5f);
    const std::vector<float> expected = call.Run(call.Args());
    GatedDeltaRuleArgs args = call.Args();
    args.key.strides.head = 0;
    args.beta.strides = {};
    EXPECT_EQ(call.Run(args), expected);
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
    AlignedWorkspace workspace;
    SerialFor serial;
    const Status status = GatedDeltaRule(args, workspace.View(), serial);
    EXPECT_TRUE(status.ok()) << status.Message();
    EXPECT_EQ(out, state);
  });
}

}  // namespace
}  // namespace deltagauge
