#include "harness/model/timed_cases.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/model/arms.h"
#include "harness/model/candidate_set.h"
#include "harness/model/fused_recurrence.h"
#include "harness/model/layer_call_test.h"
#include "harness/model/model_fixtures.h"
#include "harness/model/model_source.h"
#include "kernels/targets.h"
#include "reference/recurrence_torch.h"
#include "reference/synthetic_shape.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerRecurrence;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<float> Copy(const TimedCall& call) {
  return {call.Output().begin(), call.Output().end()};
}

// ---- the rule alone ----

KernelTimingRun SmallRun(DataType type = DataType::kFloat32) {
  KernelTimingRun run;
  run.tokens = 11;
  run.key_heads = 2;
  run.value_heads = 4;
  run.key_dim = 16;
  run.value_dim = 24;
  run.data_type = type;
  run.protocol.input_sets = 3;
  return run;
}

class RuleCallTest : public testing::Test {
 protected:
  std::unique_ptr<LayerRecurrence> fused_ = MakeArm("fused", 1);
  TorchParallelFor threads_;
};

TEST_F(RuleCallTest, ArmsAgreeOnEachSetOfInputs) {
  for (const DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    SCOPED_TRACE(NameOf(type));
    const double limit = type == DataType::kFloat32 ? 1e-5 : 1e-2;
    const auto call = MakeRuleCall(SmallRun(type), *fused_);
    for (const std::string name : {"eager", "chunked", "oracle"}) {
      const auto arm = MakeArm(name, 1);
      const auto other = MakeRuleCall(SmallRun(type), *arm);
      for (size_t set = 0; set < 3; ++set) {
        call->SelectInputs(set);
        other->SelectInputs(set);
        call->Run();
        other->Run();
        EXPECT_EQ(CompareOutputs(*call, *other, limit), "") << name << ", set " << set;
        EXPECT_EQ(call->Defect(), "");
        EXPECT_EQ(call->Output().size(), 11u * 4 * 24);
      }
    }
  }
}

TEST_F(RuleCallTest, ATranslationIsInTheClockOrOutside) {
  const auto arm = PluginArm("mine", DELTAGAUGE_EXAMPLE_PLUGIN)();
  const auto fused = MakeRuleCall(SmallRun(), *fused_);
  EXPECT_FALSE(fused->StartsAnew());
  for (const Translation translation : {Translation::kOutside, Translation::kInside}) {
    SCOPED_TRACE(static_cast<int>(translation));
    const auto call = MakeRuleCall(SmallRun(), *arm, translation);
    for (size_t set = 0; set < 3; ++set) {
      call->SelectInputs(set);
      fused->SelectInputs(set);
      EXPECT_EQ(call->StartsAnew(), translation == Translation::kOutside);
      call->Run();
      fused->Run();
      EXPECT_EQ(CompareOutputs(*call, *fused, 1e-5), "") << "set " << set;
      fused->Run();  // goes on from its state
      EXPECT_EQ(CompareRuns(set, *call, *fused, 1e-5) == "", translation == Translation::kOutside);
      call->SelectInputs(set);
      call->Run();
      const std::vector<float> first = Copy(*call);
      call->Renew();
      call->Run();
      EXPECT_EQ(Copy(*call) == first, translation == Translation::kOutside) << "set " << set;
    }
  }
}

TEST_F(RuleCallTest, SetsDifferAndComeAgain) {
  const auto call = MakeRuleCall(SmallRun(), *fused_);
  EXPECT_EQ(call->UnitsPerRun(), 11);
  const auto output_of = [&](size_t set) {
    call->SelectInputs(set);
    EXPECT_FALSE(call->HasRun());
    call->Run();
    EXPECT_TRUE(call->HasRun());
    return Copy(*call);
  };
  const std::vector<float> first = output_of(0);
  EXPECT_NE(output_of(1), first);
  EXPECT_NE(output_of(2), first);
  EXPECT_EQ(output_of(3), first);  // of three
  // A run goes on from the state that the one before has left; selecting begins anew.
  call->Run();
  EXPECT_NE(Copy(*call), first);
  EXPECT_EQ(output_of(0), first);
}

TEST_F(RuleCallTest, AnotherPlaceInMemoryChangesNoBit) {
  std::vector<const void*> places;
  SpoiledRecurrence watched(
      *fused_, [&](const LayerCall& call) { places.push_back(call.query.data); }, nullptr);
  const auto call = MakeRuleCall(SmallRun(), watched);
  call->Run();
  call->Run();
  const std::vector<float> second = Copy(*call);
  call->SelectInputs(0);
  for (int i = 0; i < 9; ++i) {
    call->Renew();
    EXPECT_FALSE(call->HasRun());
    call->Run();
    call->Renew();  // between runs: state and output move along
    EXPECT_TRUE(call->HasRun());
    EXPECT_EQ(call->Defect(), "");
    call->Run();
    EXPECT_EQ(Copy(*call), second);
    call->SelectInputs(0);
  }
  EXPECT_EQ(places[0], places[1]);
  EXPECT_NE(places[1], places[2]);
}

TEST_F(RuleCallTest, RunsOnTheTargetThatItIsAskedFor) {
  const std::string best(ActiveTarget());
  KernelTimingRun run = SmallRun();
  run.target = RunnableTargets().back();
  const auto call = MakeRuleCall(run, *fused_);
  {
    const Entered entered(*call);
    EXPECT_EQ(ActiveTarget(), run.target);
    call->Run();
  }
  EXPECT_EQ(ActiveTarget(), best);
  EXPECT_EQ(call->Name(), "fused, " + run.target);
}

TEST_F(RuleCallTest, PlantedDifferencesAreFound) {
  const auto honest = MakeRuleCall(SmallRun(), *fused_);
  honest->Run();
  FusedRecurrence faulty(threads_, &FaultyKernel<Fault::kIgnoresScale>, "faulty");
  SpoiledRecurrence slightly(*fused_, nullptr,
                             [](const LayerCall& call) { ScaleOutput(call, 1 + 1e-4); });
  SpoiledRecurrence broken(*fused_, nullptr, [](const LayerCall& call) {
    StoreElement(call.type, NAN, call.output, 7);
  });
  for (LayerRecurrence* const recurrence :
       std::initializer_list<LayerRecurrence*>{&faulty, &slightly, &broken}) {
    const auto call = MakeRuleCall(SmallRun(), *recurrence);
    call->Run();
    EXPECT_THAT(CompareOutputs(*call, *honest, 1e-5), HasSubstr("outputs of the arms differ by"));
    EXPECT_THAT(CompareOutputs(*honest, *call, 1e-5), HasSubstr("at most 1e-05 allowed"));
  }
  const auto close = MakeRuleCall(SmallRun(), slightly);
  close->Run();
  EXPECT_EQ(CompareOutputs(*close, *honest, 2e-4), "");
  const auto not_a_number = MakeRuleCall(SmallRun(), broken);
  not_a_number->Run();
  EXPECT_EQ(not_a_number->Defect(), "output holds NaN or Inf at element 7");
}

TEST_F(RuleCallTest, OutputsOfUnlikeSizesDiffer) {
  KernelTimingRun longer = SmallRun();
  longer.tokens = 12;
  const auto a = MakeRuleCall(SmallRun(), *fused_);
  const auto b = MakeRuleCall(longer, *fused_);
  a->Run();
  b->Run();
  EXPECT_EQ(CompareOutputs(*a, *b, 1), "outputs of the arms have 1056 and 1152 elements");
}

// ---- a model ----

// On one thread: decoding on more only waits for them on a busy machine.
class PromptCallTest : public testing::Test {
 protected:
  PromptCallTest() { reference::SetTorchThreads(1); }
  ~PromptCallTest() override { reference::SetTorchThreads(threads_before_); }

  static const reference::Model& Tiny() {
    static const LoadedModel loaded = LoadModel(
        TinyModelFolder(),
        {.type = ComputeType::kFloat32, .linear = reference::LinearLibrary::kAten, .progress = {}});
    return *loaded.model;
  }

  static PromptSets Sets() {
    const std::vector<int32_t> ids = TinyGoldens()[0].ids;
    return {{{ids.begin(), ids.begin() + 9}, {ids.begin() + 9, ids.begin() + 18}}};
  }

  // Of the last token.
  static std::vector<float> Direct(LayerRecurrence& recurrence, const std::vector<int32_t>& ids,
                                   size_t prefill) {
    reference::ModelCache cache = Tiny().NewCache(1, recurrence);
    reference::HiddenStates hidden =
        Tiny().Forward(std::span(ids).first(prefill), cache, recurrence);
    for (size_t i = prefill; i < ids.size(); ++i) {
      hidden = Tiny().Forward(std::span(ids).subspan(i, 1), cache, recurrence);
    }
    const auto logits = Tiny().Logits(hidden, std::array{hidden.Rows() - 1});
    return {logits.Float32(0).begin(), logits.Float32(0).end()};
  }

  const int threads_before_ = reference::TorchThreads();
  std::unique_ptr<LayerRecurrence> fused_ = MakeArm("fused", 1);
  std::unique_ptr<LayerRecurrence> eager_ = MakeArm("eager", 1);
};

TEST_F(PromptCallTest, PrefillGivesTheLogitsOfTheLastToken) {
  const auto call = MakePrefillCall(Tiny(), *fused_, Sets());
  EXPECT_EQ(call->UnitsPerRun(), 9);
  EXPECT_EQ(call->Defect(), "no output");
  for (const size_t set : {0, 1, 2}) {
    call->SelectInputs(set);
    EXPECT_FALSE(call->HasRun());
    for (int again = 0; again < 2; ++again) {
      call->Run();
      EXPECT_EQ(Copy(*call), Direct(*fused_, Sets().ids[set % 2], 9));
    }
    EXPECT_TRUE(call->HasRun());
    EXPECT_EQ(call->Defect(), "");
  }
}

TEST_F(PromptCallTest, DecodeBeginsAtTheSameStateEachTime) {
  for (const int64_t context : {0, 1, 6}) {
    SCOPED_TRACE("context " + std::to_string(context));
    const auto call = MakeDecodeCall(Tiny(), *fused_, Sets(), context);
    EXPECT_EQ(call->UnitsPerRun(), 9 - context);
    for (const size_t set : {0, 1, 2}) {
      call->SelectInputs(set);
      for (int again = 0; again < 2; ++again) {
        call->Run();
        // A context of 0 or 1 are both token by token.
        const size_t prefill = context == 0 ? 1 : static_cast<size_t>(context);
        EXPECT_EQ(Copy(*call), Direct(*fused_, Sets().ids[set % 2], prefill));
      }
    }
  }
}

TEST_F(PromptCallTest, ArmsAgreeAndFaultsShow) {
  TorchParallelFor threads;
  FusedRecurrence faulty(threads, &FaultyKernel<Fault::kOutputReadsOldState>, "faulty");
  const auto make = [&](LayerRecurrence& recurrence) {
    std::vector<std::unique_ptr<PromptCall>> calls;
    calls.push_back(MakePrefillCall(Tiny(), recurrence, Sets()));
    calls.push_back(MakeDecodeCall(Tiny(), recurrence, Sets(), 6));
    for (const auto& call : calls) call->Run();
    return calls;
  };
  const auto fused = make(*fused_);
  const auto eager = make(*eager_);
  const auto spoiled = make(faulty);
  for (size_t i = 0; i < fused.size(); ++i) {
    EXPECT_EQ(CompareOutputs(*fused[i], *eager[i], 1e-4), "");
    EXPECT_THAT(CompareOutputs(*spoiled[i], *eager[i], 1e-3), Not(IsEmpty()));
    EXPECT_EQ(eager[i]->Name(), eager_->Description());
  }
}

TEST_F(PromptCallTest, PartTimesAddUp) {
  const auto call = MakePrefillCall(Tiny(), *fused_, Sets());
  EXPECT_EQ(call->part_times().total_ns, 0);
  call->Run();
  const reference::PartTimes once = call->part_times();
  EXPECT_GT(once.linear_ns, 0);
  EXPECT_GT(once.rule_ns, 0);
  EXPECT_GT(once.head_ns, 0);
  EXPECT_LE(once.linear_ns + once.rule_ns, once.total_ns);
  call->Run();
  EXPECT_GT(call->part_times().total_ns, once.total_ns);
  EXPECT_GT(call->part_times().head_ns, once.head_ns);
}

// ---- operations ----

// Qwen3.5-0.8B by hand. Of its 752,393,024 text parameters are embedding (and head) 254,279,680,
// norms, convolutions and gates' vectors 498,496; the rest are the matrices of the layers.
TEST(FlopsTest, AreThoseOfThePublishedShape) {
  const reference::ModelConfig config = reference::FindSyntheticShape("qwen3_5-0.8b").text;
  constexpr int64_t kEmbedding = 248320 * 1024;
  constexpr int64_t kVectors = 1024 + 24 * 2048 + 18 * (6144 * 4 + 32 + 128) + 6 * 512;
  constexpr int64_t kMatrices =
      24 * 11010048 + 18 * (6291456 + 2 * 2097152 + 32768) + 6 * (4194304 + 1048576 + 2097152);
  static_assert(kEmbedding + kVectors + kMatrices == 752393024);
  // S^T k, k d^T and S^T q: three multiply-adds for each element of 16 states a layer.
  constexpr int64_t kRule = 18 * 16 * 128 * 128 * 6;
  EXPECT_EQ(LayerFlopsPerToken(config), static_cast<double>(2 * kMatrices + kRule));
  EXPECT_EQ(WeightBytesPerToken(config, ComputeType::kBFloat16),
            static_cast<double>(2 * (kMatrices + kEmbedding)));
  EXPECT_EQ(WeightBytesPerToken(config, ComputeType::kFloat32),
            static_cast<double>(4 * (kMatrices + kEmbedding)));
}

TEST(FlopsTest, FullAttentionHasNoRule) {
  reference::ModelConfig config = reference::FindSyntheticShape("qwen3_5-0.8b").text;
  config.layers = {reference::LayerType::kFullAttention};
  EXPECT_EQ(LayerFlopsPerToken(config), 2.0 * (11010048 + 7340032));
}

}  // namespace
}  // namespace deltagauge
