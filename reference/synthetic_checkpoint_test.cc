#include "reference/synthetic_checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/checkpoint.h"
#include "reference/input_error.h"
#include "reference/sha256.h"
#include "reference/synthetic_values.h"

namespace deltagauge::reference {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kShard[] = "model.safetensors-00001-of-00001.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";
constexpr char kNote[] = "synthetic.txt";

// What this shape gave when the full-size shards had their published hashes: the same on every
// platform.
constexpr char kSmallShardSha256[] =
    "ceb46fbc5f1c6402bda0a1a41259365952b81e55e4ed476c32c7962912c84671";

// Four layers, small in every direction.
SyntheticShape SmallShape() {
  SyntheticShape shape = FindSyntheticShape(kDefaultSyntheticShape);
  shape.name = "small";
  shape.text.vocab_size = 301;
  shape.text.eos_token_ids = {300};
  shape.text.hidden_size = 64;
  shape.text.intermediate_size = 96;
  shape.text.layers.resize(4);
  shape.text.attention_heads = 2;
  shape.text.key_value_heads = 1;
  shape.text.linear_key_heads = 1;
  shape.text.linear_value_heads = 3;
  shape.vision.depth = 2;
  shape.vision.hidden_size = 24;
  shape.vision.intermediate_size = 40;
  shape.vision.positions = 9;
  return shape;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

template <typename Error, typename Call>
std::string ErrorOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class SyntheticCheckpointTest : public ::testing::Test {
 protected:
  SyntheticCheckpointTest() {
    const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::path(::testing::TempDir()) / ("deltagauge_synthetic_" + test);
    fs::remove_all(folder_);
    options_.recipe = SyntheticRecipe::kV1;
    options_.out = folder_ / "checkpoint";
  }
  ~SyntheticCheckpointTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  SyntheticResult Write(const SyntheticProgress& progress = {}) {
    return WriteSyntheticCheckpoint(SmallShape(), "", options_, progress);
  }

  std::string WriteError() {
    return ErrorOf<InputError>([this] { Write(); });
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(options_.out)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path folder_;
  SyntheticOptions options_;
};

TEST_F(SyntheticCheckpointTest, WritesEveryTensorAndNothingElse) {
  int64_t done = 0, total = 0;
  const SyntheticResult result = Write([&](int64_t bytes_done, int64_t bytes_total) {
    EXPECT_GT(bytes_done, done);
    done = bytes_done;
    total = bytes_total;
  });
  EXPECT_EQ(result.outcome, SyntheticOutcome::kWritten);
  EXPECT_EQ(done, total);
  EXPECT_THAT(Files(), ElementsAre("config.json", kShard, kIndex, kNote));
  EXPECT_EQ(static_cast<int64_t>(fs::file_size(result.shard)), total);
  EXPECT_EQ(result.shard_bytes, total);
  EXPECT_EQ(result.shard_sha256, Sha256OfFile(result.shard));
  EXPECT_EQ(result.shard_sha256, kSmallShardSha256);
  EXPECT_EQ(ReadAll(options_.out / kNote), "deltagauge synth, version 1: shape small, recipe v1, " +
                                               std::to_string(total) + " bytes\nsha256 " +
                                               result.shard_sha256 + "\n");

  const SafetensorsFile file = SafetensorsFile::Open(result.shard);
  const auto tensors = SyntheticTensors(SmallShape(), SyntheticParts::kAll);
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorView& view = file.tensors()[i];
    ASSERT_EQ(view.name, tensors[i].name);
    EXPECT_EQ(view.type, tensors[i].type);
    EXPECT_EQ(view.shape, tensors[i].shape);
    const std::vector<float> values = SyntheticTensor(ValueRules::kV1, view.name, view.shape);
    for (size_t k = 0; k < values.size(); ++k) {
      uint32_t found = 0;
      if (view.type == TensorType::kFloat32) {
        std::memcpy(&found, view.bytes.data() + 4 * k, 4);
        ASSERT_EQ(found, std::bit_cast<uint32_t>(values[k])) << view.name << " " << k;
      } else {
        std::memcpy(&found, view.bytes.data() + 2 * k, 2);
        ASSERT_EQ(found, RoundToBFloat16(values[k])) << view.name << " " << k;
      }
    }
  }
}

TEST_F(SyntheticCheckpointTest, LoadsAsACheckpoint) {
  for (const SyntheticParts parts : {SyntheticParts::kAll, SyntheticParts::kTextOnly}) {
    options_.parts = parts;
    options_.out = folder_ / (parts == SyntheticParts::kAll ? "all" : "text");
    Write();
    const Checkpoint checkpoint = Checkpoint::Open(options_.out);
    EXPECT_EQ(checkpoint.config().hidden_size, 64);
    EXPECT_EQ(checkpoint.Tensor("layers.0.linear_attn.A_log").type, TensorType::kFloat32);
    EXPECT_TRUE(checkpoint.HasTiedHead());
  }
}

TEST_F(SyntheticCheckpointTest, SecondCallDoesNothing) {
  const SyntheticResult first = Write();
  const auto written = fs::last_write_time(first.shard);
  for (const ExistingCheck check : {ExistingCheck::kQuick, ExistingCheck::kHash}) {
    options_.existing = check;
    const SyntheticResult second = Write([](int64_t, int64_t) { ADD_FAILURE(); });
    EXPECT_EQ(second.outcome, SyntheticOutcome::kAlreadyThere);
    EXPECT_EQ(second.shard, first.shard);
    EXPECT_EQ(second.shard_bytes, first.shard_bytes);
    EXPECT_EQ(second.shard_sha256, first.shard_sha256);
    EXPECT_EQ(fs::last_write_time(first.shard), written);
  }
}

TEST_F(SyntheticCheckpointTest, DamageIsMended) {
  const SyntheticResult first = Write();
  const std::string shard = ReadAll(first.shard);
  const std::string config = ReadAll(options_.out / "config.json");

  WriteAll(first.shard, shard.substr(0, shard.size() - 1));
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kWritten);
  EXPECT_EQ(ReadAll(first.shard), shard);

  std::string other_config = config;
  other_config[other_config.size() - 3] ^= 1;
  WriteAll(options_.out / "config.json", other_config);
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kWritten);
  EXPECT_EQ(ReadAll(options_.out / "config.json"), config);

  fs::remove(options_.out / kIndex);
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kWritten);
  EXPECT_THAT(Files(), ElementsAre("config.json", kShard, kIndex, kNote));
}

TEST_F(SyntheticCheckpointTest, OnlyTheHashSeesAFlippedBit) {
  const SyntheticResult first = Write();
  const std::string shard = ReadAll(first.shard);
  std::string flipped = shard;
  flipped[flipped.size() / 2] ^= 1;
  WriteAll(first.shard, flipped);
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kAlreadyThere);
  options_.existing = ExistingCheck::kHash;
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kWritten);
  EXPECT_EQ(ReadAll(first.shard), shard);
}

TEST_F(SyntheticCheckpointTest, AnInterruptedCallLeavesNothingThatLooksFinished) {
  const auto interrupt = [](int64_t bytes_done, int64_t bytes_total) {
    if (2 * bytes_done > bytes_total) throw std::runtime_error("interrupted");
  };
  EXPECT_EQ(ErrorOf<std::runtime_error>([&] { Write(interrupt); }), "interrupted");
  EXPECT_THAT(Files(), ElementsAre(kNote));
  EXPECT_THAT(ReadAll(options_.out / kNote), ::testing::EndsWith("\nunfinished\n"));

  // As a process that was killed leaves it.
  WriteAll(options_.out / (std::string(kShard) + ".partial-0123456789abcdef"), "half");
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kWritten);
  EXPECT_THAT(Files(), ElementsAre("config.json", kShard, kIndex, kNote));

  // Interrupted while it mends: the old files don't look finished either.
  fs::remove(options_.out / kIndex);
  EXPECT_EQ(ErrorOf<std::runtime_error>([&] { Write(interrupt); }), "interrupted");
  EXPECT_THAT(Files(), ElementsAre(kNote));
}

TEST_F(SyntheticCheckpointTest, AnotherHashThanTheKnownOneLeavesNoShard) {
  const std::string wrong(64, '0');
  EXPECT_THAT(
      ErrorOf<std::logic_error>([&] { WriteSyntheticCheckpoint(SmallShape(), wrong, options_); }),
      AllOf(HasSubstr(kSmallShardSha256), HasSubstr(wrong)));
  EXPECT_THAT(Files(), ElementsAre(kNote));
  EXPECT_EQ(WriteSyntheticCheckpoint(SmallShape(), kSmallShardSha256, options_).outcome,
            SyntheticOutcome::kWritten);
  // A finished folder of another hash isn't this checkpoint.
  EXPECT_THROW(WriteSyntheticCheckpoint(SmallShape(), wrong, options_), std::logic_error);
}

TEST_F(SyntheticCheckpointTest, ForeignFilesStay) {
  for (const char* name : {"config.json", kShard, kIndex}) {
    fs::create_directories(options_.out);
    WriteAll(options_.out / name, "mine");
    EXPECT_THAT(WriteError(), AllOf(HasSubstr(name), HasSubstr("was not written by"),
                                    HasSubstr("choose another folder")));
    EXPECT_THAT(Files(), ElementsAre(name));
    EXPECT_EQ(ReadAll(options_.out / name), "mine");
    fs::remove_all(options_.out);
  }
  fs::create_directories(options_.out);
  WriteAll(options_.out / kNote, "notes of mine");
  EXPECT_THAT(WriteError(), HasSubstr("was not written by"));
  EXPECT_EQ(ReadAll(options_.out / kNote), "notes of mine");
  WriteAll(options_.out / kNote, std::string(5000, 'x'));
  EXPECT_THAT(WriteError(), HasSubstr("more than 4096 bytes"));
  fs::remove(options_.out / kNote);
  // A file of another name is nobody's business.
  WriteAll(options_.out / "README.md", "mine");
  EXPECT_EQ(Write().outcome, SyntheticOutcome::kWritten);
  EXPECT_EQ(ReadAll(options_.out / "README.md"), "mine");
}

TEST_F(SyntheticCheckpointTest, AnotherCheckpointStays) {
  const SyntheticResult first = Write();
  options_.parts = SyntheticParts::kTextOnly;
  EXPECT_THAT(WriteError(), AllOf(HasSubstr("holds another checkpoint: shape small, recipe v1, "),
                                  HasSubstr("expected shape small, recipe v1, text only, ")));
  EXPECT_EQ(Sha256OfFile(first.shard), first.shard_sha256);
}

TEST_F(SyntheticCheckpointTest, FoldersThatCannotBeWritten) {
  fs::create_directories(folder_);
  WriteAll(options_.out, "a file");
  EXPECT_THAT(WriteError(), HasSubstr("can't be made a folder"));
  options_.out /= "below";
  EXPECT_THAT(WriteError(), HasSubstr("can't be made a folder"));
  options_.out.clear();
  EXPECT_THAT(WriteError(), HasSubstr("no folder"));
  // A name that is taken where the note should go.
  options_.out = folder_ / "taken";
  fs::create_directories(options_.out / "synthetic.txt.partial");
  EXPECT_THAT(WriteError(), HasSubstr("synthetic.txt: can't be written"));
}

TEST_F(SyntheticCheckpointTest, TooLittleSpaceIsSaidBeforehand) {
  SyntheticShape shape = SmallShape();
  shape.text.vocab_size = int64_t{1} << 45;  // 4 PiB
  EXPECT_THAT(ErrorOf<InputError>([&] { WriteSyntheticCheckpoint(shape, "", options_); }),
              AllOf(HasSubstr("needs 4294967"), HasSubstr(" MiB, has ")));
  EXPECT_THAT(Files(), ElementsAre());
}

TEST_F(SyntheticCheckpointTest, OptionsThatDoNotFit) {
  const auto error = [this] {
    return ErrorOf<InputError>([this] { WriteSyntheticCheckpoint(options_); });
  };
  options_.shape = "qwen3_5-3b";
  EXPECT_THAT(error(), HasSubstr("unknown name 'qwen3_5-3b'"));
  options_.recipe = SyntheticRecipe::kGraft;
  options_.shape = "qwen3_5-2b";
  EXPECT_THAT(error(), AllOf(HasSubstr("'graft' has no values for shape 'qwen3_5-2b'"),
                             HasSubstr("recipe 'v1'")));
  options_.shape = kDefaultSyntheticShape;
  options_.small_model = folder_ / "nowhere";
  EXPECT_THAT(error(), HasSubstr("nowhere"));
  EXPECT_FALSE(fs::exists(options_.out));
}

TEST(KnownShardSha256Test, DefaultShapeIsKnownAndOthersNotInvented) {
  for (const auto recipe : {SyntheticRecipe::kV1, SyntheticRecipe::kGraft}) {
    for (const auto parts : {SyntheticParts::kAll, SyntheticParts::kTextOnly}) {
      EXPECT_EQ(KnownShardSha256(kDefaultSyntheticShape, recipe, parts).size(), 64);
    }
  }
  EXPECT_EQ(KnownShardSha256("qwen3_5-2b", SyntheticRecipe::kGraft, SyntheticParts::kAll), "");
  EXPECT_EQ(KnownShardSha256("small", SyntheticRecipe::kV1, SyntheticParts::kAll), "");
}

}  // namespace
}  // namespace deltagauge::reference
