#include "harness/model/model_pass.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/model/arms.h"
#include "harness/model/fused_recurrence.h"
#include "harness/model/layer_call_test.h"
#include "harness/model/model_fixtures.h"
#include "harness/model/model_source.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerRecurrence;
using reference::Model;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Not;

const Model& TinyModel(ComputeType type) {
  static std::map<ComputeType, LoadedModel> loaded;
  LoadedModel& one = loaded[type];
  if (one.model == nullptr) {
    one = LoadModel(TinyModelFolder(),
                    {.type = type, .linear = reference::LinearLibrary::kAten, .progress = {}});
  }
  return *one.model;
}

std::vector<int32_t> Ids(size_t count) {
  std::vector<int32_t> ids = TinyGoldens()[0].ids;
  ids.resize(std::min(count, ids.size()));
  return ids;
}

class ModelPassTest : public testing::Test {
 protected:
  std::unique_ptr<LayerRecurrence> fused_ = MakeArm("fused", 1);
  std::unique_ptr<LayerRecurrence> eager_ = MakeArm("eager", 1);
  std::unique_ptr<LayerRecurrence> oracle_ = MakeArm("oracle", 2);
  TorchParallelFor threads_;
};

// ---- a text ----

class TextPassTest : public ModelPassTest {
 protected:
  TextPassResult Run(ComputeType type, LayerRecurrence& candidate, LayerRecurrence& baseline,
                     int64_t positions = 50) {
    TextPassRequest request;
    request.ids = Ids(50);  // two blocks of logits
    request.positions = positions;
    request.by_layer = true;
    request.model = &TinyModel(type);
    request.candidate = &candidate;
    request.baseline = &baseline;
    if (with_truth_) {
      request.truth_model = &TinyModel(ComputeType::kFloat64);
      request.truth = oracle_.get();
    }
    return RunTextPass(request, [&](std::string_view stage, double done) {
      if (stages_.empty() || stages_.back() != stage) stages_.emplace_back(stage);
      EXPECT_GE(done, 0);
      EXPECT_LE(done, 1);
    });
  }

  bool with_truth_ = false;
  std::vector<std::string> stages_;
};

TEST_F(TextPassTest, AgainstItselfThereIsNoDrift) {
  for (const ComputeType type :
       {ComputeType::kFloat32, ComputeType::kBFloat16, ComputeType::kFloat64}) {
    SCOPED_TRACE(NameOf(type));
    const TextPassResult result = Run(type, *fused_, *fused_);
    ASSERT_TRUE(result.drift.baseline.has_value());
    const LogitDrift& drift = *result.drift.baseline;
    EXPECT_EQ(drift.raw.max_abs, 0);
    EXPECT_EQ(drift.kl.max, 0);
    EXPECT_GT(drift.reference_max_abs, 1);
    EXPECT_EQ(drift.rows.usable, 50);
    EXPECT_EQ(drift.vocabulary, 2048);
    EXPECT_EQ(drift.true_tokens, 49);  // nothing follows the last
    EXPECT_EQ(result.agreement.agree, 50);
    EXPECT_EQ(result.agreement.mismatch, 0);
    ASSERT_TRUE(result.drift.layers_baseline.has_value());
    EXPECT_EQ(result.drift.layers_baseline->layers.size(), 8u);
    EXPECT_EQ(result.drift.layers_baseline->max_rel_rmse, 0);
    EXPECT_EQ(result.drift.layers_baseline->first_over_budget, -1);
    EXPECT_FALSE(result.drift.truth.has_value());
    EXPECT_FALSE(result.drift.layers_truth.has_value());
  }
  EXPECT_EQ(stages_.front(), "candidate");
}

TEST_F(TextPassTest, HonestArmsAreWithinRoundingOfTheTruth) {
  with_truth_ = true;
  const TextPassResult result = Run(ComputeType::kFloat32, *fused_, *eager_);
  EXPECT_THAT(stages_, ElementsAre("candidate", "baseline", "truth", "logits"));
  ASSERT_TRUE(result.drift.truth.has_value() && result.drift.baseline_to_truth.has_value());
  for (const auto* const drift :
       {&result.drift.baseline, &result.drift.truth, &result.drift.baseline_to_truth}) {
    EXPECT_GT((*drift)->raw.max_abs, 0);  // other roundings
    EXPECT_LE((*drift)->raw.max_abs, 1e-4);
  }
  for (const auto* const layers : {&result.drift.layers_baseline, &result.drift.layers_truth,
                                   &result.drift.layers_baseline_to_truth}) {
    ASSERT_TRUE(layers->has_value());
    EXPECT_GT((*layers)->max_rel_rmse, 0);
    EXPECT_EQ((*layers)->first_over_budget, -1);
  }
  EXPECT_EQ(result.agreement.agree, 50);
}

// The truth is the float64 model's: of float32 models alone the drift would be another.
TEST_F(TextPassTest, TheErrorOfEachArmIsTheOneThatTheTruthSees) {
  with_truth_ = true;
  SpoiledRecurrence spoiled(*fused_, nullptr,
                            [](const LayerCall& call) { ScaleOutput(call, 1.01); });
  const TextPassResult candidate = Run(ComputeType::kFloat32, spoiled, *eager_);
  const TextPassResult baseline = Run(ComputeType::kFloat32, *eager_, spoiled);
  EXPECT_GT(candidate.drift.truth->raw.max_abs, 1e-3);
  EXPECT_LE(candidate.drift.baseline_to_truth->raw.max_abs, 1e-4);
  EXPECT_EQ(baseline.drift.baseline_to_truth->raw.max_abs, candidate.drift.truth->raw.max_abs);
  EXPECT_EQ(baseline.drift.truth->raw.max_abs, candidate.drift.baseline_to_truth->raw.max_abs);
}

TEST_F(TextPassTest, PositionsBeyondThoseAskedForAreNotCompared) {
  SpoiledRecurrence spoiled(*fused_, nullptr, [](const LayerCall& call) {
    const int64_t row = call.shape.value_heads * call.shape.value_dim;
    for (int64_t i = 35 * row; i < OutputsOf(call.shape); ++i) {
      StoreElement(call.type, 0, call.output, i);
    }
  });
  const TextPassResult first = Run(ComputeType::kFloat32, spoiled, *fused_, 35);
  EXPECT_EQ(first.drift.baseline->rows.usable, 35);
  EXPECT_EQ(first.drift.baseline->true_tokens, 35);
  EXPECT_LE(first.drift.baseline->raw.max_abs, 1e-4);
  const TextPassResult more = Run(ComputeType::kFloat32, spoiled, *fused_, 36);
  EXPECT_EQ(more.drift.baseline->rows.usable, 36);
  EXPECT_GT(more.drift.baseline->raw.max_abs, 1e-3);
  EXPECT_EQ(more.drift.baseline->raw.max_position, 35);
  EXPECT_EQ(Run(ComputeType::kFloat32, *fused_, *fused_, 1000).drift.baseline->rows.usable, 50);
}

TEST_F(TextPassTest, FaultyKernelsDriftAndMismatch) {
  for (const KernelFunction kernel :
       {&FaultyKernel<Fault::kReturnsZeros>, &FaultyKernel<Fault::kIgnoresNorm>,
        &FaultyKernel<Fault::kOutputReadsOldState>}) {
    FusedRecurrence faulty(threads_, kernel, "faulty");
    const TextPassResult result = Run(ComputeType::kFloat32, faulty, *eager_);
    EXPECT_GT(result.drift.baseline->raw.max_abs, 0.1);
    EXPECT_GT(result.drift.baseline->kl.mean, 1e-4);
    EXPECT_GT(result.agreement.mismatch, 0);
    EXPECT_GT(result.agreement.differ_beyond_ulp, 0);
    EXPECT_THAT(result.agreement.mismatches, Not(IsEmpty()));
    EXPECT_EQ(result.drift.layers_baseline->first_over_budget, 0);
  }
}

TEST_F(TextPassTest, NaNIsSeen) {
  FusedRecurrence honest(threads_);
  SpoiledRecurrence spoiled(honest, nullptr, [](const LayerCall& call) {
    if (call.layer == 2) StoreElement(call.type, NAN, call.output, OutputsOf(call.shape) - 1);
  });
  const TextPassResult result = Run(ComputeType::kFloat32, spoiled, *eager_);
  EXPECT_LT(result.drift.baseline->rows.usable, 50);
  EXPECT_GT(result.drift.layers_baseline->layers[2].candidate_non_finite, 0);
  EXPECT_EQ(result.drift.layers_baseline->layers[1].candidate_non_finite, 0);
}

TEST_F(TextPassTest, ByLayerNamesTheFirstLayerThatDrifts) {
  for (const ComputeType type :
       {ComputeType::kFloat32, ComputeType::kBFloat16, ComputeType::kFloat64}) {
    for (const int bad : {0, 4, 6}) {
      SCOPED_TRACE(std::string(NameOf(type)) + ", layer " + std::to_string(bad));
      SpoiledRecurrence spoiled(*fused_, nullptr, [bad](const LayerCall& call) {
        if (call.layer == bad) ScaleOutput(call, -1);  // the gated norm behind it hides a factor
      });
      const LayerDrift layers = *Run(type, spoiled, *fused_).drift.layers_baseline;
      EXPECT_EQ(layers.first_over_budget, bad);
      EXPECT_EQ(layers.budget, LayerDriftBudget(type));
      for (const LayerFigures& layer : layers.layers) {
        if (layer.layer < bad) {
          EXPECT_EQ(layer.rel_rmse, 0) << layer.layer;
        } else {
          EXPECT_GT(layer.rel_rmse, layers.budget) << layer.layer;
        }
      }
    }
  }
}

// ---- greedy ----

// On one thread: decoding on more only waits for them on a busy machine.
class OneThreadTest : public ModelPassTest {
 protected:
  OneThreadTest() { reference::SetTorchThreads(1); }
  ~OneThreadTest() override { reference::SetTorchThreads(threads_before_); }

 private:
  const int threads_before_ = reference::TorchThreads();
};

using GreedyTest = OneThreadTest;

constexpr int64_t kContinuation = 6;

std::vector<NamedPrompt> Prompts() {
  const std::vector<int32_t> ids = Ids(60);
  return {{"first", {ids.begin(), ids.begin() + 20}}, {"second", {ids.begin() + 20, ids.end()}}};
}

TEST_F(GreedyTest, AgainstItselfEveryPromptIsIdentical) {
  const Model& model = TinyModel(ComputeType::kFloat32);
  const GreedyComparison found = RunGreedy(model, *fused_, *fused_, Prompts(), kContinuation);
  ASSERT_EQ(found.prompts.size(), 2u);
  EXPECT_EQ(found.summary.identical, 2);
  for (const GreedyResult& prompt : found.prompts) {
    EXPECT_EQ(prompt.reference_tokens, kContinuation);
    EXPECT_EQ(prompt.matched_prefix, kContinuation);
  }
  EXPECT_EQ(found.agreement.agree, 2 * kContinuation);
  EXPECT_EQ(found.agreement.noise, 0);
  EXPECT_EQ(ValidityOf(found).verdict, Verdict::kPassed);
}

TEST_F(GreedyTest, FaultyKernelsDiverge) {
  FusedRecurrence faulty(threads_, &FaultyKernel<Fault::kReturnsZeros>, "faulty");
  const GreedyComparison found =
      RunGreedy(TinyModel(ComputeType::kFloat32), faulty, *eager_, Prompts(), kContinuation);
  EXPECT_EQ(found.summary.diverged, 2);
  EXPECT_GE(found.summary.first_true_divergence, 0);
}

// Wrong once and right again soon behind it: that was no tie all the same.
TEST_F(GreedyTest, OneWrongPassIsDivergence) {
  int calls = 0;
  SpoiledRecurrence once(*fused_, nullptr, [&](const LayerCall& call) {
    if (calls++ < 6) ScaleOutput(call, -1);  // the layers of one forward pass
  });
  const GreedyComparison found =
      RunGreedy(TinyModel(ComputeType::kFloat32), once, *fused_, {Prompts()[0]}, kContinuation);
  const GreedyResult& result = found.prompts[0];
  EXPECT_EQ(result.greedy_class, GreedyClass::kDiverged);
  EXPECT_EQ(result.first_divergence, 0);
  EXPECT_EQ(result.reanchored_tokens, kContinuation - 1);
  ASSERT_FALSE(found.agreement.mismatches.empty());
  EXPECT_EQ(found.agreement.mismatches[0].reference_token, result.reference_token);
}

// The order of sums is another one: whatever parts in bfloat16 is a tie.
TEST_F(GreedyTest, HonestArmsPartAtTiesOnly) {
  const GreedyComparison found =
      RunGreedy(TinyModel(ComputeType::kBFloat16), *fused_, *eager_, Prompts(), 24);
  EXPECT_EQ(found.summary.diverged, 0);
  EXPECT_GT(found.agreement.noise, 0);
}

TEST_F(GreedyTest, ACandidateThatIsNotFiniteFails) {
  SpoiledRecurrence spoiled(*fused_, nullptr, [](const LayerCall& call) {
    ScaleOutput(call, std::numeric_limits<double>::quiet_NaN());
  });
  const GreedyComparison found =
      RunGreedy(TinyModel(ComputeType::kFloat32), spoiled, *fused_, Prompts(), kContinuation);
  EXPECT_EQ(found.summary.diverged, 2);
  EXPECT_EQ(ValidityOf(found).verdict, Verdict::kFailed);
  EXPECT_EQ(found.prompts[0].reference_tokens, kContinuation);
}

// ---- invariance ----

class InvarianceTest : public OneThreadTest {
 protected:
  InvarianceResult Run(LayerRecurrence& recurrence, InvarianceKind kind,
                       ComputeType type = ComputeType::kFloat32, size_t tokens = 70,
                       uint64_t seed = 1) {
    return RunInvariance(TinyModel(type), recurrence, Ids(tokens), kind, 1, seed);
  }

  static std::vector<double> Excess(const InvarianceResult& result) {
    std::vector<double> excess;
    for (const InvarianceComparison& comparison : result.comparisons) {
      // NaN counts as beyond.
      excess.push_back(comparison.max_abs <= comparison.limit.value()
                           ? 0
                           : comparison.max_abs / *comparison.limit);
    }
    return excess;
  }

  // Not invariant under pieces: each call begins anew.
  SpoiledRecurrence forgetful_{*fused_, [](const LayerCall& call) { ScaleState(call, 0); },
                               nullptr};
};

TEST_F(InvarianceTest, TheFusedKernelHolds) {
  for (const ComputeType type : {ComputeType::kFloat32, ComputeType::kBFloat16}) {
    for (const auto& [kind, comparisons] :
         std::vector<std::pair<InvarianceKind, size_t>>{{InvarianceKind::kPieces, 6},
                                                        {InvarianceKind::kDecode, 3},
                                                        {InvarianceKind::kThreads, 1}}) {
      SCOPED_TRACE(std::string(NameOf(type)) + ", " + std::string(NameOf(kind)));
      const InvarianceResult result = Run(*fused_, kind, type);
      EXPECT_EQ(result.check, NameOf(kind));
      EXPECT_EQ(result.comparisons.size(), comparisons);
      EXPECT_THAT(Excess(result), Each(0));
      EXPECT_EQ(result.comparisons[0].compared, 70 * 2048);
      EXPECT_EQ(reference::TorchThreads(), 1);  // as it was
    }
    const InvarianceResult repeat = Run(*fused_, InvarianceKind::kRepeat, type);
    ASSERT_EQ(repeat.comparisons.size(), 1u);
    EXPECT_TRUE(repeat.comparisons[0].same_bits);
    EXPECT_EQ(repeat.comparisons[0].max_abs, 0);
    EXPECT_FALSE(repeat.comparisons[0].limit.has_value());
  }
}

TEST_F(InvarianceTest, ForgettingBetweenCallsIsCaughtByPiecesAndDecode) {
  for (const ComputeType type : {ComputeType::kFloat32, ComputeType::kBFloat16}) {
    SCOPED_TRACE(NameOf(type));
    for (const InvarianceKind kind : {InvarianceKind::kPieces, InvarianceKind::kDecode}) {
      const InvarianceResult result = Run(forgetful_, kind, type);
      if (type == ComputeType::kFloat32) {
        EXPECT_THAT(Excess(result), Each(Gt(1))) << NameOf(kind);
      } else {  // its limit is that of a few roundings, which a short rest may stay below
        EXPECT_THAT(Excess(result), testing::Contains(Gt(1))) << NameOf(kind);
      }
      // The first piece is as before.
      for (const InvarianceComparison& comparison : result.comparisons) {
        EXPECT_GT(comparison.max_position, 0);
        EXPECT_GE(comparison.max_token, 0);
        EXPECT_FALSE(comparison.same_bits);
      }
    }
    EXPECT_TRUE(Run(forgetful_, InvarianceKind::kRepeat, type).comparisons[0].same_bits);
  }
}

TEST_F(InvarianceTest, DependenceOnThreadsIsCaught) {
  SpoiledRecurrence threaded(*fused_, nullptr, [](const LayerCall& call) {
    if (reference::TorchThreads() > 1) ScaleOutput(call, -1);
  });
  EXPECT_THAT(Excess(Run(threaded, InvarianceKind::kThreads)), ElementsAre(Gt(1)));
}

TEST_F(InvarianceTest, OneBitIsEnoughForRepeat) {
  int calls = 0;
  SpoiledRecurrence moody(*fused_, nullptr, [&](const LayerCall& call) {
    if (calls++ >= 6 && call.layer == 0) ScaleOutput(call, 1 + 1e-5);
  });
  const InvarianceComparison comparison = Run(moody, InvarianceKind::kRepeat).comparisons.at(0);
  EXPECT_FALSE(comparison.same_bits);
  EXPECT_GT(comparison.max_abs, 0);
  EXPECT_LT(comparison.max_abs, 0.01);
}

TEST_F(InvarianceTest, NaNIsNeverWithinTheLimit) {
  // In one call of two, and in all.
  int calls = 0;
  SpoiledRecurrence once(*fused_, nullptr, [&](const LayerCall& call) {
    if (calls++ >= 6 && call.layer == 4) StoreElement(call.type, NAN, call.output, 0);
  });
  SpoiledRecurrence always(*fused_, nullptr, [](const LayerCall& call) {
    StoreElement(call.type, NAN, call.output, OutputsOf(call.shape) - 1);
  });
  for (LayerRecurrence* const recurrence : {&once, &always}) {
    for (const InvarianceKind kind : {InvarianceKind::kPieces, InvarianceKind::kThreads}) {
      calls = 0;
      for (const InvarianceComparison& comparison : Run(*recurrence, kind).comparisons) {
        EXPECT_TRUE(std::isnan(comparison.max_abs)) << comparison.what;
        EXPECT_GE(comparison.max_position, 0);
      }
    }
  }
}

TEST_F(InvarianceTest, PiecesAreNamedAndFollowTheSeed) {
  const InvarianceResult result = Run(*fused_, InvarianceKind::kPieces, ComputeType::kFloat32, 66);
  std::vector<std::string> what;
  for (const InvarianceComparison& comparison : result.comparisons) what.push_back(comparison.what);
  ASSERT_EQ(what.size(), 6u);
  EXPECT_EQ(what[0], "66 tokens in one call against 1 + 65");
  EXPECT_EQ(what[1], "66 tokens in one call against 63 + 3");
  EXPECT_EQ(what[4], "66 tokens in one call against 65 + 1");
  // Uneven ones, of up to 40 tokens, cut elsewhere by another seed.
  const auto uneven = [&](uint64_t seed) {
    return Run(*fused_, InvarianceKind::kPieces, ComputeType::kFloat32, 66, seed)
        .comparisons.back()
        .what;
  };
  EXPECT_EQ(uneven(1), what[5]);
  EXPECT_FALSE(uneven(2) == what[5] && uneven(3) == what[5]);
}

TEST_F(InvarianceTest, ShortTextsLeaveNothingOrLittleToCut) {
  EXPECT_THAT(Run(*fused_, InvarianceKind::kPieces, ComputeType::kFloat32, 1).comparisons,
              IsEmpty());
  EXPECT_EQ(Run(*fused_, InvarianceKind::kDecode, ComputeType::kFloat32, 2).comparisons.size(), 2u);
}

TEST(InvarianceLimitTest, IsThatOfTheType) {
  EXPECT_EQ(InvarianceLimit(ComputeType::kFloat32, 100), 1e-4);
  EXPECT_EQ(InvarianceLimit(ComputeType::kFloat64, 100), 1e-10);
  EXPECT_EQ(InvarianceLimit(ComputeType::kBFloat16, 16), 8 * 0.125);
  EXPECT_EQ(InvarianceLimit(ComputeType::kBFloat16, 0.01),
            InvarianceLimit(ComputeType::kBFloat16, 1));
}

}  // namespace
}  // namespace deltagauge
