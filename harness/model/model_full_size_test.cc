// Models in the shapes of Qwen3.5-0.8B against goldens from elsewhere. Writes 1.7 GB for each
// recipe, and takes up to 8 GB of memory: skipped, with the reason, where there is less.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/model/arms.h"
#include "harness/model/model_fixtures.h"
#include "harness/timing/machine.h"
#include "reference/checkpoint.h"
#include "reference/model.h"
#include "reference/synthetic_checkpoint.h"

namespace deltagauge {
namespace {

using reference::Checkpoint;
using reference::ComputeType;
using reference::LogitBlock;
using reference::Model;

constexpr int64_t kMemoryNeeded = int64_t{12} << 30;
constexpr uintmax_t kDiskNeeded = uintmax_t{2} << 30;

// "MemAvailable:  12345 kB" in bytes; 0 if the system doesn't say.
int64_t AvailableMemory() {
  const std::string text = ReadSystemFile("/proc/meminfo").value_or("");
  const size_t at = text.find("MemAvailable:");
  if (at == std::string::npos) return 0;
  return std::strtoll(text.c_str() + at + std::strlen("MemAvailable:"), nullptr, 10) * 1024;
}

// Of the control group that this process is in: the largest number if there is none.
int64_t MemoryLimit() {
  const std::string text = ReadSystemFile("/sys/fs/cgroup/memory.max").value_or("max");
  const int64_t limit = std::strtoll(text.c_str(), nullptr, 10);
  return limit > 0 ? limit : std::numeric_limits<int64_t>::max();
}

std::string WhyNot() {
  if (std::min(AvailableMemory(), MemoryLimit()) < kMemoryNeeded) {
    return "less than 12 GiB of memory are free";
  }
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::temp_directory_path(), error);
  if (error || space.available < kDiskNeeded) return "less than 2 GiB are free for a checkpoint";
  return "";
}

struct Rows {
  std::vector<std::vector<double>> logits;  // the first 16 of each position
  std::vector<int32_t> argmax;
  std::vector<double> log_sum_exp;
  double largest = 0;
};

Rows RunModel(const Checkpoint& checkpoint, ComputeType type, const std::string& arm_name,
              const std::vector<int32_t>& ids) {
  reference::ModelOptions options;
  options.type = type;
  const Model model = Model::Load(checkpoint, options);
  const auto arm = MakeArm(arm_name, 2);
  reference::ModelCache cache = model.NewCache(1, *arm);
  const reference::HiddenStates hidden = model.Forward(ids, cache, *arm);
  Rows rows;
  for (int64_t begin = 0; begin < hidden.Rows(); begin += 32) {
    std::vector<int64_t> block_rows(
        static_cast<size_t>(std::min<int64_t>(32, hidden.Rows() - begin)));
    std::iota(block_rows.begin(), block_rows.end(), begin);
    const LogitBlock block = model.Logits(hidden, block_rows);
    for (int64_t row = 0; row < block.Rows(); ++row) {
      std::vector<double> values;
      if (block.IsDouble()) {
        const auto logits = block.Float64(row);
        values.assign(logits.begin(), logits.end());
      } else {
        const auto logits = block.Float32(row);
        values.assign(logits.begin(), logits.end());
      }
      rows.argmax.push_back(reference::ArgMax(std::span<const double>(values)));
      const double top = *std::max_element(values.begin(), values.end());
      double sum = 0;
      for (const double value : values) {
        sum += std::exp(value - top);
        rows.largest = std::max(rows.largest, std::abs(value));
      }
      rows.log_sum_exp.push_back(top + std::log(sum));
      values.resize(16);
      rows.logits.push_back(std::move(values));
    }
  }
  return rows;
}

void WriteRecipe(reference::SyntheticRecipe recipe, const std::filesystem::path& folder) {
  reference::SyntheticOptions options;
  options.recipe = recipe;
  options.out = folder;
  options.small_model = TinyModelFolder();
  reference::WriteSyntheticCheckpoint(options);
}

TEST(FullSizeTest, GraftIsTheGolden) {
  if (const std::string reason = WhyNot(); !reason.empty()) GTEST_SKIP() << reason;
  const TemporaryFolder folder;
  WriteRecipe(reference::SyntheticRecipe::kGraft, folder.path());
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  const GoldenText golden = GraftGolden();
  struct Bound {
    ComputeType type;
    const char* arm;
    double relative;
    double absolute;
  };
  // The file has 9 digits: half a unit of the last one is up to 5e-8.
  for (const Bound& bound : {Bound{ComputeType::kFloat64, "oracle", 1e-8, 5e-8},
                             Bound{ComputeType::kFloat32, "fused", 0, 1e-4},
                             Bound{ComputeType::kFloat32, "eager", 0, 1e-4}}) {
    SCOPED_TRACE(std::string(NameOf(bound.type)) + ", " + bound.arm);
    const Rows rows = RunModel(checkpoint, bound.type, bound.arm, golden.ids);
    const double limit = bound.relative * rows.largest + bound.absolute;
    EXPECT_EQ(rows.argmax, golden.argmax);
    ASSERT_FALSE(golden.logits.empty());
    for (const auto& [position, expected] : golden.logits) {
      const std::vector<double>& found = rows.logits[static_cast<size_t>(position)];
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], limit) << "position " << position << ", token " << i;
      }
    }
    for (size_t i = 0; i < golden.log_sum_exp.size(); ++i) {
      EXPECT_NEAR(rows.log_sum_exp[i], golden.log_sum_exp[i], std::max(limit, 1e-7));
    }
  }
}

TEST(FullSizeTest, SeededValuesAreTheGolden) {
  if (const std::string reason = WhyNot(); !reason.empty()) GTEST_SKIP() << reason;
  const TemporaryFolder folder;
  WriteRecipe(reference::SyntheticRecipe::kV1, folder.path());
  const Checkpoint checkpoint = Checkpoint::Open(folder.path());
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < 72; ++i) {
    ids.push_back(static_cast<int32_t>((7919 * i * i + 104729 * i + 12345) % 248044));
  }
  ASSERT_EQ(ids.back(), 239423);
  struct GoldenRow {
    size_t position;
    std::array<double, 8> logits;
    int32_t argmax;
  };
  // float64 logits of a token-serial implementation; transformers 5.17.0 in float32 is
  // within 6.1e-5.
  constexpr std::array<GoldenRow, 5> kGolden = {{
      {0,
       {2.995633, 0.031453, 0.272025, -1.116747, -0.750968, -0.955459, -0.989200, -1.597808},
       197218},
      {1,
       {0.193563, -0.313087, 1.342844, -0.381994, -1.243923, -1.397372, 1.199121, -1.495910},
       201330},
      {63,
       {0.118076, 0.006731, 0.606548, 0.193040, -0.395792, -0.192026, 0.591513, -0.383145},
       88982},
      {64,
       {-0.484449, -0.660509, -0.636843, 0.732678, -0.365241, 0.154261, -0.220553, 0.229304},
       234023},
      {71,
       {0.292946, -1.684980, -1.920399, -1.106166, -0.133989, 0.165352, 0.138980, -1.352464},
       19959},
  }};
  std::vector<int32_t> truth_argmax;
  for (const auto& [type, arm] :
       {std::pair(ComputeType::kFloat64, "oracle"), std::pair(ComputeType::kFloat32, "fused"),
        std::pair(ComputeType::kFloat32, "chunked")}) {
    SCOPED_TRACE(std::string(NameOf(type)) + ", " + arm);
    const Rows rows = RunModel(checkpoint, type, arm, ids);
    for (const GoldenRow& golden : kGolden) {
      EXPECT_EQ(rows.argmax[golden.position], golden.argmax);
      for (size_t i = 0; i < golden.logits.size(); ++i) {
        EXPECT_NEAR(rows.logits[golden.position][i], golden.logits[i], 2e-4);
      }
    }
    if (truth_argmax.empty()) truth_argmax = rows.argmax;
    EXPECT_EQ(rows.argmax, truth_argmax);  // all 72
  }
}

// The published weights, where they are.
TEST(PublishedWeightsTest, AreTheThirdPartyGolden) {
  const char* const folder = std::getenv("DELTAGAUGE_QWEN3_5_DIR");
  if (folder == nullptr) GTEST_SKIP() << "DELTAGAUGE_QWEN3_5_DIR names no checkpoint";
  const Checkpoint checkpoint = Checkpoint::Open(folder);
  // "The capital of France is Paris.\nThe capital of France", from samyfodil/jitllm,
  // testdata/golden/mtp/Qwen3.5-0.8B.json: transformers in float32, bfloat16 weights widened.
  const std::vector<int32_t> ids = {760, 6511, 314, 9338, 369, 11751,
                                    13,  198,  760, 6511, 314, 9338};
  const Rows rows = RunModel(checkpoint, ComputeType::kFloat32, "fused", ids);
  EXPECT_THAT(rows.argmax,
              testing::ElementsAre(2614, 314, 279, 369, 11751, 13, 198, 760, 6511, 314, 9338, 369));
  const std::array<double, 8> first = {-0.2571157217, 2.8624217510,  0.3623760939, 2.6216578484,
                                       1.7653721571,  -1.6535880566, 1.7999383211, -0.6364083290};
  const std::array<double, 8> last = {10.8499126434, 9.3127832413, 6.1493005753,  7.8625679016,
                                      4.4573373795,  3.8255720139, 10.2989349365, 8.9633913040};
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_NEAR(rows.logits[0][i], first[i], 1e-3);
    EXPECT_NEAR(rows.logits[11][i], last[i], 1e-3);
  }
}

}  // namespace
}  // namespace deltagauge
