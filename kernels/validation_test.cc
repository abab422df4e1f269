#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "kernels/call_for_test.h"

namespace deltagauge {
namespace {

struct BadCall {
  const char* name;
  std::function<void(CallForTest&)> spoil;
  StatusCode code;
  const char* argument;
};

const BadCall kBadCalls[] = {
    {"negative_tokens", [](auto& c) { c.args.num_tokens = -1; }, StatusCode::kInvalidSize,
     "num_tokens"},
    {"negative_sequences", [](auto& c) { c.args.num_sequences = -1; }, StatusCode::kInvalidSize,
     "num_sequences"},
    {"too_many_states", [](auto& c) { c.args.num_sequences = kMaxStates / 2; },
     StatusCode::kInvalidSize, "num_sequences"},
    {"no_key_heads", [](auto& c) { c.args.key_heads = 0; }, StatusCode::kInvalidSize, "key_heads"},
    {"no_value_heads", [](auto& c) { c.args.value_heads = 0; }, StatusCode::kInvalidSize,
     "value_heads"},
    {"no_key_dim", [](auto& c) { c.args.key_dim = 0; }, StatusCode::kInvalidSize, "key_dim"},
    {"large_key_dim", [](auto& c) { c.args.key_dim = 257; }, StatusCode::kInvalidSize, "key_dim"},
    {"no_value_dim", [](auto& c) { c.args.value_dim = 0; }, StatusCode::kInvalidSize, "value_dim"},
    {"large_value_dim", [](auto& c) { c.args.value_dim = 257; }, StatusCode::kInvalidSize,
     "value_dim"},
    {"negative_snapshots", [](auto& c) { c.args.num_snapshots = -1; }, StatusCode::kInvalidSize,
     "num_snapshots"},
    {"heads_do_not_divide", [](auto& c) { c.args.key_heads = 3; }, StatusCode::kHeadsNotDivisible,
     "value_heads"},
    {"fewer_value_heads", [](auto& c) { c.args.key_heads = 8; }, StatusCode::kHeadsNotDivisible,
     "value_heads"},
    {"unknown_type", [](auto& c) { c.args.data_type = static_cast<DataType>(9); },
     StatusCode::kInvalidEnum, "data_type"},
    {"unknown_map", [](auto& c) { c.args.head_map = static_cast<HeadMap>(2); },
     StatusCode::kInvalidEnum, "head_map"},
    {"unknown_decay_form", [](auto& c) { c.args.decay_form = static_cast<DecayForm>(2); },
     StatusCode::kInvalidEnum, "decay_form"},
    {"unknown_beta_form", [](auto& c) { c.args.beta_form = static_cast<BetaForm>(2); },
     StatusCode::kInvalidEnum, "beta_form"},
    {"unknown_norm", [](auto& c) { c.args.qk_norm = static_cast<QkNorm>(2); },
     StatusCode::kInvalidEnum, "qk_norm"},
    {"unknown_layout", [](auto& c) { c.args.state_layout = static_cast<StateLayout>(2); },
     StatusCode::kInvalidEnum, "state_layout"},
    {"nan_scale", [](auto& c) { c.args.scale = std::nanf(""); }, StatusCode::kNonFiniteScalar,
     "scale"},
    {"inf_scale", [](auto& c) { c.args.scale = std::numeric_limits<float>::infinity(); },
     StatusCode::kNonFiniteScalar, "scale"},
    {"negative_epsilon", [](auto& c) { c.args.norm_epsilon = -1e-6f; },
     StatusCode::kNonFiniteScalar, "norm_epsilon"},
    {"null_query", [](auto& c) { c.args.query.data = nullptr; }, StatusCode::kNullPointer, "query"},
    {"null_key", [](auto& c) { c.args.key.data = nullptr; }, StatusCode::kNullPointer, "key"},
    {"null_value", [](auto& c) { c.args.value.data = nullptr; }, StatusCode::kNullPointer, "value"},
    {"null_decay", [](auto& c) { c.args.decay.data = nullptr; }, StatusCode::kNullPointer, "decay"},
    {"null_beta", [](auto& c) { c.args.beta.data = nullptr; }, StatusCode::kNullPointer, "beta"},
    {"null_output", [](auto& c) { c.args.output.data = nullptr; }, StatusCode::kNullPointer,
     "output"},
    {"null_snapshots", [](auto& c) { c.args.snapshots.data = nullptr; }, StatusCode::kNullPointer,
     "snapshots"},
    {"misaligned_key",
     [](auto& c) { c.args.key.data = reinterpret_cast<const char*>(c.key.data()) + 2; },
     StatusCode::kMisalignedPointer, "key"},
    {"misaligned_output",
     [](auto& c) { c.args.output.data = reinterpret_cast<char*>(c.output.data()) + 1; },
     StatusCode::kMisalignedPointer, "output"},
    {"huge_stride",
     [](auto& c) { c.args.value.strides.token = std::numeric_limits<int64_t>::max() / 2; },
     StatusCode::kExtentOverflow, "value"},
    {"huge_negative_stride",
     [](auto& c) { c.args.query.strides.head = std::numeric_limits<int64_t>::min(); },
     StatusCode::kExtentOverflow, "query"},
    {"output_tokens_coincide", [](auto& c) { c.args.output.strides.token = 0; },
     StatusCode::kSelfOverlap, "output"},
    {"output_heads_interleave", [](auto& c) { c.args.output.strides.head = 6; },
     StatusCode::kSelfOverlap, "output"},
    {"state_rows_coincide", [](auto& c) { c.args.final_state.strides.row = 1; },
     StatusCode::kSelfOverlap, "final_state"},
    {"snapshots_coincide", [](auto& c) { c.args.snapshot_stride = 0; }, StatusCode::kSelfOverlap,
     "snapshots"},
    {"output_is_value", [](auto& c) { c.args.output.data = c.value.data(); }, StatusCode::kOverlap,
     "output"},
    {"output_meets_initial_state",
     [](auto& c) { c.args.initial_state.data = c.output.data() + c.output.size() - 1; },
     StatusCode::kOverlap, "output"},
    {"final_state_half_over_initial",
     [](auto& c) { c.args.final_state.data = c.initial.data() + 4; }, StatusCode::kOverlap,
     "final_state"},
    {"in_place_with_other_strides",
     [](auto& c) {
       c.args.final_state.data = c.initial.data();
       std::swap(c.args.final_state.strides.head, c.args.final_state.strides.sequence);
     },
     StatusCode::kOverlap, "final_state"},
    {"snapshots_over_output", [](auto& c) { c.args.snapshots.data = c.output.data(); },
     StatusCode::kOverlap, "snapshots"},
};

class BadCallTest : public testing::TestWithParam<BadCall> {};

TEST_P(BadCallTest, IsRefusedAndNothingIsWritten) {
  CallForTest call;
  GetParam().spoil(call);
  const Status status = call.Run();
  EXPECT_EQ(StatusCodeName(status.code), StatusCodeName(GetParam().code)) << status.Message();
  EXPECT_STREQ(status.argument, GetParam().argument) << status.Message();
  EXPECT_TRUE(call.IsUntouched());
  EXPECT_FALSE(ValidateGatedDeltaRule(call.args).ok());
}

INSTANTIATE_TEST_SUITE_P(All, BadCallTest, testing::ValuesIn(kBadCalls),
                         [](const auto& bad) { return bad.param.name; });

TEST(Validation, AcceptsAValidCall) {
  CallForTest call;
  EXPECT_TRUE(call.Run().ok());
  EXPECT_FALSE(call.IsUntouched());
}

TEST(Validation, AcceptsTheStateInPlace) {
  CallForTest call;
  call.args.final_state = {call.initial.data(), call.args.initial_state.strides};
  EXPECT_TRUE(call.Run().ok());
}

TEST(Validation, AcceptsEmptyTensorsWithoutData) {
  CallForTest call;
  call.args.num_tokens = 0;
  call.args.query.data = call.args.key.data = call.args.value.data = nullptr;
  call.args.decay.data = call.args.beta.data = nullptr;
  call.args.output.data = nullptr;
  EXPECT_TRUE(call.Run().ok());
  EXPECT_EQ(call.final_state, call.initial);
}

TEST(Validation, AcceptsNegativeStridesWithinTheTensor) {
  CallForTest call;
  const int64_t last = (CallForTest::kTokens - 1) * call.args.value.strides.token;
  call.args.value.data = call.value.data() + last;
  call.args.value.strides.token *= -1;
  EXPECT_TRUE(call.Run().ok());
}

class CumulativeLengthsTest : public testing::Test {
 protected:
  Status RunWith(const int64_t (&lengths)[3]) {
    call_.args.cumulative_lengths = lengths;
    call_.args.num_tokens = 2 * CallForTest::kTokens;
    return call_.Run();
  }
  CallForTest call_;
};

TEST_F(CumulativeLengthsTest, AcceptsUnequalAndEmptySequences) {
  EXPECT_TRUE(RunWith({0, 12, 12}).ok());
  EXPECT_TRUE(RunWith({0, 5, 12}).ok());
}

TEST_F(CumulativeLengthsTest, RefusesAndWritesNothing) {
  const int64_t bad[][3] = {{1, 5, 12}, {0, 13, 12}, {0, 5, 11}, {0, 5, 13}, {0, -1, 12}};
  for (const auto& lengths : bad) {
    const Status status = RunWith(lengths);
    EXPECT_EQ(status.code, StatusCode::kCumulativeLengths) << status.Message();
    EXPECT_TRUE(call_.IsUntouched());
  }
}

TEST_F(CumulativeLengthsTest, RefusesMisalignedOffsets) {
  const int64_t lengths[4] = {};
  call_.args.cumulative_lengths =
      reinterpret_cast<const int64_t*>(reinterpret_cast<const char*>(lengths) + 4);
  EXPECT_EQ(call_.Run().code, StatusCode::kMisalignedPointer);
}

TEST(WorkspaceCheck, RefusesNullSmallAndMisaligned) {
  CallForTest call;
  SerialFor serial;
  const Workspace good = call.workspace();
  EXPECT_EQ(GatedDeltaRule(call.args, {}, serial).code, StatusCode::kNullPointer);
  EXPECT_EQ(GatedDeltaRule(call.args, {good.data, good.bytes - 1}, serial).code,
            StatusCode::kWorkspaceTooSmall);
  EXPECT_EQ(GatedDeltaRule(call.args, {static_cast<char*>(good.data) + 4, good.bytes}, serial).code,
            StatusCode::kMisalignedPointer);
  EXPECT_TRUE(call.IsUntouched());
}

}  // namespace
}  // namespace deltagauge
