#include "reference/synthetic_shard.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "reference/sha256.h"
#include "reference/synthetic_shape.h"

namespace deltagauge::reference {
namespace {

// Of the data of all tensors of Qwen3.5-0.8B that begin so, without a header.
std::string HashOfTensors(const std::string& beginning, const Graft* graft) {
  std::vector<TensorInfo> tensors;
  for (TensorInfo& tensor :
       SyntheticTensors(FindSyntheticShape("qwen3_5-0.8b"), SyntheticParts::kAll)) {
    if (tensor.name.starts_with(beginning)) tensors.push_back(std::move(tensor));
  }
  Sha256 hash;
  int64_t bytes = 0;
  SyntheticShard(tensors, graft).Stream([&](std::span<const std::byte> piece) {
    hash.Update(piece);
    bytes += static_cast<int64_t>(piece.size());
  });
  EXPECT_EQ(bytes, DataBytesOf(tensors));
  return hash.Finish();
}

// Pieces of the full-size shards at the time when those had their specified hashes: every element
// of a linear and of a full layer that the small model goes into.
TEST(SyntheticShardTest, WholeLayers) {
  const Graft graft = Graft::Open(DELTAGAUGE_FIXTURES "/qwen3_5-tiny");
  const std::string layers = "model.language_model.layers.";
  EXPECT_EQ(HashOfTensors(layers + "12.", &graft),
            "c07b5dbe833bd86ff83f51148811455f143f1c2c91bf30cd0f7e2affa4c03991");
  EXPECT_EQ(HashOfTensors(layers + "15.", &graft),
            "242bde166f6362ffefa4bd141b0b082b373f5e65f779ca1fd07f3308bfbb01dd");
  EXPECT_EQ(HashOfTensors(layers + "15.", nullptr),
            "7aee791fb67638766495aed9f791d1411d3f19d3acca99021e9935190bf0a68f");
}

TEST(SyntheticShardTest, OnlyTypesThatAreKnown) {
  const std::vector<TensorInfo> tensors = {{"x", TensorType::kFloat16, {4}}};
  EXPECT_THROW(SyntheticShard(tensors, nullptr), std::logic_error);
}

// More rows than a piece has, rows longer than a piece, one element.
TEST(SyntheticShardTest, PiecesJoin) {
  const std::vector<TensorInfo> tensors = {{"a", TensorType::kFloat32, {300, 1000}},
                                           {"b", TensorType::kFloat32, {2, 200'000}},
                                           {"c", TensorType::kFloat32, {1}}};
  std::vector<std::byte> stream;
  SyntheticShard(tensors, nullptr).Stream([&](std::span<const std::byte> piece) {
    stream.insert(stream.end(), piece.begin(), piece.end());
  });
  std::vector<float> values;
  for (const TensorInfo& tensor : tensors) {
    for (const float v : SyntheticTensor(ValueRules::kV1, tensor.name, tensor.shape)) {
      values.push_back(v);
    }
  }
  ASSERT_EQ(stream.size(), values.size() * sizeof(float));
  const std::span<const std::byte> expected = std::as_bytes(std::span(values));
  EXPECT_EQ(stream, std::vector<std::byte>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace deltagauge::reference
