#include "harness/bench/bench_problem.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Le;
using ::testing::Lt;

std::vector<double> RowLengths(const std::vector<float>& rows, size_t dim) {
  std::vector<double> lengths;
  for (size_t i = 0; i < rows.size(); i += dim) {
    double sum = 0;
    for (size_t j = 0; j < dim; ++j) sum += static_cast<double>(rows[i + j]) * rows[i + j];
    lengths.push_back(std::sqrt(sum));
  }
  return lengths;
}

TEST(BenchDataTest, IsWhatTheModelFeeds) {
  BenchProblem problem;
  problem.tokens = 40;
  problem.heads = 3;
  problem.input_sets = 2;
  const BenchData data = MakeBenchData(problem);
  ASSERT_EQ(data.sets.size(), 2u);
  EXPECT_NE(data.sets[0].value, data.sets[1].value);
  const BenchInputs& inputs = data.sets[1];
  EXPECT_THAT(RowLengths(inputs.key, 128), Each(AllOf(Gt(1 - 1e-5), Lt(1 + 1e-5))));
  const double scale = 1 / std::sqrt(128.0);
  EXPECT_THAT(RowLengths(inputs.query, 128), Each(AllOf(Gt(scale - 1e-6), Lt(scale + 1e-6))));
  EXPECT_THAT(inputs.beta, Each(AllOf(Gt(0.0f), Lt(1.0f))));
  EXPECT_THAT(inputs.log_decay, Each(AllOf(Ge(-0.2f), Le(0.0f))));
  double sum = 0, squares = 0;
  for (const float x : inputs.value) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  const auto n = static_cast<double>(inputs.value.size());
  EXPECT_EQ(n, 3 * 40 * 128);
  EXPECT_NEAR(sum / n, 0, 0.05);
  EXPECT_NEAR(squares / n, 1, 0.05);
  EXPECT_EQ(data.initial_state.size(), 3u * 128 * 128);
}

TEST(BenchDataTest, OneTokenOfOneHeadIsStrong) {
  BenchProblem problem;
  problem.tokens = 40;
  problem.heads = 3;
  const std::vector<float> quiet = MakeBenchData(problem).sets[0].log_decay;
  problem.gates = BenchGates::kStrongToken;
  const std::vector<float> strong = MakeBenchData(problem).sets[0].log_decay;
  problem.gates = BenchGates::kResetToken;
  const std::vector<float> reset = MakeBenchData(problem).sets[0].log_decay;
  int changed = 0;
  for (size_t i = 0; i < quiet.size(); ++i) {
    if (quiet[i] == strong[i]) continue;
    ++changed;
    EXPECT_EQ(strong[i], -200);
    EXPECT_EQ(reset[i], -INFINITY);
    EXPECT_EQ(i / 40, 1u);
  }
  EXPECT_EQ(changed, 1);
}

TEST(BenchProblemTest, CountsWork) {
  BenchProblem prefill;
  EXPECT_EQ(TokenHeadsPerRun(prefill), 512 * 16);
  EXPECT_EQ(FlopsPerTokenHead(prefill), 6 * 128 * 128);
  const BenchProblem pool = DecodeProblem(24);
  EXPECT_EQ(TokenHeadsPerRun(pool), 24 * 16);
  EXPECT_EQ(StateBytesPerHead(pool), 131072);
  EXPECT_EQ(PoolBytes(pool), 24 << 20);
}

TEST(BenchProblemTest, NamesItself) {
  BenchProblem problem;
  EXPECT_EQ(DescribeProblem(problem), "prefill/T:512/H:16/float32/bhtd");
  problem.data_type = DataType::kBFloat16;
  problem.layout = BenchLayout::kTokenMajor;
  problem.gates = BenchGates::kResetToken;
  EXPECT_EQ(DescribeProblem(problem), "prefill/T:512/H:16/bfloat16/bthd/reset_token");
  BenchProblem decode = DecodeProblem(24);
  decode.state_layout = StateLayout::kValueMajor;
  EXPECT_EQ(DescribeProblem(decode), "decode/layers:24/H:16/float32/vk");
}

}  // namespace
}  // namespace deltagauge
