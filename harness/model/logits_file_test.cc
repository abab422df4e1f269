#include "harness/model/logits_file.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/model/arms.h"
#include "harness/model/foreign_logits.h"
#include "harness/model/model_fixtures.h"
#include "reference/input_error.h"
#include "reference/safetensors.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::InputError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// ---- what the command line gives ----

TEST(ParsePositionsTest, TakesAllLastAndLists) {
  EXPECT_THAT(ParsePositions("all", 4), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(ParsePositions("last", 4), ElementsAre(3));
  EXPECT_THAT(ParsePositions("0", 1), ElementsAre(0));
  EXPECT_THAT(ParsePositions("0,5,9", 10), ElementsAre(0, 5, 9));
}

TEST(ParsePositionsTest, SaysWhatIsWrongAndWhere) {
  const struct {
    const char* text;
    const char* says;
  } kBad[] = {
      {"", "not a number at character 1"},
      {"every", "not a number at character 1"},
      {"1,", "not a number at character 3"},
      {"1,,2", "not a number at character 3"},
      {"1 ,2", "expected a comma at character 2"},
      {"1;2", "expected a comma at character 2"},
      {"1.5", "expected a comma at character 2"},
      {"3,2", "positions must ascend"},
      {"2,2", "positions must ascend"},
      {"10", "position 10 is not among the 10 tokens"},
      {"0,-1", "position -1 is not among the 10 tokens"},
      {"99999999999999999999", "too large at character 1"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT([&] { ParsePositions(bad.text, 10); },
                ThrowsMessage<InputError>(AllOf(HasSubstr(bad.says), HasSubstr("--positions '"),
                                                HasSubstr("expected all, last or ascending"))))
        << bad.text;
  }
}

TEST(ParseTokenIdsTest, TakesAnArray) {
  EXPECT_THAT(ParseTokenIds("[760, 0,\n 2147483647]", "ids.json"), ElementsAre(760, 0, 2147483647));
}

TEST(ParseTokenIdsTest, NamesTheFileAndTheElement) {
  const struct {
    const char* json;
    const char* says;
  } kBad[] = {
      {"", "ids.json"},
      {"[1, 2", "ids.json"},
      {"[1] [2]", "ids.json"},
      {R"({"ids": [1]})", "found: object"},
      {"7", "found: number"},
      {"[]", "no id"},
      {"[1, 2.5]", "element 1 is not an integer"},
      {R"(["1"])", "element 0 is not an integer"},
      {"[1, 2, null]", "element 2 is not an integer"},
      {"[3, -1]", "element 1 is -1"},
      {"[2147483648]", "element 0 is 2147483648"},
      {"[18446744073709551615]", "element 0 is not an integer"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT([&] { ParseTokenIds(bad.json, "ids.json"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("ids.json"), HasSubstr(bad.says))))
        << bad.json;
  }
}

TEST(PassSizesTest, FeedEveryTokenOnce) {
  EXPECT_THAT(PassSizes(5, {}), ElementsAre(5));
  EXPECT_THAT(PassSizes(5, {.prefill = 3, .chunk = {}}), ElementsAre(3, 1, 1));
  EXPECT_THAT(PassSizes(3, {.prefill = 0, .chunk = {}}), ElementsAre(1, 1, 1));
  EXPECT_THAT(PassSizes(3, {.prefill = 3, .chunk = {}}), ElementsAre(3));
  EXPECT_THAT(PassSizes(5, {.prefill = {}, .chunk = 2}), ElementsAre(2, 2, 1));
  EXPECT_THAT(PassSizes(4, {.prefill = {}, .chunk = 2}), ElementsAre(2, 2));
  EXPECT_THAT(PassSizes(5, {.prefill = {}, .chunk = 9}), ElementsAre(5));
  EXPECT_THAT(PassSizes(7, {.prefill = 5, .chunk = 3}), ElementsAre(3, 2, 1, 1));
  EXPECT_THAT(PassSizes(2, {.prefill = 0, .chunk = 3}), ElementsAre(1, 1));
}

TEST(PassSizesTest, PlansThatDontFitAreRefused) {
  const auto refusal = [](const FeedPlan& plan) {
    try {
      PassSizes(5, plan);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal({.prefill = 6, .chunk = {}}), "--prefill 6: there are 5 tokens");
  EXPECT_EQ(refusal({.prefill = -1, .chunk = {}}), "--prefill -1: there are 5 tokens");
  EXPECT_EQ(refusal({.prefill = {}, .chunk = 0}), "--chunk 0: must be at least 1");
  EXPECT_EQ(refusal({.prefill = 2, .chunk = -4}), "--chunk -4: must be at least 1");
}

// ---- the file ----

constexpr size_t kTokens = 40;  // more than one block of rows

class WriteLogitsTest : public testing::Test {
 protected:
  static const reference::Model& Get(ComputeType type) {
    const auto load = [](ComputeType of) {
      return LoadModel(TinyModelFolder(),
                       {.type = of, .linear = reference::LinearLibrary::kAten, .progress = {}});
    };
    static const LoadedModel float32 = load(ComputeType::kFloat32);
    static const LoadedModel bfloat16 = load(ComputeType::kBFloat16);
    static const LoadedModel float64 = load(ComputeType::kFloat64);
    return type == ComputeType::kFloat32   ? *float32.model
           : type == ComputeType::kFloat64 ? *float64.model
                                           : *bfloat16.model;
  }

  // What the file holds, and what it says of itself.
  std::vector<std::vector<double>> Write(ComputeType type, const FeedPlan& plan,
                                         const std::vector<int64_t>& positions) {
    const auto arm = MakeArm("fused", 1);
    const std::filesystem::path out = folder_.path() / "logits.safetensors";
    const reference::Model& model = Get(type);
    WriteLogits(model, *arm, ids_, plan, positions, out,
                [&](std::string_view, double done) { done_.push_back(done); });
    const auto file = reference::SafetensorsFile::Open(out);
    EXPECT_EQ(file.tensors().size(), 3u);
    const reference::TensorView* const tensor = file.Find("logits");
    if (tensor == nullptr) return {};
    const bool wide = type == ComputeType::kFloat64;
    EXPECT_EQ(tensor->type,
              wide ? reference::TensorType::kFloat64 : reference::TensorType::kFloat32);
    EXPECT_THAT(tensor->shape, ElementsAre(positions.size(), model.config().vocab_size));
    std::vector<std::vector<double>> rows(positions.size());
    const std::byte* at = tensor->bytes.data();
    for (std::vector<double>& row : rows) {
      for (int64_t i = 0; i < model.config().vocab_size; ++i) {
        double value = 0;
        float narrow = 0;
        if (wide) {
          std::memcpy(&value, at, sizeof(value));
        } else {
          std::memcpy(&narrow, at, sizeof(narrow));
          value = narrow;
        }
        row.push_back(value);
        at += wide ? sizeof(value) : sizeof(narrow);
      }
    }
    return rows;
  }

  std::vector<std::vector<double>> Direct(ComputeType type) {
    const reference::Model& model = Get(type);
    const auto arm = MakeArm("fused", 1);
    reference::ModelCache cache = model.NewCache(1, *arm);
    const reference::HiddenStates hidden = model.Forward(ids_, cache, *arm);
    std::vector<std::vector<double>> rows;
    for (int64_t begin = 0; begin < hidden.Rows(); begin += 16) {
      std::vector<int64_t> block(static_cast<size_t>(std::min<int64_t>(16, hidden.Rows() - begin)));
      std::iota(block.begin(), block.end(), begin);
      const reference::LogitBlock logits = model.Logits(hidden, block);
      for (int64_t row = 0; row < logits.Rows(); ++row) {
        if (logits.IsDouble()) {
          const auto values = logits.Float64(row);
          rows.emplace_back(values.begin(), values.end());
        } else {
          const auto values = logits.Float32(row);
          rows.emplace_back(values.begin(), values.end());
        }
      }
    }
    return rows;
  }

  static std::vector<int64_t> AllPositions() { return ParsePositions("all", kTokens); }

  const TemporaryFolder folder_;
  std::vector<int32_t> ids_ = [] {
    std::vector<int32_t> ids = TinyGoldens()[0].ids;
    ids.resize(kTokens);
    return ids;
  }();
  std::vector<double> done_;
};

TEST_F(WriteLogitsTest, HoldsWhatTheModelSays) {
  for (const ComputeType type :
       {ComputeType::kFloat32, ComputeType::kBFloat16, ComputeType::kFloat64}) {
    SCOPED_TRACE(NameOf(type));
    const auto rows = Write(type, {}, AllPositions());
    EXPECT_TRUE(rows == Direct(type));
    EXPECT_EQ(done_.back(), 1);
  }
}

TEST_F(WriteLogitsTest, IsACandidateForOtherRuns) {
  const auto rows = Write(ComputeType::kFloat32, {}, {0, 17, 39});
  const ForeignLogits read = ForeignLogits::Open(folder_.path() / "logits.safetensors");
  EXPECT_THAT(read.positions(), ElementsAre(0, 17, 39));
  EXPECT_THAT(read.engine(), AllOf(HasSubstr("deltagauge "), HasSubstr("float32")));
  read.CheckFits(ids_, Get(ComputeType::kFloat32).config().vocab_size);
  std::vector<float> row(static_cast<size_t>(read.vocabulary()));
  read.CopyRow(1, row);
  EXPECT_TRUE(std::equal(row.begin(), row.end(), rows[1].begin(), rows[1].end()));
}

TEST_F(WriteLogitsTest, Float64HoldsMoreThanFloat32) {
  const auto rows = Write(ComputeType::kFloat64, {}, {7});
  int beyond = 0;
  for (const double value : rows[0]) beyond += value != static_cast<float>(value);
  EXPECT_GT(beyond, 1000);
}

TEST_F(WriteLogitsTest, FeedingInPartsChangesOnlyRounding) {
  const auto whole = Direct(ComputeType::kFloat32);
  for (const FeedPlan& plan :
       {FeedPlan{20, {}}, FeedPlan{{}, 7}, FeedPlan{33, 16}, FeedPlan{0, {}}, FeedPlan{{}, 1}}) {
    const auto rows = Write(ComputeType::kFloat32, plan, AllPositions());
    ASSERT_EQ(rows.size(), whole.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      for (size_t i = 0; i < whole[row].size(); ++i) {
        ASSERT_NEAR(rows[row][i], whole[row][i], 1e-4) << "position " << row << ", token " << i;
      }
    }
  }
}

TEST_F(WriteLogitsTest, PositionsAreThoseOfTheTextWhateverTheParts) {
  const auto whole = Direct(ComputeType::kFloat32);
  const std::vector<int64_t> positions = {0, 6, 7, 13, 14, 39};
  for (const FeedPlan& plan : {FeedPlan{{}, 7}, FeedPlan{10, 7}}) {
    const auto rows = Write(ComputeType::kFloat32, plan, positions);
    ASSERT_EQ(rows.size(), positions.size());
    for (size_t i = 0; i < positions.size(); ++i) {
      for (size_t j = 0; j < rows[i].size(); ++j) {
        ASSERT_NEAR(rows[i][j], whole[static_cast<size_t>(positions[i])][j], 1e-4)
            << "position " << positions[i];
      }
    }
  }
}

TEST_F(WriteLogitsTest, AnIdOutsideTheVocabularyLeavesNothingBehind) {
  ids_.back() = 2048;
  EXPECT_THAT([&] { Write(ComputeType::kFloat32, {.prefill = 30, .chunk = {}}, AllPositions()); },
              ThrowsMessage<InputError>(HasSubstr("id 2048")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 0);
}

TEST_F(WriteLogitsTest, AFolderThatIsNotThereIsNamed) {
  const auto arm = MakeArm("fused", 1);
  EXPECT_THAT(
      [&] {
        WriteLogits(Get(ComputeType::kFloat32), *arm, ids_, {}, std::vector<int64_t>{0},
                    folder_.path() / "absent" / "logits.safetensors");
      },
      ThrowsMessage<InputError>(HasSubstr("absent")));
}

}  // namespace
}  // namespace deltagauge
