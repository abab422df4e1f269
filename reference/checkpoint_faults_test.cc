// Each way in which a checkpoint can be wrong, planted: file, tensor, expected and found are told.
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/checkpoint.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/small_checkpoint_test.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {
namespace {

constexpr const char* kIndex = "model.safetensors.index.json";
const std::string kPrefix(kPublishedPrefix);

// The message, the folder left out of it.
std::string ErrorOf(const TemporaryFolder& folder) {
  std::string what = "no error";
  try {
    Checkpoint::Open(folder.path());
  } catch (const InputError& error) {
    what = error.what();
  }
  const std::string place = PathName(folder / "");
  for (size_t at = what.find(place); at != std::string::npos; at = what.find(place)) {
    what.erase(at, place.size());
  }
  return what;
}

std::string ErrorOf(const std::vector<TensorInfo>& tensors) {
  const TemporaryFolder folder;
  WriteSingle(folder, tensors);
  return ErrorOf(folder);
}

std::string ErrorOfIndex(std::string_view index) {
  try {
    ParseCheckpointIndex(index, "index.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CheckpointFaultTest, NoneWithoutAFault) {
  EXPECT_EQ(ErrorOf(SmallTensors()), "no error");
  const TemporaryFolder folder;
  SmallShards().Write(folder);
  EXPECT_EQ(ErrorOf(folder), "no error");
}

TEST(CheckpointFaultTest, MissingFiles) {
  const TemporaryFolder folder;
  EXPECT_THAT(ErrorOf(folder), testing::StartsWith("config.json: expected a readable file, found"));
  WriteFile(folder / "config.json", kSmallConfig);
  EXPECT_THAT(ErrorOf(folder), testing::EndsWith(": expected model.safetensors.index.json or "
                                                 "model.safetensors, found neither"));
  WriteFile(folder / "model.safetensors", "");
  EXPECT_EQ(ErrorOf(folder), "model.safetensors: expected a file with content, found an empty one");
  EXPECT_THROW(Checkpoint::Open(folder / "config.json"), InputError);
  EXPECT_THROW(Checkpoint::Open(folder / "nowhere"), InputError);
}

TEST(CheckpointFaultTest, ConfigurationThatIsWrong) {
  const TemporaryFolder folder;
  WriteSingle(folder, SmallTensors(), "{\n  \"hidden_size\": \n}");
  EXPECT_THAT(ErrorOf(folder), testing::StartsWith("config.json:3:1: expected JSON"));
  WriteFile(folder / "config.json", "{}");
  EXPECT_THAT(ErrorOf(folder), testing::StartsWith("config.json: num_hidden_layers: expected"));
}

TEST(CheckpointFaultTest, WrongShape) {
  std::vector<TensorInfo> tensors = SmallTensors();
  Named(tensors, kPrefix + "layers.0.linear_attn.conv1d.weight").shape = {46, 4};
  EXPECT_EQ(ErrorOf(tensors),
            "model.safetensors: tensor 'model.language_model.layers.0.linear_attn.conv1d.weight': "
            "expected shape [46, 1, 4], found [46, 4]; is this the checkpoint that config.json "
            "describes?");
}

TEST(CheckpointFaultTest, WrongShapeOfAHeadThatIsNotUsed) {
  std::vector<TensorInfo> tensors = SmallTensors();
  tensors.push_back({"lm_head.weight", TensorType::kBFloat16, {8, 11}});
  EXPECT_THAT(ErrorOf(tensors), testing::HasSubstr("tensor 'lm_head.weight': expected shape [11, 8]"
                                                   ", found [8, 11]"));
}

TEST(CheckpointFaultTest, EachShapeIsChecked) {
  const size_t count = SmallTensors().size();
  for (size_t i = 0; i < count; ++i) {
    std::vector<TensorInfo> tensors = SmallTensors();
    ++tensors[i].shape.back();
    EXPECT_THAT(ErrorOf(tensors), testing::HasSubstr(tensors[i].name + "': expected shape "));
  }
}

TEST(CheckpointFaultTest, WrongType) {
  std::vector<TensorInfo> tensors = SmallTensors();
  Named(tensors, kPrefix + "norm.weight").type = TensorType::kFloat64;
  EXPECT_EQ(
      ErrorOf(tensors),
      "model.safetensors: tensor 'model.language_model.norm.weight': expected dtype F32, BF16 "
      "or F16, found F64");
}

TEST(CheckpointFaultTest, EachTensorIsMissed) {
  const size_t count = SmallTensors().size();
  for (size_t i = 0; i < count; ++i) {
    std::vector<TensorInfo> tensors = SmallTensors();
    const std::string name = tensors[i].name.substr(kPrefix.size());
    const std::string shape = ShapeName(tensors[i].shape);
    tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(ErrorOf(tensors), "model.safetensors: tensor '" + name +
                                    "': expected F32, BF16 or F16 " + shape + ", found none");
  }
}

TEST(CheckpointFaultTest, SeveralMissing) {
  std::vector<TensorInfo> tensors = SmallTensors();
  Remove(tensors, kPrefix + "norm.weight");
  Remove(tensors, kPrefix + "embed_tokens.weight");
  EXPECT_EQ(ErrorOf(tensors),
            "model.safetensors: tensor 'embed_tokens.weight': expected F32, BF16 or F16 [11, 8], "
            "found none (2 are missing)");
}

TEST(CheckpointFaultTest, UnknownNames) {
  const auto error = [](const std::string& name) {
    std::vector<TensorInfo> tensors = SmallTensors();
    tensors.push_back({name, TensorType::kBFloat16, {8}});
    return ErrorOf(tensors);
  };
  EXPECT_EQ(error("model.language_model.layers.0.linear_attn.in_proj_qvk.weight"),
            "model.safetensors: tensor 'model.language_model.layers.0.linear_attn.in_proj_qvk."
            "weight': expected a tensor of the model, found an unknown name; did you mean "
            "'layers.0.linear_attn.in_proj_qkv.weight'?");
  EXPECT_THAT(error("model.language_model.layers.4.mlp.up_proj.weight"),
              testing::EndsWith("an unknown name; config.json has 4 layers"));
  EXPECT_THAT(error("layers.99999999999999999999.mlp.up_proj.weight"),
              testing::HasSubstr("an unknown name"));
  EXPECT_THAT(error("model.layers.3.linear_attn.A_log"),
              testing::EndsWith("; layer 3 is full_attention in config.json"));
  EXPECT_THAT(error("model.layers.2.self_attn.q_norm.weight"),
              testing::EndsWith("; layer 2 is linear_attention in config.json"));
  EXPECT_THAT(error("classifier.bias"), testing::EndsWith("found an unknown name"));
  EXPECT_THAT(error("model.layers.3.self_attn.q_proj.bias"), testing::HasSubstr("unknown name"));
}

TEST(CheckpointFaultTest, OneTensorUnderTwoNames) {
  std::vector<TensorInfo> tensors = SmallTensors();
  tensors.push_back({"model.norm.weight", TensorType::kBFloat16, {8}});
  EXPECT_EQ(ErrorOf(tensors),
            "model.safetensors: tensor 'model.norm.weight': expected one tensor for 'norm.weight', "
            "found 'model.language_model.norm.weight' too");
}

TEST(CheckpointFaultTest, OneTensorInTwoShards) {
  const TemporaryFolder folder;
  SmallShards shards;
  shards.second.push_back(shards.first[0]);
  std::vector<IndexEntry> entries = SmallShards().Entries();
  shards.Write(folder, entries);
  EXPECT_EQ(ErrorOf(folder), std::string(kSecondShard) + ": tensor '" + shards.first[0].name +
                                 "': expected that " + kIndex + " says it lies here, found '" +
                                 kFirstShard + "'");
}

TEST(CheckpointFaultTest, ShardNamedButMissing) {
  const TemporaryFolder folder;
  SmallShards().Write(folder);
  std::filesystem::remove(folder / kSecondShard);
  EXPECT_THAT(ErrorOf(folder),
              testing::StartsWith(std::string(kSecondShard) + ": expected a readable file, found"));
  std::filesystem::create_directory(folder / kSecondShard);
  EXPECT_EQ(ErrorOf(folder), std::string(kSecondShard) + ": expected a file, found a folder");
}

TEST(CheckpointFaultTest, TruncatedShard) {
  const TemporaryFolder folder;
  const SmallShards shards;
  shards.Write(folder);
  std::filesystem::resize_file(folder / kSecondShard,
                               std::filesystem::file_size(folder / kSecondShard) - 1);
  EXPECT_THAT(ErrorOf(folder),
              testing::AllOf(testing::StartsWith(std::string(kSecondShard) + ": tensor '" +
                                                 shards.second.back().name + "': expected"),
                             testing::EndsWith("is the file truncated?")));
}

TEST(CheckpointFaultTest, InTheIndexButNotInItsShard) {
  const TemporaryFolder folder;
  std::vector<IndexEntry> entries = SmallShards().Entries();
  entries.push_back({"mtp.norm.weight", kFirstShard});
  SmallShards().Write(folder, entries);
  EXPECT_EQ(ErrorOf(folder), std::string(kIndex) + ": tensor 'mtp.norm.weight': expected it in '" +
                                 kFirstShard + "', found no such tensor there");
}

TEST(CheckpointFaultTest, InTheIndexUnderAMistypedName) {
  const TemporaryFolder folder;
  std::vector<IndexEntry> entries = SmallShards().Entries();
  const std::string name = entries[0].tensor;
  entries[0].tensor += "s";
  SmallShards().Write(folder, entries);
  EXPECT_THAT(ErrorOf(folder), testing::EndsWith("; did you mean '" + name + "'?"));
}

TEST(CheckpointFaultTest, InAShardButNotInTheIndex) {
  const TemporaryFolder folder;
  SmallShards shards;
  const std::vector<IndexEntry> entries = shards.Entries();
  shards.first.push_back({"mtp.norm.weight", TensorType::kBFloat16, {8}});
  shards.Write(folder, entries);
  EXPECT_EQ(ErrorOf(folder), std::string(kFirstShard) +
                                 ": tensor 'mtp.norm.weight': expected that " + kIndex +
                                 " says it lies here, found no entry of this name");
}

TEST(CheckpointFaultTest, InTheIndexUnderTheWrongShard) {
  const TemporaryFolder folder;
  std::vector<IndexEntry> entries = SmallShards().Entries();
  entries[0].file = kSecondShard;
  SmallShards().Write(folder, entries);
  EXPECT_THAT(ErrorOf(folder), testing::HasSubstr("expected it in '" + std::string(kSecondShard)));
}

TEST(CheckpointFaultTest, MissingFromIndexAndShards) {
  const TemporaryFolder folder;
  SmallShards shards;
  Remove(shards.second, kPrefix + "norm.weight");
  shards.Write(folder);
  EXPECT_EQ(
      ErrorOf(folder),
      std::string(kIndex) + ": tensor 'norm.weight': expected F32, BF16 or F16 [8], found none");
}

TEST(CheckpointIndexTest, Reads) {
  const std::vector<IndexEntry> entries =
      ParseCheckpointIndex(R"({"weight_map": {"b": "x.safetensors", "a": "y.safetensors"}})", "i");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].tensor, "b");
  EXPECT_EQ(entries[1].file, "y.safetensors");
}

TEST(CheckpointIndexTest, PathsThatLeaveTheFolder) {
  for (const char* path : {"../x.safetensors", "a/../../x.safetensors", "/tmp/x.safetensors",
                           "a/x.safetensors", "..\\\\x.safetensors", "c:x.safetensors", "..", ".",
                           "", ".safetensors", "x.bin", "x.safetensors/", "x\\u0000.safetensors"}) {
    EXPECT_THAT(ErrorOfIndex(std::string(R"({"weight_map": {"a": ")") + path + "\"}}"),
                testing::StartsWith("index.json: tensor 'a': expected the name of a .safetensors "
                                    "file in this folder, found the string "))
        << path;
  }
  EXPECT_THAT(
      ErrorOfIndex(R"({"weight_map": {"a": ")" + std::string(300, 'x') + R"(.safetensors"}})"),
      testing::HasSubstr("expected the name of a .safetensors file"));
  EXPECT_EQ(ErrorOfIndex(R"({"weight_map": {"a": "..x.safetensors"}})"), "no error");
}

TEST(CheckpointIndexTest, Malformed) {
  EXPECT_THAT(ErrorOfIndex("{"), testing::StartsWith("index.json:1:2: expected JSON"));
  EXPECT_EQ(ErrorOfIndex("{}"),
            "index.json: weight_map: expected an object of tensor names and their files, found "
            "none");
  EXPECT_THAT(ErrorOfIndex("[]"), testing::HasSubstr("found none"));
  EXPECT_THAT(ErrorOfIndex(R"({"weight_map": []})"), testing::HasSubstr("found a list of 0"));
  EXPECT_THAT(ErrorOfIndex(R"({"weight_map": {}})"), testing::HasSubstr("found an empty object"));
  EXPECT_THAT(ErrorOfIndex(R"({"weight_map": {"a": 5}})"),
              testing::HasSubstr("tensor 'a': expected the name of a .safetensors file in this "
                                 "folder, found the number 5"));
  EXPECT_THAT(ErrorOfIndex(R"({"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}})"),
              testing::HasSubstr("found 'a' twice"));
  std::string many = R"({"weight_map": {)";
  for (size_t i = 0; i <= kMaxShards; ++i) {
    const std::string number = std::to_string(i);
    many += (i > 0 ? ",\"" : "\"") + number + "\":\"" + number + ".safetensors\"";
  }
  EXPECT_THAT(ErrorOfIndex(many + "}}"), testing::HasSubstr("at most 1024 files"));
  EXPECT_THAT(ErrorOfIndex(std::string(kMaxIndexBytes + 1, ' ')),
              testing::HasSubstr("at most 16777216 bytes"));
}

}  // namespace
}  // namespace deltagauge::reference
