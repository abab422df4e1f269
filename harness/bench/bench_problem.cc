#include "harness/bench/bench_problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace deltagauge {
namespace {

// Numbers for timing only: one multiplication chain for each, so that filling hundreds of
// megabytes doesn't take longer than the measurement. The inputs of correctness cases come from
// inputs.h.
class FastNumbers {
 public:
  explicit FastNumbers(uint64_t seed) : state_(seed) {}

  // In (0, 1).
  float Uniform() { return (static_cast<float>(Next() >> 41) + 0.5f) * 0x1p-23f; }

  // Mean 0, variance 1: four uniform numbers of 16 bits, centred and scaled by sqrt(3).
  float Bell() {
    const uint64_t bits = Next();
    const auto sum = static_cast<float>((bits & 0xffff) + ((bits >> 16) & 0xffff) +
                                        ((bits >> 32) & 0xffff) + (bits >> 48));
    return (sum * 0x1p-16f - 2.0f) * 1.7320508f;
  }

 private:
  uint64_t Next() {  // SplitMix64
    uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  uint64_t state_;
};

// Rows of `dim` numbers, each row of the given length.
std::vector<float> Directions(FastNumbers& numbers, int64_t rows, int64_t dim, float length) {
  std::vector<float> all(static_cast<size_t>(rows * dim));
  for (auto row = all.begin(); row != all.end(); row += dim) {
    float sum = 0;
    for (auto x = row; x != row + dim; ++x) {
      *x = numbers.Bell();
      sum += *x * *x;
    }
    const float factor = length / std::sqrt(sum);
    for (auto x = row; x != row + dim; ++x) *x *= factor;
  }
  return all;
}

BenchInputs MakeInputs(const BenchProblem& p, FastNumbers& numbers) {
  const int64_t rows = p.sequences * p.heads * p.tokens;
  BenchInputs inputs;
  inputs.query = Directions(numbers, rows, p.key_dim, 1 / std::sqrt(static_cast<float>(p.key_dim)));
  inputs.key = Directions(numbers, rows, p.key_dim, 1);
  inputs.value.resize(static_cast<size_t>(rows * p.value_dim));
  for (float& x : inputs.value) x = numbers.Bell();
  inputs.beta.resize(static_cast<size_t>(rows));
  for (float& x : inputs.beta) x = numbers.Uniform();
  inputs.log_decay.resize(static_cast<size_t>(rows));
  for (float& x : inputs.log_decay) x = -0.2f * numbers.Uniform();
  if (p.gates != BenchGates::kQuiet) {
    // In the middle of the middle head: neither a chunk's edge nor the first head.
    const int64_t row = (p.heads / 2) * p.tokens + std::min(p.tokens / 2 + 1, p.tokens - 1);
    inputs.log_decay[static_cast<size_t>(row)] =
        p.gates == BenchGates::kStrongToken ? -200.0f : -std::numeric_limits<float>::infinity();
  }
  return inputs;
}

const char* GatesPart(BenchGates gates) {
  switch (gates) {
    case BenchGates::kQuiet:
      return "";
    case BenchGates::kStrongToken:
      return "/strong_token";
    case BenchGates::kResetToken:
      return "/reset_token";
  }
  return "?";
}

}  // namespace

BenchProblem PrefillProblem(int64_t tokens) {
  BenchProblem problem;
  problem.tokens = tokens;
  return problem;
}

BenchProblem DecodeProblem(int64_t layers) {
  BenchProblem problem;
  problem.tokens = 1;
  problem.states = layers;
  problem.input_sets = layers;
  problem.calls_per_run = layers;
  return problem;
}

std::string DescribeProblem(const BenchProblem& p) {
  const char* type = p.data_type == DataType::kFloat32 ? "float32" : "bfloat16";
  const char* state = p.state_layout == StateLayout::kKeyMajor ? "kv" : "vk";
  const std::string batch = p.sequences == 1 ? "" : fmt::format("B:{}/", p.sequences);
  if (p.tokens == 1) {
    return fmt::format("decode/{}layers:{}/H:{}/{}/{}", batch, p.states, p.heads, type, state);
  }
  return fmt::format("prefill/{}T:{}/H:{}/{}/{}{}", batch, p.tokens, p.heads, type,
                     p.layout == BenchLayout::kHeadMajor ? "bhtd" : "bthd", GatesPart(p.gates));
}

std::string DescribeThreads(int threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

double TokenHeadsPerRun(const BenchProblem& p) {
  return static_cast<double>(p.sequences * p.tokens * p.heads * p.calls_per_run);
}

double FlopsPerTokenHead(const BenchProblem& p) {
  return 6.0 * static_cast<double>(p.key_dim * p.value_dim);
}

double StateBytesPerHead(const BenchProblem& p) {
  return 2.0 * sizeof(float) * static_cast<double>(p.key_dim * p.value_dim);
}

int64_t PoolBytes(const BenchProblem& p) {
  return p.states * p.sequences * p.heads * p.key_dim * p.value_dim *
         static_cast<int64_t>(sizeof(float));
}

BenchData MakeBenchData(const BenchProblem& problem) {
  FastNumbers numbers(1);
  BenchData data;
  for (int64_t i = 0; i < problem.input_sets; ++i) {
    data.sets.push_back(MakeInputs(problem, numbers));
  }
  data.initial_state.resize(
      static_cast<size_t>(problem.sequences * problem.heads * problem.key_dim * problem.value_dim));
  for (float& x : data.initial_state) x = 0.1f * numbers.Bell();
  return data;
}

}  // namespace deltagauge
