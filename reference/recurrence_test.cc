#include "reference/recurrence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge::reference {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();

// Deterministic values in [-1, 1): a linear congruential generator is random enough here.
class Values {
 public:
  explicit Values(uint64_t seed) : state_(seed) {}
  double Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return std::ldexp(static_cast<double>(state_ >> 11), -52) - 1.0;
  }
  std::vector<double> Take(int64_t count, double low, double high) {
    std::vector<double> values(static_cast<size_t>(count));
    for (double& x : values) x = low + (high - low) * 0.5 * (Next() + 1.0);
    return values;
  }

 private:
  uint64_t state_;
};

struct Problem {
  RecurrenceShape shape;
  HeadMap head_map = HeadMap::kGrouped;
  std::vector<double> query, key, value, log_decay, beta, state;

  RecurrenceInputs<double> View() const {
    return {shape, head_map, query, key, value, log_decay, beta, state};
  }
};

Problem RandomProblem(const RecurrenceShape& shape, double lowest_log_decay, uint64_t seed = 1) {
  Values values(seed);
  const int64_t key_rows = shape.batch * shape.key_heads * shape.tokens;
  const int64_t value_rows = shape.batch * shape.value_heads * shape.tokens;
  Problem p;
  p.shape = shape;
  p.query = values.Take(key_rows * shape.key_dim, -1, 1);
  p.key = values.Take(key_rows * shape.key_dim, -1, 1);
  NormalizeRows(shape.key_dim, 0.0, std::span<double>(p.query));
  NormalizeRows(shape.key_dim, 0.0, std::span<double>(p.key));
  p.value = values.Take(value_rows * shape.value_dim, -0.5, 1.5);
  p.log_decay = values.Take(value_rows, lowest_log_decay, 0);
  p.beta = values.Take(value_rows, 0, 1);
  p.state = values.Take(shape.batch * shape.value_heads * shape.key_dim * shape.value_dim, -1, 1);
  return p;
}

std::vector<float> ToFloat(const std::vector<double>& from) { return {from.begin(), from.end()}; }

template <typename A, typename B>
double RelativeRms(const std::vector<A>& result, const std::vector<B>& truth) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const double difference = static_cast<double>(result[i]) - static_cast<double>(truth[i]);
    error += difference * difference;
    norm += static_cast<double>(truth[i]) * static_cast<double>(truth[i]);
  }
  return std::sqrt(error / norm);
}

// By hand, in numbers that binary holds exactly:
// token 1: S^T k = (1, 2), d = 1/2 ((3, 0) - (1, 2)) = (1, -1), S = [[2, 1], [3, 4]], o = (5, 5)
// token 2: S/2 = [[1, 1/2], [3/2, 2]], d = (1, 1) - (3/2, 2), S = [[1, 1/2], [1, 1]], o = (1, 0)
TEST(RunRecurrentTest, TwoTokensByHand) {
  Problem p;
  p.shape = {
      .batch = 1, .tokens = 2, .key_heads = 1, .value_heads = 1, .key_dim = 2, .value_dim = 2};
  p.query = {1, 1, 2, -1};
  p.key = {1, 0, 0, 1};
  p.value = {3, 0, 1, 1};
  p.log_decay = {0, std::log(0.5)};
  p.beta = {0.5, 1};
  p.state = {1, 2, 3, 4};
  const auto result = RunRecurrent(p.View(), StatesWanted::kAfterEachToken);
  EXPECT_THAT(result.output, ElementsAre(5, 5, 1, 0));
  EXPECT_THAT(result.final_state, ElementsAre(1, 0.5, 1, 1));
  EXPECT_THAT(result.states, ElementsAre(2, 1, 3, 4, 1, 0.5, 1, 1));
}

// With orthonormal keys, no decay and full writes the state is a perfect memory: asking with the
// key of an earlier token returns that token's value.
TEST(RunRecurrentTest, OrthonormalKeysRecallTheirValues) {
  const int64_t size = 4;
  Problem p = RandomProblem({.tokens = size, .key_dim = size, .value_dim = 3}, 0.0);
  std::fill(p.key.begin(), p.key.end(), 0.0);
  for (int64_t t = 0; t < size; ++t) p.key[static_cast<size_t>(t * size + t)] = 1.0;
  std::fill(p.beta.begin(), p.beta.end(), 1.0);
  std::fill(p.query.begin(), p.query.end(), 0.0);
  p.query[static_cast<size_t>((size - 1) * size + 1)] = 1.0;  // the last token asks for token 1
  const auto result = RunRecurrent(p.View());
  for (size_t v = 0; v < 3; ++v) EXPECT_NEAR(result.output[3 * 3 + v], p.value[1 * 3 + v], 1e-15);
}

TEST(RunRecurrentTest, MinusInfinityResetsTheState) {
  Problem p = RandomProblem({.tokens = 3, .key_dim = 4, .value_dim = 2}, -0.1);
  p.log_decay[1] = -kInf;
  p.beta[1] = 0.0;
  const auto result = RunRecurrent(p.View(), StatesWanted::kAfterEachToken);
  const std::vector<double> after_reset(result.states.begin() + 8, result.states.begin() + 16);
  EXPECT_THAT(after_reset, Each(0.0));
}

TEST(RunRecurrentTest, ResetDoesNotCleanseNaNAndColumnsStayApart) {
  Problem p = RandomProblem({.tokens = 3, .key_dim = 4, .value_dim = 2}, -0.1);
  p.value[1] = std::nan("");  // token 0, column 1
  p.log_decay[1] = -kInf;
  const auto result = RunRecurrent(p.View());
  for (size_t t = 0; t < 3; ++t) {
    EXPECT_TRUE(std::isfinite(result.output[t * 2]));
    EXPECT_TRUE(std::isnan(result.output[t * 2 + 1]));
  }
}

TEST(RunRecurrentTest, EverySplitEqualsTheWhole) {
  const Problem p = RandomProblem({.tokens = 6, .key_dim = 5, .value_dim = 3}, -2.0);
  const auto whole = RunRecurrent(p.View());
  for (int64_t split = 0; split <= 6; ++split) {
    std::vector<double> output;
    std::vector<double> state = p.state;
    for (const auto& bounds : {std::pair{int64_t{0}, split}, std::pair{split, int64_t{6}}}) {
      const int64_t begin = bounds.first, end = bounds.second;
      const auto slice = [&](const std::vector<double>& x, int64_t row) {
        return std::span<const double>(x).subspan(static_cast<size_t>(begin * row),
                                                  static_cast<size_t>((end - begin) * row));
      };
      RecurrenceInputs<double> piece = p.View();
      piece.shape.tokens = end - begin;
      piece.query = slice(p.query, 5);
      piece.key = slice(p.key, 5);
      piece.value = slice(p.value, 3);
      piece.log_decay = slice(p.log_decay, 1);
      piece.beta = slice(p.beta, 1);
      piece.initial_state = state;
      const auto result = RunRecurrent(piece);
      output.insert(output.end(), result.output.begin(), result.output.end());
      state = result.final_state;
    }
    EXPECT_EQ(output, whole.output) << "split at " << split;
    EXPECT_EQ(state, whole.final_state) << "split at " << split;
  }
}

TEST(RunRecurrentTest, NoTokensLeaveTheStateAlone) {
  const Problem p = RandomProblem({.tokens = 0, .key_dim = 3, .value_dim = 2}, -1.0);
  const auto result = RunRecurrent(p.View());
  EXPECT_TRUE(result.output.empty());
  EXPECT_EQ(result.final_state, p.state);
  EXPECT_EQ(RunChunked(p.View()).final_state, p.state);
}

TEST(RunRecurrentTest, SharedKeyHeadsEqualRepeatedOnes) {
  for (const HeadMap map : {HeadMap::kGrouped, HeadMap::kTiled}) {
    Problem shared = RandomProblem(
        {.batch = 2, .tokens = 5, .key_heads = 2, .value_heads = 6, .key_dim = 4, .value_dim = 3},
        -1.0);
    shared.head_map = map;
    Problem repeated = shared;
    repeated.shape.key_heads = 6;
    repeated.query.clear();
    repeated.key.clear();
    const int64_t head_size = 5 * 4;
    for (int64_t batch = 0; batch < 2; ++batch) {
      for (int64_t head = 0; head < 6; ++head) {
        const int64_t from = (batch * 2 + KeyHeadOf(map, head, 2, 6)) * head_size;
        const auto append = [&](const std::vector<double>& source, std::vector<double>& to) {
          to.insert(to.end(), source.begin() + from, source.begin() + from + head_size);
        };
        append(shared.query, repeated.query);
        append(shared.key, repeated.key);
      }
    }
    const auto a = RunRecurrent(shared.View());
    const auto b = RunRecurrent(repeated.View());
    EXPECT_EQ(a.output, b.output);
    EXPECT_EQ(a.final_state, b.final_state);
  }
}

// Two independent derivations of the same function: nothing but rounding may differ.
TEST(RunChunkedTest, EqualsTheRecurrenceInDouble) {
  for (const double lowest : {0.0, -0.01, -1.0, -20.0}) {
    for (const int64_t tokens : {1, 2, 63, 64, 65, 130}) {
      const Problem p = RandomProblem({.batch = 2,
                                       .tokens = tokens,
                                       .key_heads = 1,
                                       .value_heads = 2,
                                       .key_dim = 16,
                                       .value_dim = 12},
                                      lowest);
      const auto truth = RunRecurrent(p.View());
      for (const int64_t chunk : {1, 4, 64}) {
        const auto result = RunChunked(p.View(), chunk);
        EXPECT_LT(RelativeRms(result.output, truth.output), 1e-13) << lowest << " " << tokens;
        EXPECT_LT(RelativeRms(result.final_state, truth.final_state), 1e-13) << chunk;
      }
    }
  }
}

TEST(RunChunkedTest, StartsFromZerosWithoutAnInitialState) {
  Problem p = RandomProblem({.tokens = 70, .key_dim = 8, .value_dim = 4}, -0.5);
  Problem zeros = p;
  std::fill(zeros.state.begin(), zeros.state.end(), 0.0);
  p.state.clear();
  EXPECT_EQ(RunChunked(p.View()).output, RunChunked(zeros.View()).output);
  EXPECT_EQ(RunRecurrent(p.View()).output, RunRecurrent(zeros.View()).output);
}

// Both float forms must be as good as float32 implementations of the rule are known to be
// (2e-7 to 4e-7 recurrent, up to 1.3e-6 in chunks), and not better than float32 can be.
TEST(FloatFormsTest, ErrorIsThatOfFloat32) {
  Problem p = RandomProblem({.tokens = 200, .key_dim = 128, .value_dim = 32}, -0.2);
  for (auto* tensor : {&p.query, &p.key, &p.value, &p.log_decay, &p.beta, &p.state}) {
    for (double& x : *tensor) x = static_cast<float>(x);  // both begin from the same inputs
  }
  const auto truth = RunRecurrent(p.View());
  const std::vector<float> query = ToFloat(p.query), key = ToFloat(p.key), value = ToFloat(p.value);
  const std::vector<float> log_decay = ToFloat(p.log_decay), beta = ToFloat(p.beta);
  const std::vector<float> state = ToFloat(p.state);
  const RecurrenceInputs<float> in = {p.shape, p.head_map, query, key,
                                      value,   log_decay,  beta,  state};
  for (const auto& result : {RunRecurrent(in), RunChunked(in)}) {
    EXPECT_LT(RelativeRms(result.output, truth.output), 1.3e-6);
    EXPECT_LT(RelativeRms(result.final_state, truth.final_state), 1.3e-6);
    EXPECT_GT(RelativeRms(result.output, truth.output), 1e-8);
    EXPECT_GT(RelativeRms(result.final_state, truth.final_state), 1e-8);
  }
}

TEST(RequireSizesTest, NamesTheTensorThatDoesNotFit) {
  const auto message_of = [](const auto& run) -> std::string {
    try {
      run();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  Problem p = RandomProblem({.tokens = 2, .key_dim = 3, .value_dim = 4}, -1.0);
  p.beta.pop_back();
  EXPECT_THAT(message_of([&] { RunRecurrent(p.View()); }),
              HasSubstr("beta has 1 elements; expected 2"));
  EXPECT_THAT(message_of([&] { RunChunked(p.View()); }), HasSubstr("beta"));

  p = RandomProblem({.tokens = 2, .key_dim = 3, .value_dim = 4}, -1.0);
  EXPECT_THAT(message_of([&] { RunChunked(p.View(), 0); }), HasSubstr("chunk"));
  p.shape.key_heads = 2;
  EXPECT_THAT(message_of([&] { RunRecurrent(p.View()); }), HasSubstr("multiple"));
}

}  // namespace
}  // namespace deltagauge::reference
