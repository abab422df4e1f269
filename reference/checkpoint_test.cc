#include "reference/checkpoint.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/published_tensors_test.h"
#include "reference/small_checkpoint_test.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {
namespace {

const std::filesystem::path kTinyModel = DELTAGAUGE_TINY_MODEL;

constexpr std::string_view kPublishedConfig = R"({"text_config": {
  "hidden_size": 1024, "intermediate_size": 3584, "num_hidden_layers": 24,
  "num_attention_heads": 8, "num_key_value_heads": 2, "linear_num_value_heads": 16,
  "tie_word_embeddings": true}})";

// Each tensor of the small model is found, with its own shape and data.
void ExpectSmallModel(const Checkpoint& checkpoint, std::string_view prefix) {
  for (const TensorInfo& info : TensorsOf(SmallConfig())) {
    const TensorView& tensor = checkpoint.Tensor(info.name);
    EXPECT_EQ(tensor.name, std::string(prefix) + info.name);
    EXPECT_EQ(tensor.shape, info.shape) << info.name;
    EXPECT_EQ(tensor.bytes[0], MarkOf(tensor.name)) << info.name;
  }
}

TEST(CheckpointTest, TheSmallTrainedModel) {
  const Checkpoint checkpoint = Checkpoint::Open(kTinyModel);
  EXPECT_EQ(checkpoint.folder(), kTinyModel);
  EXPECT_EQ(checkpoint.config().hidden_size, 192);
  EXPECT_TRUE(checkpoint.HasTiedHead());
  EXPECT_THAT(checkpoint.Files(),
              testing::ElementsAre(kTinyModel / "model.safetensors-00001-of-00001.safetensors"));
  int64_t elements = 0;
  for (const TensorInfo& info : TensorsOf(checkpoint.config())) {
    const TensorView& tensor = checkpoint.Tensor(info.name);
    EXPECT_EQ(tensor.type, info.type) << info.name;
    elements += tensor.Elements();
  }
  EXPECT_EQ(elements, 5'543'152);
  // The norm of a linear layer's output is a plain weight, trained from 1.
  const TensorView& norm = checkpoint.Tensor("layers.0.linear_attn.norm.weight");
  float first = 0;
  std::memcpy(&first, norm.bytes.data(), sizeof(first));
  EXPECT_GT(first, 0.1f);
  EXPECT_LT(first, 10.0f);
  EXPECT_THROW(checkpoint.Tensor("model.language_model.norm.weight"), std::out_of_range);
  EXPECT_THROW(checkpoint.Tensor("lm_head.weight"), std::out_of_range);
}

TEST(CheckpointTest, PagesAndChanges) {
  const Checkpoint checkpoint = Checkpoint::Open(kTinyModel);
  const TensorView& tensor = checkpoint.Tensor("embed_tokens.weight");
  const std::vector<std::byte> before(tensor.bytes.begin(), tensor.bytes.end());
  checkpoint.ReleasePages(tensor);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), tensor.bytes.begin()));
  checkpoint.CheckUnchanged();
}

TEST(CheckpointTest, SeveralShards) {
  const TemporaryFolder folder;
  SmallShards().Write(folder);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  ExpectSmallModel(checkpoint, kPublishedPrefix);
  EXPECT_THAT(checkpoint.Files(),
              testing::ElementsAre(folder / kFirstShard, folder / kSecondShard));
  EXPECT_TRUE(checkpoint.HasTiedHead());
}

TEST(CheckpointTest, TheIndexComesFirst) {
  const TemporaryFolder folder;
  SmallShards().Write(folder);
  WriteFile(folder / "model.safetensors", "not to be read");
  ExpectSmallModel(Checkpoint::Open(folder.path()), kPublishedPrefix);
}

TEST(CheckpointTest, AnyPrefix) {
  for (const char* prefix : {"model.language_model.", "model.", "language_model.model.", ""}) {
    const TemporaryFolder folder;
    WriteSingle(folder, SmallTensors(prefix));
    ExpectSmallModel(Checkpoint::Open(folder.path()), prefix);
  }
}

TEST(CheckpointTest, EachNameByItself) {
  const TemporaryFolder folder;
  std::vector<TensorInfo> tensors = SmallTensors();
  Named(tensors, "model.language_model.norm.weight").name = "model.norm.weight";
  WriteSingle(folder, tensors);
  EXPECT_EQ(Checkpoint::Open(folder.path()).Tensor("norm.weight").name, "model.norm.weight");
}

TEST(CheckpointTest, AnyOfThreeTypes) {
  for (const TensorType type :
       {TensorType::kFloat32, TensorType::kBFloat16, TensorType::kFloat16}) {
    const TemporaryFolder folder;
    std::vector<TensorInfo> tensors = SmallTensors();
    for (TensorInfo& tensor : tensors) tensor.type = type;
    WriteSingle(folder, tensors);
    const Checkpoint checkpoint = Checkpoint::Open(folder.path());
    ExpectSmallModel(checkpoint, kPublishedPrefix);
    EXPECT_EQ(checkpoint.Tensor("layers.0.linear_attn.A_log").type, type);
  }
}

TEST(CheckpointTest, SkipsWhatIsNotTheTextModels) {
  const TemporaryFolder folder;
  std::vector<TensorInfo> tensors = SmallTensors();
  for (const char* name : {"mtp.fc.weight", "mtp.layers.0.self_attn.q_proj.weight",
                           "model.visual.patch_embed.weight", "visual.blocks.0.norm1.weight",
                           "model.language_model.layers.3.self_attn.rotary_emb.inv_freq",
                           "model.language_model.layers.0.linear_attn.conv1d.bias"}) {
    tensors.push_back({name, TensorType::kFloat64, {3}});
  }
  WriteSingle(folder, tensors);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  ExpectSmallModel(checkpoint, kPublishedPrefix);
  EXPECT_THROW(checkpoint.Tensor("mtp.fc.weight"), std::out_of_range);
}

TEST(CheckpointTest, Heads) {
  const auto is_tied = [](bool says_tied, const char* head) {
    std::string config(kSmallConfig);
    if (!says_tied)
      config.replace(config.find("\"tie_word_embeddings\": true"), 27,
                     "\"tie_word_embeddings\": false");
    std::vector<TensorInfo> tensors = SmallTensors();
    if (head != nullptr) tensors.push_back({head, TensorType::kBFloat16, {11, 8}});
    const TemporaryFolder folder;
    WriteSingle(folder, tensors, config);
    const Checkpoint checkpoint = Checkpoint::Open(folder.path());
    if (head != nullptr) {
      EXPECT_EQ(checkpoint.Tensor("lm_head.weight").name, head);
    }
    return checkpoint.HasTiedHead();
  };
  EXPECT_TRUE(is_tied(true, nullptr));
  EXPECT_TRUE(is_tied(true, "lm_head.weight"));
  EXPECT_TRUE(is_tied(false, nullptr));
  EXPECT_FALSE(is_tied(false, "lm_head.weight"));
  EXPECT_FALSE(is_tied(false, "language_model.lm_head.weight"));
}

TEST(TensorsOfTest, ShapesByHand) {
  const std::map<std::string, std::vector<int64_t>> expected = {
      {"embed_tokens.weight", {11, 8}},
      {"norm.weight", {8}},
      {"layers.0.input_layernorm.weight", {8}},
      {"layers.0.post_attention_layernorm.weight", {8}},
      {"layers.0.mlp.gate_proj.weight", {12, 8}},
      {"layers.0.mlp.up_proj.weight", {12, 8}},
      {"layers.0.mlp.down_proj.weight", {8, 12}},
      {"layers.0.linear_attn.in_proj_qkv.weight", {2 * 2 * 4 + 6 * 5, 8}},
      {"layers.0.linear_attn.in_proj_z.weight", {30, 8}},
      {"layers.0.linear_attn.in_proj_b.weight", {6, 8}},
      {"layers.0.linear_attn.in_proj_a.weight", {6, 8}},
      {"layers.0.linear_attn.conv1d.weight", {46, 1, 4}},
      {"layers.0.linear_attn.dt_bias", {6}},
      {"layers.0.linear_attn.A_log", {6}},
      {"layers.0.linear_attn.norm.weight", {5}},
      {"layers.0.linear_attn.out_proj.weight", {8, 30}},
      {"layers.3.self_attn.q_proj.weight", {64, 8}},
      {"layers.3.self_attn.k_proj.weight", {16, 8}},
      {"layers.3.self_attn.v_proj.weight", {16, 8}},
      {"layers.3.self_attn.o_proj.weight", {8, 32}},
      {"layers.3.self_attn.q_norm.weight", {8}},
      {"layers.3.self_attn.k_norm.weight", {8}},
  };
  std::vector<TensorInfo> tensors = TensorsOf(SmallConfig());
  EXPECT_EQ(tensors.size(), 2u + 4 * 5 + 3 * 9 + 6);
  for (const auto& [name, shape] : expected) EXPECT_EQ(Named(tensors, name).shape, shape) << name;
}

TEST(TensorsOfTest, PublishedFile) {
  ModelConfig config = ParseModelConfig(kPublishedConfig, "config.json");
  std::vector<TensorInfo> expected = PublishedTensors();
  std::erase_if(expected, [](const TensorInfo& info) { return !TextTensorName(info.name); });
  const std::vector<TensorInfo> found = TensorsOf(config);
  ASSERT_EQ(expected.size(), 320u);
  ASSERT_EQ(found.size(), 320u);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(std::string(kPublishedPrefix) + found[i].name, expected[i].name);
    EXPECT_EQ(found[i].type, expected[i].type) << found[i].name;
    EXPECT_EQ(found[i].shape, expected[i].shape) << found[i].name;
  }
  config.tie_word_embeddings = false;
  EXPECT_EQ(TensorsOf(config).size(), 321u);
}

TEST(TextTensorNameTest, PrefixesAndSkipped) {
  EXPECT_EQ(TextTensorName("model.language_model.layers.0.A_log"), "layers.0.A_log");
  EXPECT_EQ(TextTensorName("model.norm.weight"), "norm.weight");
  EXPECT_EQ(TextTensorName("language_model.model.norm.weight"), "norm.weight");
  EXPECT_EQ(TextTensorName("language_model.lm_head.weight"), "lm_head.weight");
  EXPECT_EQ(TextTensorName("lm_head.weight"), "lm_head.weight");
  EXPECT_EQ(TextTensorName("modelnorm.weight"), "modelnorm.weight");
  EXPECT_EQ(TextTensorName("layers.0.linear_attn.conv1d.biases"),
            "layers.0.linear_attn.conv1d.biases");
  EXPECT_EQ(TextTensorName("mtp.norm.weight"), std::nullopt);
  EXPECT_EQ(TextTensorName("model.visual.merger.norm.weight"), std::nullopt);
  EXPECT_EQ(TextTensorName("visual.merger.norm.weight"), std::nullopt);
  EXPECT_EQ(TextTensorName("model.layers.3.self_attn.rotary_emb.inv_freq"), std::nullopt);
}

#ifdef __linux__  // where a file of holes takes no room
TEST(CheckpointTest, FullSize) {
  const std::vector<TensorInfo> infos = PublishedTensors();
  const std::string shard = "model.safetensors-00001-of-00001.safetensors";
  std::vector<IndexEntry> entries;
  for (const TensorInfo& info : infos) entries.push_back({info.name, shard});
  const TemporaryFolder folder;
  WriteFile(folder / "config.json", kPublishedConfig);
  WriteFile(folder / "model.safetensors.index.json", IndexOf(entries));
  WriteFile(folder / shard, SafetensorsHeader(infos));
  std::filesystem::resize_file(folder / shard, 1'746'942'600);
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const TensorView& norm = checkpoint.Tensor("norm.weight");
  EXPECT_EQ(norm.bytes.size(), 2048u);
  EXPECT_EQ(norm.bytes.back(), std::byte{0});
  EXPECT_EQ(checkpoint.Tensor("embed_tokens.weight").Elements(), 254'279'680);
  std::filesystem::resize_file(folder / shard, 1'746'942'599);
  EXPECT_THROW(checkpoint.CheckUnchanged(), InputError);
  EXPECT_THROW(Checkpoint::Open(folder.path()), InputError);
}
#endif

}  // namespace
}  // namespace deltagauge::reference
