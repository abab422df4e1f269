// The full-size shards, written for real: 1.75 GB on the disk at a time.
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "reference/checkpoint.h"
#include "reference/sha256.h"
#include "reference/synthetic_checkpoint.h"

namespace deltagauge::reference {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kNeededBytes = uintmax_t{1900} << 20;

class FullSizeCheckpointTest : public ::testing::TestWithParam<SyntheticRecipe> {
 protected:
  FullSizeCheckpointTest() {
    options_.recipe = GetParam();
    options_.small_model = DELTAGAUGE_FIXTURES "/qwen3_5-tiny";
    options_.out = fs::path(::testing::TempDir()) /
                   ("deltagauge_full_size_" + std::string(NameOf(GetParam())));
    fs::remove_all(options_.out);
  }
  ~FullSizeCheckpointTest() override {
    std::error_code ignored;
    fs::remove_all(options_.out, ignored);
  }

  SyntheticOptions options_;
};

TEST_P(FullSizeCheckpointTest, HasTheSpecifiedHash) {
  const uintmax_t available = fs::space(::testing::TempDir()).available;
  if (available < kNeededBytes) {
    GTEST_SKIP() << ::testing::TempDir() << " has " << (available >> 20) << " MiB, needs "
                 << (kNeededBytes >> 20);
  }
  const SyntheticResult result = WriteSyntheticCheckpoint(options_);
  EXPECT_EQ(result.outcome, SyntheticOutcome::kWritten);
  EXPECT_EQ(result.shard_bytes, 1'746'942'600);
  EXPECT_EQ(fs::file_size(result.shard), 1'746'942'600u);
  const std::string expected =
      GetParam() == SyntheticRecipe::kV1
          ? "a1c1e010332c577a0bca3846eeba5a3151139581d5e248bba2bf995a7a1ec1f8"
          : "ea1060d41e95ff14fb07460b57a92903f33b2ef0d6b2b50ea0fb498bc057e113";
  EXPECT_EQ(Sha256OfFile(result.shard), expected);
  EXPECT_EQ(result.shard_sha256, expected);
  EXPECT_EQ(fs::file_size(options_.out / "config.json"), 2907u);
  EXPECT_EQ(fs::file_size(options_.out / "model.safetensors.index.json"), 50'900u);
  EXPECT_EQ(fs::exists(options_.out / "tokenizer.json"), GetParam() == SyntheticRecipe::kGraft);

  EXPECT_EQ(Checkpoint::Open(options_.out).config().hidden_size, 1024);
  EXPECT_EQ(WriteSyntheticCheckpoint(options_).outcome, SyntheticOutcome::kAlreadyThere);
}

INSTANTIATE_TEST_SUITE_P(Recipes, FullSizeCheckpointTest,
                         ::testing::Values(SyntheticRecipe::kV1, SyntheticRecipe::kGraft),
                         [](const auto& recipe) { return std::string(NameOf(recipe.param)); });

// Nothing is written here.
TEST(HashSyntheticShardTest, TextAlone) {
  SyntheticOptions options;
  options.parts = SyntheticParts::kTextOnly;
  options.small_model = DELTAGAUGE_FIXTURES "/qwen3_5-tiny";
  for (const SyntheticRecipe recipe : {SyntheticRecipe::kV1, SyntheticRecipe::kGraft}) {
    options.recipe = recipe;
    EXPECT_EQ(HashSyntheticShard(options), KnownShardSha256(options.shape, recipe, options.parts));
  }
}

TEST(HashSyntheticShardTest, NextLargerShape) {
  SyntheticOptions options;
  options.shape = "qwen3_5-2b";
  options.recipe = SyntheticRecipe::kV1;
  EXPECT_EQ(HashSyntheticShard(options),
            KnownShardSha256(options.shape, options.recipe, options.parts));
}

}  // namespace
}  // namespace deltagauge::reference
