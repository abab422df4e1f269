// Drift and agreement of logits that come from a file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/model/arms.h"
#include "harness/model/foreign_logits.h"
#include "harness/model/model_fixtures.h"
#include "harness/model/model_pass.h"
#include "harness/model/model_source.h"
#include "reference/input_error.h"
#include "reference/safetensors.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::TensorType;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr size_t kVocabulary = 2048;

enum class Truth { kNone, kOracle };

// What an engine would write.
struct Written {
  std::vector<int32_t> ids;
  std::vector<int64_t> positions;
  std::vector<std::vector<float>> rows;
};

ForeignLogits FileOf(const Written& written) {
  const auto rows = static_cast<int64_t>(written.rows.size());
  const auto tokens = static_cast<int64_t>(written.ids.size());
  std::vector<std::byte> bytes;
  const auto append = [&](const void* data, size_t size) {
    const auto* const begin = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  };
  const std::string header = reference::SafetensorsHeader(std::vector<reference::TensorInfo>{
      {"logits", TensorType::kFloat32, {rows, static_cast<int64_t>(kVocabulary)}},
      {"positions", TensorType::kInt64, {rows}},
      {"token_ids", TensorType::kInt64, {tokens}}});
  append(header.data(), header.size());
  for (const std::vector<float>& row : written.rows) append(row.data(), row.size() * sizeof(float));
  append(written.positions.data(), written.positions.size() * sizeof(int64_t));
  const std::vector<int64_t> ids(written.ids.begin(), written.ids.end());
  append(ids.data(), ids.size() * sizeof(int64_t));
  return ForeignLogits::FromBytes(std::move(bytes), "engine.safetensors");
}

class TextPassLogitsTest : public testing::Test {
 protected:
  static const reference::Model& Model(ComputeType type) {
    const auto load = [](ComputeType of) {
      return LoadModel(TinyModelFolder(),
                       {.type = of, .linear = reference::LinearLibrary::kAten, .progress = {}});
    };
    static const LoadedModel narrow = load(ComputeType::kFloat32);
    static const LoadedModel wide = load(ComputeType::kFloat64);
    return type == ComputeType::kFloat64 ? *wide.model : *narrow.model;
  }

  // The fused arm over the first 80 tokens: more than two blocks.
  static Written Honest() {
    Written written;
    written.ids = TinyGoldens()[0].ids;
    written.ids.resize(80);
    const auto arm = MakeArm("fused", 1);
    const reference::Model& model = Model(ComputeType::kFloat32);
    reference::ModelCache cache = model.NewCache(1, *arm);
    const reference::HiddenStates hidden = model.Forward(written.ids, cache, *arm);
    written.positions.resize(80);
    std::iota(written.positions.begin(), written.positions.end(), 0);
    const reference::LogitBlock block = model.Logits(hidden, written.positions);
    for (int64_t row = 0; row < 80; ++row) {
      const auto values = block.Float32(row);
      written.rows.emplace_back(values.begin(), values.end());
    }
    return written;
  }

  // `file` or the fused arm against eager and, by request, the truth.
  TextPassResult Run(const std::vector<int32_t>& ids, const ForeignLogits* file,
                     Truth truth = Truth::kNone) {
    const auto fused = MakeArm("fused", 1);
    const auto eager = MakeArm("eager", 1);
    const auto oracle = MakeArm("oracle", 2);
    TextPassRequest request;
    request.ids = ids;
    request.positions = static_cast<int64_t>(ids.size());
    request.by_layer = true;
    request.model = &Model(ComputeType::kFloat32);
    if (file == nullptr) request.candidate = fused.get();
    request.candidate_logits = file;
    request.baseline = eager.get();
    if (truth == Truth::kOracle) {
      request.truth_model = &Model(ComputeType::kFloat64);
      request.truth = oracle.get();
    }
    return RunTextPass(request, {});
  }

  TextPassResult RunSpoiled(const std::function<void(Written&)>& spoil) {
    Written written = Honest();
    const std::vector<int32_t> ids = written.ids;
    spoil(written);
    const ForeignLogits file = FileOf(written);
    return Run(ids, &file);
  }
};

TEST_F(TextPassLogitsTest, AFileOfAnArmsLogitsDriftsAsTheArmDoes) {
  const Written written = Honest();
  const ForeignLogits file = FileOf(written);
  const TextPassResult arm = Run(written.ids, nullptr, Truth::kOracle);
  const TextPassResult read = Run(written.ids, &file, Truth::kOracle);
  EXPECT_EQ(read.drift.baseline->raw.max_abs, arm.drift.baseline->raw.max_abs);
  EXPECT_EQ(read.drift.baseline->kl.mean, arm.drift.baseline->kl.mean);
  EXPECT_EQ(read.drift.baseline->perplexity.candidate, arm.drift.baseline->perplexity.candidate);
  EXPECT_EQ(read.drift.truth->raw.max_abs, arm.drift.truth->raw.max_abs);
  EXPECT_EQ(read.drift.baseline->rows.usable, 80);
  EXPECT_EQ(read.drift.baseline->true_tokens, 79);
  EXPECT_EQ(read.agreement.agree, 80);
  // A file has no layers; the baseline has.
  EXPECT_TRUE(arm.drift.layers_baseline.has_value() && arm.drift.layers_truth.has_value());
  EXPECT_FALSE(read.drift.layers_baseline.has_value() || read.drift.layers_truth.has_value());
  EXPECT_TRUE(read.drift.layers_baseline_to_truth.has_value());
}

// Of an independent forward pass in float64, whose logits are kept at a few positions.
TEST_F(TextPassLogitsTest, GoldenLogitsDriftAsLittleAsFusedOnes) {
  for (const GoldenText& golden : TinyGoldens()) {
    SCOPED_TRACE(golden.name);
    Written written;
    written.ids = golden.ids;
    for (const auto& [position, row] : golden.logits) {
      written.positions.push_back(position);
      written.rows.emplace_back();
      for (const double logit : row) written.rows.back().push_back(static_cast<float>(logit));
    }
    const ForeignLogits file = FileOf(written);
    const TextPassResult fused = Run(golden.ids, nullptr, Truth::kOracle);
    const TextPassResult read = Run(golden.ids, &file, Truth::kOracle);
    EXPECT_EQ(read.drift.baseline->rows.usable, static_cast<int64_t>(golden.logits.size()));
    EXPECT_EQ(read.agreement.agree, static_cast<int64_t>(golden.logits.size()));
    for (const auto* const result : {&fused, &read}) {
      EXPECT_GT(result->drift.baseline->raw.max_abs, 0);
      EXPECT_LE(result->drift.baseline->raw.max_abs, 1e-4);  // as quick.yaml asks of fused
    }
    // Their own rounding to float32 alone.
    EXPECT_LT(read.drift.truth->raw.max_abs, 2e-6);
  }
}

TEST_F(TextPassLogitsTest, PlantedShiftedPositionsAreFound) {
  const TextPassResult result = RunSpoiled([](Written& written) {
    written.positions.pop_back();  // rows 0 to 78 as if they had seen one token more
    written.rows.pop_back();
    for (int64_t& position : written.positions) ++position;
  });
  EXPECT_EQ(result.drift.baseline->rows.usable, 79);
  EXPECT_GT(result.drift.baseline->raw.max_abs, 1);
  EXPECT_GT(result.drift.baseline->kl.mean, 0.1);
  EXPECT_GT(result.agreement.mismatch, 40);
}

TEST_F(TextPassLogitsTest, PlantedSwappedTokensOfARowAreFound) {
  const TextPassResult result = RunSpoiled([](Written& written) {
    std::vector<float>& row = written.rows[33];
    const auto largest = std::max_element(row.begin(), row.end());
    std::iter_swap(largest, std::min_element(row.begin(), row.end()));
  });
  EXPECT_EQ(result.agreement.mismatch, 1);
  EXPECT_EQ(result.agreement.agree, 79);
  EXPECT_EQ(result.drift.baseline->kl.max_position, 33);
  EXPECT_GT(result.drift.baseline->raw.max_abs, 1);
}

TEST_F(TextPassLogitsTest, PlantedOneWrongLogitIsFoundWhereItIs) {
  const TextPassResult result = RunSpoiled([](Written& written) { written.rows[70][5] += 0.01F; });
  EXPECT_NEAR(result.drift.baseline->raw.max_abs, 0.01, 1e-4);
  EXPECT_EQ(result.drift.baseline->raw.max_position, 70);
  EXPECT_EQ(result.drift.baseline->raw.max_token, 5);
}

TEST_F(TextPassLogitsTest, PlantedSwappedTokenIdsAreRefused) {
  EXPECT_THAT(
      [&] { RunSpoiled([](Written& written) { std::swap(written.ids[7], written.ids[9]); }); },
      ThrowsMessage<reference::InputError>(
          AllOf(HasSubstr("engine.safetensors: tensor 'token_ids'"), HasSubstr("as element 7"),
                HasSubstr("deltagauge tokenize"))));
}

TEST_F(TextPassLogitsTest, AFileForLaterPositionsOnlyIsRefused) {
  Written written = Honest();
  std::vector<int32_t> ids = written.ids;
  written.positions.erase(written.positions.begin(), written.positions.begin() + 50);
  written.rows.erase(written.rows.begin(), written.rows.begin() + 50);
  const ForeignLogits file = FileOf(written);
  ids.resize(60);
  EXPECT_EQ(Run(ids, &file).drift.baseline->rows.usable, 10);
  ids.resize(50);
  EXPECT_THAT([&] { Run(ids, &file); },
              ThrowsMessage<reference::InputError>(
                  HasSubstr("expected some of the first 50, which the case compares, found 50")));
}

}  // namespace
}  // namespace deltagauge
