// The model against goldens from elsewhere, and against itself: prefill, pieces and decode.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/model/arms.h"
#include "harness/model/model_fixtures.h"
#include "reference/checkpoint.h"
#include "reference/model.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::ArgMax;
using reference::Checkpoint;
using reference::ComputeType;
using reference::HiddenStates;
using reference::LayerRecurrence;
using reference::LogitBlock;
using reference::Model;
using reference::ModelCache;

std::vector<double> Row(const LogitBlock& block, int64_t row) {
  if (block.IsDouble()) {
    const auto logits = block.Float64(row);
    return {logits.begin(), logits.end()};
  }
  const auto logits = block.Float32(row);
  return {logits.begin(), logits.end()};
}

// Logits of every row; for small vocabularies only.
std::vector<std::vector<double>> AllLogits(const Model& model, const HiddenStates& hidden) {
  std::vector<int64_t> rows(static_cast<size_t>(hidden.Rows()));
  std::iota(rows.begin(), rows.end(), 0);
  const LogitBlock block = model.Logits(hidden, rows);
  std::vector<std::vector<double>> logits;
  for (const int64_t row : rows) logits.push_back(Row(block, row));
  return logits;
}

double MaxDifference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

double MaxDifference(const std::vector<std::vector<double>>& a,
                     const std::vector<std::vector<double>>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, MaxDifference(a[i], b[i]));
  return worst;
}

double LogSumExp(const std::vector<double>& logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - top);
  return top + std::log(sum);
}

struct Loaded {
  Checkpoint checkpoint;
  std::unique_ptr<Model> model;
};

Loaded Load(const std::filesystem::path& folder, ComputeType type,
            reference::LinearLibrary linear = reference::LinearLibrary::kAuto) {
  Loaded loaded{Checkpoint::Open(folder), nullptr};
  reference::ModelOptions options;
  options.type = type;
  options.linear = linear;
  loaded.model = std::make_unique<Model>(Model::Load(loaded.checkpoint, options));
  return loaded;
}

// ---- golden_tiny.json ----

class GoldenTinyTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTinyTest, LogitsAndStatesAreThoseOfTransformers) {
  const GoldenTiny golden = ReadGoldenTiny();
  const TemporaryFolder folder;
  WriteGoldenTiny(golden, folder.path());
  const Loaded loaded = Load(folder.path(), ComputeType::kFloat32);
  const std::unique_ptr<LayerRecurrence> arm = MakeArm(GetParam(), 1);
  ModelCache cache = loaded.model->NewCache(1, *arm);

  const std::span<const int32_t> ids(golden.ids);
  const size_t prefill = static_cast<size_t>(golden.prefill);
  std::vector<std::vector<double>> logits =
      AllLogits(*loaded.model, loaded.model->Forward(ids.first(prefill), cache, *arm));
  for (size_t i = prefill; i < ids.size(); ++i) {
    logits.push_back(
        AllLogits(*loaded.model, loaded.model->Forward(ids.subspan(i, 1), cache, *arm))[0]);
  }
  ASSERT_EQ(logits.size(), golden.argmax.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    EXPECT_EQ(ArgMax(std::span<const double>(logits[i])), golden.argmax[i]) << "position " << i;
  }
  for (const auto& [position, row] : golden.logits) {
    ASSERT_EQ(row.size(), logits[static_cast<size_t>(position)].size());
    EXPECT_LE(MaxDifference(logits[static_cast<size_t>(position)], row), 2e-4)
        << "position " << position;
  }
  const std::vector<double> state = cache.RecurrentState(0);
  EXPECT_NEAR(std::accumulate(state.begin(), state.end(), 0.0), golden.state_sum, 2e-4);
  EXPECT_LE(MaxDifference(state, golden.state_row), 2e-4);
  // [B, window, channels]: channel 0 of the last three tokens.
  const std::vector<double> window = cache.ConvolutionWindow(0);
  const size_t channels = window.size() / 3;
  EXPECT_LE(
      MaxDifference({window[0], window[channels], window[2 * channels]}, golden.window_channel),
      2e-4);
  const std::vector<double> keys = cache.Keys(3);
  const size_t dim = golden.key_at_last.size();
  const size_t last = (ids.size() - 1) * dim;  // of head 0
  EXPECT_LE(
      MaxDifference(std::vector<double>(keys.begin() + static_cast<std::ptrdiff_t>(last),
                                        keys.begin() + static_cast<std::ptrdiff_t>(last + dim)),
                    golden.key_at_last),
      2e-4);
}

INSTANTIATE_TEST_SUITE_P(Arms, GoldenTinyTest,
                         testing::Values("oracle", "eager", "chunked", "fused"),
                         [](const auto& arm) { return arm.param; });

// ---- qwen3_5-tiny ----

class TinyModelTest : public testing::Test {
 protected:
  static const Loaded& Get(ComputeType type) {
    static const Loaded float32 = Load(TinyModelFolder(), ComputeType::kFloat32);
    static const Loaded bfloat16 = Load(TinyModelFolder(), ComputeType::kBFloat16);
    static const Loaded float64 = Load(TinyModelFolder(), ComputeType::kFloat64);
    return type == ComputeType::kFloat32   ? float32
           : type == ComputeType::kFloat64 ? float64
                                           : bfloat16;
  }

  // float64, oracle.
  static const std::vector<std::vector<double>>& Truth(const GoldenText& golden) {
    static std::map<std::string, std::vector<std::vector<double>>> known;
    auto& truth = known[golden.name];
    if (truth.empty()) truth = Logits(ComputeType::kFloat64, "oracle", golden.ids);
    return truth;
  }

  static std::vector<std::vector<double>> Logits(ComputeType type, const std::string& arm_name,
                                                 const std::vector<int32_t>& ids) {
    const Model& model = *Get(type).model;
    const auto arm = MakeArm(arm_name, 2);
    ModelCache cache = model.NewCache(1, *arm);
    return AllLogits(model, model.Forward(ids, cache, *arm));
  }
};

TEST_F(TinyModelTest, Float64IsTheGoldenToRounding) {
  for (const GoldenText& golden : TinyGoldens()) {
    SCOPED_TRACE(golden.name);
    const auto& logits = Truth(golden);
    double top = 0;
    double nll = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      for (const double logit : logits[i]) top = std::max(top, std::abs(logit));
      EXPECT_EQ(ArgMax(std::span<const double>(logits[i])), golden.argmax[i]) << "position " << i;
      if (i + 1 < logits.size()) {
        nll += LogSumExp(logits[i]) - logits[i][static_cast<size_t>(golden.ids[i + 1])];
      }
    }
    EXPECT_NEAR(nll / static_cast<double>(logits.size() - 1), golden.mean_nll, 1e-8);
    for (const auto& [position, row] : golden.logits) {
      // The file has 9 digits: half a unit of the last one is up to 5e-8 here.
      EXPECT_LE(MaxDifference(logits[static_cast<size_t>(position)], row), 1e-8 * top + 5e-8)
          << "position " << position;
    }
  }
}

TEST_F(TinyModelTest, Float32IsWithinRoundingForEveryRecurrence) {
  for (const GoldenText& golden : TinyGoldens()) {
    for (const std::string arm : {"oracle", "eager", "chunked", "fused"}) {
      SCOPED_TRACE(golden.name + ", " + arm);
      const auto logits = Logits(ComputeType::kFloat32, arm, golden.ids);
      const auto& truth = Truth(golden);
      EXPECT_LE(MaxDifference(logits, truth), 1e-4);
      for (size_t i = 0; i < logits.size(); ++i) {
        EXPECT_EQ(ArgMax(std::span<const double>(logits[i])), golden.argmax[i])
            << "position " << i << ", margin " << golden.top2_margin[i];
      }
    }
  }
}

// Divergence in each case. Agreement over all cases together: a handful of near ties decides it in
// a single one, either way.
TEST_F(TinyModelTest, BFloat16IsNoWorseThanTransformers) {
  int all_agreed = 0;
  double transformers_agreed = 0;
  for (const GoldenText& golden : TinyGoldens()) {
    if (golden.bfloat16_mean_kl == 0) continue;
    SCOPED_TRACE(golden.name);
    const auto logits = Logits(ComputeType::kBFloat16, "fused", golden.ids);
    const auto& truth = Truth(golden);
    double divergence = 0;
    int agreed = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double truth_sum = LogSumExp(truth[i]);
      const double sum = LogSumExp(logits[i]);
      for (size_t j = 0; j < logits[i].size(); ++j) {
        const double log_p = truth[i][j] - truth_sum;
        divergence += std::exp(log_p) * (log_p - (logits[i][j] - sum));
      }
      agreed += ArgMax(std::span<const double>(logits[i])) == golden.argmax[i];
    }
    const auto positions = static_cast<double>(logits.size());
    EXPECT_LE(divergence / positions, golden.bfloat16_mean_kl);
    all_agreed += agreed;
    transformers_agreed += std::round(golden.bfloat16_agreement * positions);
  }
  EXPECT_GT(transformers_agreed, 0);
  EXPECT_GE(all_agreed, transformers_agreed);
}

TEST_F(TinyModelTest, PiecesAndDecodeEqualPrefill) {
  constexpr size_t kTokens = 70;
  const std::vector<int32_t> text = TinyGoldens()[0].ids;
  const std::span<const int32_t> ids(text.data(), kTokens);
  const Model& model = *Get(ComputeType::kFloat32).model;
  for (const std::string name : {"eager", "chunked", "fused", "oracle"}) {
    SCOPED_TRACE(name);
    const auto arm = MakeArm(name, 1);
    ModelCache whole_cache = model.NewCache(1, *arm);
    const auto whole = AllLogits(model, model.Forward(ids, whole_cache, *arm));
    for (size_t split = 1; split < kTokens; ++split) {
      SCOPED_TRACE("split at " + std::to_string(split));
      ModelCache cache = model.NewCache(1, *arm);
      auto logits = AllLogits(model, model.Forward(ids.first(split), cache, *arm));
      const auto rest = AllLogits(model, model.Forward(ids.subspan(split), cache, *arm));
      logits.insert(logits.end(), rest.begin(), rest.end());
      ASSERT_LE(MaxDifference(logits, whole), 1e-4);
      for (int layer = 0; layer < 8; ++layer) {
        if (layer % 4 == 3) continue;
        ASSERT_LE(MaxDifference(cache.RecurrentState(layer), whole_cache.RecurrentState(layer)),
                  1e-5)
            << "layer " << layer;
      }
    }
    ModelCache cache = model.NewCache(1, *arm);
    for (size_t i = 0; i < kTokens; ++i) {
      const auto logits = AllLogits(model, model.Forward(ids.subspan(i, 1), cache, *arm));
      ASSERT_LE(MaxDifference(logits[0], whole[i]), 1e-4) << "decoding token " << i;
    }
  }
}

TEST_F(TinyModelTest, RollingBackGivesTheSameBitsAgain) {
  const std::vector<int32_t> text = TinyGoldens()[1].ids;
  const std::span<const int32_t> ids(text);
  const Model& model = *Get(ComputeType::kFloat32).model;
  const auto arm = MakeArm("fused", 1);
  ModelCache cache = model.NewCache(1, *arm);
  model.Forward(ids.first(40), cache, *arm);
  const ModelCache::Snapshot snapshot = cache.Save();
  const auto first = AllLogits(model, model.Forward(ids.subspan(40, 7), cache, *arm));
  model.Forward(ids.subspan(100, 9), cache, *arm);  // a draft that is thrown away
  for (int again = 0; again < 2; ++again) {
    cache.Restore(snapshot);
    EXPECT_EQ(cache.Position(), 40);
    EXPECT_EQ(AllLogits(model, model.Forward(ids.subspan(40, 7), cache, *arm)), first);
  }
  ModelCache other = model.NewCache(2, *arm);
  EXPECT_THROW(other.Restore(snapshot), std::logic_error);
}

TEST_F(TinyModelTest, BatchesEqualSingleSequences) {
  const std::vector<int32_t> text = TinyGoldens()[0].ids;
  const Model& model = *Get(ComputeType::kFloat32).model;
  for (const std::string name : {"eager", "chunked", "fused", "oracle"}) {
    SCOPED_TRACE(name);
    const auto arm = MakeArm(name, 1);
    ModelCache cache = model.NewCache(3, *arm);
    const auto batch = AllLogits(model, model.Forward({text.data(), 90}, cache, *arm));
    for (size_t b = 0; b < 3; ++b) {
      ModelCache single_cache = model.NewCache(1, *arm);
      const auto single =
          AllLogits(model, model.Forward({text.data() + b * 30, 30}, single_cache, *arm));
      const std::vector<std::vector<double>> part(
          batch.begin() + static_cast<std::ptrdiff_t>(b * 30),
          batch.begin() + static_cast<std::ptrdiff_t>(b * 30 + 30));
      EXPECT_LE(MaxDifference(part, single), 1e-4);
    }
  }
}

TEST_F(TinyModelTest, SameBitsTwiceAndForAnyNumberOfThreads) {
  const std::vector<int32_t> ids = TinyGoldens()[0].ids;
  const int threads = reference::TorchThreads();
  for (const ComputeType type : {ComputeType::kFloat32, ComputeType::kBFloat16}) {
    SCOPED_TRACE(std::string(NameOf(type)));
    reference::SetTorchThreads(1);
    const auto one = Logits(type, "fused", ids);
    EXPECT_EQ(Logits(type, "fused", ids), one);
    reference::SetTorchThreads(2);
    const auto two = Logits(type, "fused", ids);
    EXPECT_EQ(Logits(type, "fused", ids), two);
    reference::SetTorchThreads(threads);
    EXPECT_LE(MaxDifference(one, two), type == ComputeType::kFloat32 ? 1e-4 : 0.5);
  }
}

TEST_F(TinyModelTest, LinearLibrariesAgree) {
  const std::vector<int32_t> ids = TinyGoldens()[0].ids;
  const auto automatic = Logits(ComputeType::kFloat32, "fused", ids);
  const auto arm = MakeArm("fused", 1);
  for (const auto library : {reference::LinearLibrary::kAten, reference::LinearLibrary::kOneDnn}) {
    const Loaded loaded = Load(TinyModelFolder(), ComputeType::kFloat32, library);
    ModelCache cache = loaded.model->NewCache(1, *arm);
    const auto logits = AllLogits(*loaded.model, loaded.model->Forward(ids, cache, *arm));
    EXPECT_LE(MaxDifference(logits, automatic), 1e-4) << loaded.model->LinearDescription();
  }
}

TEST_F(TinyModelTest, TapsSeeEveryLayerAndTheRule) {
  const std::vector<int32_t> ids = TinyGoldens()[0].ids;
  const Model& model = *Get(ComputeType::kFloat32).model;
  const auto arm = MakeArm("fused", 1);
  ModelCache cache = model.NewCache(1, *arm);
  std::vector<int> layers;
  std::vector<int> before;
  std::vector<int> after;
  double hidden_sum = 0;
  reference::ModelTaps taps;
  taps.after_layer = [&](int layer, const reference::RowsView& hidden) {
    layers.push_back(layer);
    EXPECT_EQ(hidden.rows, 20);
    EXPECT_EQ(hidden.width, 192);
    hidden_sum += static_cast<const float*>(hidden.data)[0];
  };
  taps.before_rule = [&](const reference::LayerCall& call) {
    before.push_back(call.layer);
    EXPECT_EQ(call.shape.tokens, 20);
    EXPECT_EQ(static_cast<const float*>(call.state)[0], 0);
  };
  taps.after_rule = [&](const reference::LayerCall& call) {
    after.push_back(call.layer);
    EXPECT_NE(static_cast<const float*>(call.state)[0], 0);
  };
  reference::PartTimes times;
  model.Forward({ids.data(), 20}, cache, *arm, {.taps = &taps, .times = &times});
  EXPECT_THAT(layers, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(before, testing::ElementsAre(0, 1, 2, 4, 5, 6));
  EXPECT_EQ(after, before);
  EXPECT_NE(hidden_sum, 0);
  EXPECT_GT(times.linear_ns, 0);
  EXPECT_GT(times.rule_ns, 0);
  EXPECT_LE(times.linear_ns + times.rule_ns, times.total_ns);
}

TEST_F(TinyModelTest, IdsOutsideTheVocabularyAreRefusedWithTheirPlace) {
  const Model& model = *Get(ComputeType::kFloat32).model;
  const auto arm = MakeArm("fused", 1);
  ModelCache cache = model.NewCache(1, *arm);
  const std::vector<int32_t> ids = {1, 2, 2048};
  try {
    model.Forward(ids, cache, *arm);
    FAIL() << "accepted";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("id 2048 at place 2"));
  }
  EXPECT_EQ(cache.Position(), 0);
  EXPECT_THROW(model.Forward(std::vector<int32_t>(4097, 1), cache, *arm), std::exception);
}

TEST(ArmsTest, UnknownNamesGetAHint) {
  EXPECT_THAT([] { MakeArm("fussed", 1); },
              testing::ThrowsMessage<std::exception>(testing::HasSubstr("'fused'")));
}

}  // namespace
}  // namespace deltagauge
