#include "reference/synthetic_shape.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge::reference {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kShard[] = "model.safetensors-00001-of-00001.safetensors";

std::vector<TensorInfo> Tensors(std::string_view shape,
                                SyntheticParts parts = SyntheticParts::kAll) {
  return SyntheticTensors(FindSyntheticShape(shape), parts);
}

// A tensor as the list of the published file has it: name, type, shape, offsets.
std::vector<std::string> Lines(std::span<const TensorInfo> tensors) {
  std::vector<std::string> lines;
  int64_t begin = 0;
  for (const TensorInfo& tensor : tensors) {
    std::string line = tensor.name + "\t" + std::string(NameOf(tensor.type)) + "\t";
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      if (i > 0) line += "x";
      line += std::to_string(tensor.shape[i]);
    }
    const int64_t end =
        begin + ElementsOf(tensor.shape) * static_cast<int64_t>(BytesOf(tensor.type));
    lines.push_back(line + "\t" + std::to_string(begin) + "\t" + std::to_string(end));
    begin = end;
  }
  return lines;
}

TEST(SyntheticTensorsTest, ThePublishedListLineForLine) {
  std::ifstream file(DELTAGAUGE_FIXTURES "/qwen3_5_0_8b_tensors.tsv");
  ASSERT_TRUE(file) << DELTAGAUGE_FIXTURES;
  std::vector<std::string> published;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("#")) published.push_back(line);
  }
  ASSERT_THAT(published, SizeIs(488));
  const std::vector<std::string> lines = Lines(Tensors("qwen3_5-0.8b"));
  ASSERT_THAT(lines, SizeIs(488));
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], published[i]);
}

TEST(SyntheticTensorsTest, TextAloneIsTheBeginningOfAll) {
  const std::vector<std::string> all = Lines(Tensors("qwen3_5-0.8b"));
  const std::vector<std::string> text = Lines(Tensors("qwen3_5-0.8b", SyntheticParts::kTextOnly));
  ASSERT_THAT(text, SizeIs(320));
  EXPECT_EQ(text, std::vector<std::string>(all.begin(), all.begin() + 320));
  EXPECT_EQ(DataBytesOf(Tensors("qwen3_5-0.8b", SyntheticParts::kTextOnly)), 1'504'791'232);
}

// The numbers of parameters that the published models have.
TEST(SyntheticTensorsTest, ParametersOfAllShapes) {
  struct Published {
    std::string_view shape;
    int64_t all, text;
  };
  const Published published[] = {
      {"qwen3_5-0.8b", 873'438'784, 752'393'024},      {"qwen3_5-2b", 2'274'069'824, 1'881'825'088},
      {"qwen3_5-4b", 4'659'865'088, 4'205'751'296},    {"qwen3_5-9b", 9'653'104'368, 8'953'803'264},
      {"qwen3_5-27b", 27'781'427'952, 26'895'998'464},
  };
  EXPECT_THAT(SyntheticShapeNames(), SizeIs(std::size(published)));
  for (const Published& p : published) {
    EXPECT_EQ(ParametersOf(Tensors(p.shape)), p.all) << p.shape;
    EXPECT_EQ(ParametersOf(Tensors(p.shape, SyntheticParts::kTextOnly)), p.text) << p.shape;
  }
}

TEST(FindSyntheticShapeTest, UnknownNameListsTheKnownOnes) {
  try {
    FindSyntheticShape("qwen3_5-1b");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("'qwen3_5-1b'; did you mean 'qwen3_5-2b'?"),
                                    HasSubstr("known: qwen3_5-0.8b"), HasSubstr("qwen3_5-27b")));
  }
}

TEST(SyntheticConfigJsonTest, ThePublishedFile) {
  const std::string config = SyntheticConfigJson(FindSyntheticShape("qwen3_5-0.8b"));
  EXPECT_EQ(config.size(), 2907) << config;
  EXPECT_EQ(Sha256Of(config), "b90b86f35c8e6925ef74ee04d0e758f0a845c83a42089ad82bbaa948de9b4204")
      << config;
}

TEST(SyntheticConfigJsonTest, ReadsBackAsTheShape) {
  for (const std::string_view name : SyntheticShapeNames()) {
    const SyntheticShape shape = FindSyntheticShape(name);
    const ModelConfig read = ParseModelConfig(SyntheticConfigJson(shape), std::string(name));
    EXPECT_EQ(read.vocab_size, shape.text.vocab_size);
    EXPECT_EQ(read.hidden_size, shape.text.hidden_size);
    EXPECT_EQ(read.intermediate_size, shape.text.intermediate_size);
    EXPECT_EQ(read.layers, shape.text.layers);
    EXPECT_EQ(read.attention_heads, shape.text.attention_heads);
    EXPECT_EQ(read.key_value_heads, shape.text.key_value_heads);
    EXPECT_EQ(read.head_dim, shape.text.head_dim);
    EXPECT_EQ(read.rotary_dim, shape.text.rotary_dim);
    EXPECT_EQ(read.rope_theta, shape.text.rope_theta);
    EXPECT_EQ(read.conv_kernel, shape.text.conv_kernel);
    EXPECT_EQ(read.linear_key_heads, shape.text.linear_key_heads);
    EXPECT_EQ(read.linear_value_heads, shape.text.linear_value_heads);
    EXPECT_EQ(read.linear_key_dim, shape.text.linear_key_dim);
    EXPECT_EQ(read.linear_value_dim, shape.text.linear_value_dim);
    EXPECT_EQ(read.rms_norm_eps, shape.text.rms_norm_eps);
    EXPECT_EQ(read.tie_word_embeddings, shape.text.tie_word_embeddings);
    EXPECT_EQ(read.max_positions, shape.text.max_positions);
    EXPECT_EQ(read.eos_token_ids, shape.text.eos_token_ids);
  }
}

TEST(SyntheticIndexJsonTest, SizeAndFormOfThePublishedFile) {
  const std::string index = SyntheticIndexJson(Tensors("qwen3_5-0.8b"), kShard);
  EXPECT_EQ(index.size(), 50'900);
  EXPECT_TRUE(
      index.starts_with("{\n  \"metadata\": {\n    \"total_size\": 1746882752\n  },\n"
                        "  \"weight_map\": {\n    \"model.language_model.embed_tokens.weight\": "
                        "\"model.safetensors-00001-of-00001.safetensors\",\n"))
      << index.substr(0, 300);
  EXPECT_TRUE(index.ends_with("\"\n  }\n}"));
}

TEST(SyntheticTensorsTest, HeaderHasTheSizeOfThePublishedOne) {
  const std::string head = SafetensorsHeader(Tensors("qwen3_5-0.8b"));
  EXPECT_EQ(head.size(), 8 + 59'840);
  EXPECT_EQ(head.substr(0, 8), std::string("\xc0\xe9\0\0\0\0\0\0", 8));
  EXPECT_TRUE(head.ends_with("}}     "));
  EXPECT_TRUE(
      head.substr(8).starts_with("{\"model.language_model.layers.0.linear_attn.A_log\":"
                                 "{\"dtype\":\"F32\",\"shape\":[16],\"data_offsets\":[0,64]},\""));
}

}  // namespace
}  // namespace deltagauge::reference
