#include "reference/synthetic_graft.h"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/synthetic_shape.h"
#include "reference/synthetic_values.h"

namespace deltagauge::reference {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Elements of tensors of Qwen3.5-0.8B after the graft.
class GraftTest : public ::testing::Test {
 protected:
  GraftTest() : graft_(Graft::Open(DELTAGAUGE_FIXTURES "/qwen3_5-tiny")) {
    for (TensorInfo& tensor :
         SyntheticTensors(FindSyntheticShape("qwen3_5-0.8b"), SyntheticParts::kAll)) {
      shapes_[tensor.name] = tensor.shape;
    }
  }

  float At(std::string name, int64_t row, int64_t column) const {
    if (!name.starts_with("mtp.")) name = "model.language_model." + name;
    const std::vector<int64_t>& shape = shapes_.at(name);
    const int64_t columns = ElementsOf(shape) / shape[0];
    std::vector<double> values(static_cast<size_t>(columns));
    SyntheticValues(ValueRules::kV1, name, shape).Fill(row * columns, values);
    graft_.Of(name, shape).Apply(row, columns, values);
    return static_cast<float>(values[static_cast<size_t>(column)]);
  }

  uint16_t Bits(const std::string& name, int64_t row, int64_t column = 0) const {
    return RoundToBFloat16(At(name, row, column));
  }

  uint32_t FloatBits(const std::string& name, int64_t row) const {
    return std::bit_cast<uint32_t>(At(name, row, 0));
  }

  Graft graft_;
  std::map<std::string, std::vector<int64_t>> shapes_;
};

// Raw values that the specification of the recipe names.
TEST_F(GraftTest, Norms) {
  EXPECT_EQ(Bits("norm.weight", 0), 0x3b9b);
  EXPECT_EQ(Bits("norm.weight", 192), 0xbf11);
  EXPECT_EQ(Bits("norm.weight", 1023), 0x44fa);
  EXPECT_EQ(Bits("layers.0.input_layernorm.weight", 0), 0xbf36);
  EXPECT_EQ(Bits("layers.0.input_layernorm.weight", 192), 0xbf11);
  EXPECT_EQ(Bits("layers.0.input_layernorm.weight", 1023), 0xbf80);
  EXPECT_EQ(Bits("layers.4.input_layernorm.weight", 0), 0xbf11);
  EXPECT_EQ(Bits("layers.4.input_layernorm.weight", 1023), 0xbf80);
  const std::string k_norm = "layers.3.self_attn.k_norm.weight";
  EXPECT_EQ(Bits(k_norm, 0), 0xbefd);
  EXPECT_EQ(Bits(k_norm, 1), 0x0000);
  EXPECT_EQ(Bits(k_norm, 4), 0xbeac);
  EXPECT_EQ(Bits(k_norm, 64), 0xbefb);
  EXPECT_EQ(Bits(k_norm, 112), 0x0000);
}

TEST_F(GraftTest, Embedding) {
  EXPECT_EQ(Bits("embed_tokens.weight", 0, 0), 0x3d11);
  EXPECT_EQ(Bits("embed_tokens.weight", 0, 1023), 0x3c24);
  EXPECT_EQ(Bits("embed_tokens.weight", 2048, 0), 0xbc4a);
  EXPECT_EQ(Bits("embed_tokens.weight", 2048, 1023), 0xbf80);
  EXPECT_EQ(Bits("embed_tokens.weight", 2047, 192), 0x0000);
}

TEST_F(GraftTest, Projections) {
  EXPECT_EQ(Bits("layers.0.mlp.down_proj.weight", 0, 0), 0xbd9d);
  EXPECT_EQ(Bits("layers.0.mlp.down_proj.weight", 0, 512), 0xbb9f);
  EXPECT_EQ(Bits("layers.0.mlp.down_proj.weight", 192, 0), 0x0000);
  EXPECT_EQ(Bits("layers.4.mlp.down_proj.weight", 0, 0), 0x3b3b);
  const std::string q_proj = "layers.3.self_attn.q_proj.weight";
  EXPECT_EQ(Bits(q_proj, 0), 0x3d8a);
  EXPECT_EQ(Bits(q_proj, 1), 0x0000);
  EXPECT_EQ(Bits(q_proj, 4), 0x3dc8);
  EXPECT_EQ(Bits(q_proj, 256), 0x3ce0);
  EXPECT_EQ(Bits(q_proj, 2048), 0x3d34);
}

TEST_F(GraftTest, Rates) {
  EXPECT_EQ(FloatBits("layers.12.linear_attn.A_log", 0), 0x40282999);
  EXPECT_EQ(FloatBits("layers.12.linear_attn.A_log", 4), 0xc026e905);
}

// The constant direction: every layer's norm makes it zero, and no layer adds to it.
TEST_F(GraftTest, NoLayerReadsOrWritesTheConstantDirection) {
  for (const auto& [full_name, shape] : shapes_) {
    const std::string prefix = "model.language_model.";
    if (!full_name.starts_with(prefix + "layers.")) continue;
    const std::string name = full_name.substr(prefix.size());
    if (name.ends_with("layernorm.weight")) {
      EXPECT_EQ(At(name, 1023, 0), -1.0f) << name;
    } else if (name.ends_with("down_proj.weight") || name.ends_with("o_proj.weight") ||
               name.ends_with("out_proj.weight")) {
      for (const int64_t column : {0, 511, 512, 2047}) {
        EXPECT_EQ(std::bit_cast<uint32_t>(At(name, 1023, column)), 0u) << name << " " << column;
      }
    }
  }
}

TEST_F(GraftTest, OtherPartsAreThoseOfV1) {
  for (const std::string name : {"mtp.layers.0.mlp.down_proj.weight", "mtp.norm.weight"}) {
    const std::vector<int64_t>& shape = shapes_.at(name);
    const int64_t columns = ElementsOf(shape) / shape[0];
    std::vector<double> v1(static_cast<size_t>(columns));
    SyntheticValues(ValueRules::kV1, name, shape).Fill(1023 * columns, v1);
    EXPECT_EQ(At(name, 1023, columns - 1), static_cast<float>(v1.back())) << name;
  }
}

TEST_F(GraftTest, ASparePartKeepsAFifthOfItsStrength) {
  const std::string name = "model.language_model.layers.7.self_attn.o_proj.weight";
  std::vector<double> v1(1);
  SyntheticValues(ValueRules::kV1, name, shapes_.at(name)).Fill(0, v1);
  EXPECT_EQ(At("layers.7.self_attn.o_proj.weight", 0, 0), static_cast<float>(v1[0] * 0.2));
}

TEST(TensorGraftTest, KeptZeroAndSmallElements) {
  TensorGraft graft;
  graft.scale = 2;
  graft.zero_row = 3;
  graft.row_source = {0, TensorGraft::kZero, TensorGraft::kKept, TensorGraft::kKept};
  graft.column_source = {1, TensorGraft::kZero, TensorGraft::kKept};
  graft.small = {10, 20};
  graft.small_columns = 2;
  graft.constant_column = 2;
  graft.column_values = {5, 6, 7, 8};
  std::vector<double> values(12, 1.0);
  graft.Apply(0, 3, values);
  EXPECT_THAT(values, ElementsAre(20, 0, 5, 0, 0, 6, 2, 2, 7, 0, 0, 8));
  std::vector<double> last_rows(6, 1.0);
  graft.Apply(2, 3, last_rows);
  EXPECT_THAT(last_rows, ElementsAre(2, 2, 7, 0, 0, 8));
  graft.constant_column = -1;
  std::vector<double> first_row(3, 1.0);
  graft.Apply(0, 3, first_row);
  EXPECT_THAT(first_row, ElementsAre(20, 0, 2));
}

// Same shapes, one bit of one weight changed.
TEST(GraftOpenTest, AnotherSmallModelIsRefused) {
  const fs::path folder = fs::path(::testing::TempDir()) / "deltagauge_graft_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const char* name : {"config.json", "model.safetensors.index.json"}) {
    fs::copy_file(fs::path(DELTAGAUGE_FIXTURES "/qwen3_5-tiny") / name, folder / name);
  }
  const std::string shard = "model.safetensors-00001-of-00001.safetensors";
  std::ifstream source(fs::path(DELTAGAUGE_FIXTURES "/qwen3_5-tiny") / shard, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(source), {});
  ASSERT_EQ(bytes.size(), 11'101'056);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  std::ofstream(folder / shard, std::ios::binary) << bytes;
  try {
    Graft::Open(folder);
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("recipe graft needs the small model of sha256 f1b13934"));
  }
  fs::remove_all(folder);
  EXPECT_THROW(Graft::Open(folder), InputError);
}

}  // namespace
}  // namespace deltagauge::reference
