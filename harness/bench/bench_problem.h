// What is timed, as a value, and its inputs: unit keys, queries of length 1/sqrt(K), values of
// about N(0, 1), beta in (0, 1), log decays in (-0.2, 0). A state stays of order 1 however often
// it goes through them, so nothing overflows and nothing becomes denormal.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_PROBLEM_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_PROBLEM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

enum class BenchLayout : uint8_t { kHeadMajor /* [B,H,T,D] */, kTokenMajor /* [B,T,H,D] */ };

enum class BenchGates : uint8_t {
  kQuiet,
  kStrongToken,  // one token of one head has g = -200
  kResetToken,   // ... g = -inf
};

struct BenchProblem {
  int64_t sequences = 1;  // B
  int64_t tokens = 512;   // T
  int64_t heads = 16;     // H, of keys and of values
  int64_t key_dim = 128;
  int64_t value_dim = 128;
  DataType data_type = DataType::kFloat32;
  BenchLayout layout = BenchLayout::kHeadMajor;
  StateLayout state_layout = StateLayout::kKeyMajor;
  BenchGates gates = BenchGates::kQuiet;

  // A model has many layers. Call i takes input set i % input_sets and updates state tensor
  // i % states in place (one number divides the other); one timed run makes calls_per_run calls.
  int64_t input_sets = 2;
  int64_t states = 1;
  int64_t calls_per_run = 1;
};

BenchProblem PrefillProblem(int64_t tokens);

// T = 1 over `layers` layers, each with inputs and a state tensor of its own.
BenchProblem DecodeProblem(int64_t layers);

// "prefill/T:512/H:16/float32/bhtd" or "decode/layers:24/H:16/float32/kv": a part of a row's name.
// Gates that aren't quiet come last: "/strong_token".
std::string DescribeProblem(const BenchProblem& problem);

// "1 thread", "2 threads".
std::string DescribeThreads(int threads);

// What one timed run does.
double TokenHeadsPerRun(const BenchProblem& problem);
// 6KV, the fewest that the equation needs: S^T k, S^T q and the update of S by k d^T, two for each
// element of S. (The decay is not counted: it can be kept in a scalar beside S.)
double FlopsPerTokenHead(const BenchProblem& problem);
// A decoded head reads and writes its float32 state once; what else it touches doesn't count.
double StateBytesPerHead(const BenchProblem& problem);
// Of the state tensors together.
int64_t PoolBytes(const BenchProblem& problem);

// Contiguous, head-major.
struct BenchInputs {
  std::vector<float> query;      // [B, H, T, K]
  std::vector<float> key;        // [B, H, T, K]
  std::vector<float> value;      // [B, H, T, V]
  std::vector<float> log_decay;  // [B, H, T]
  std::vector<float> beta;       // [B, H, T]
};

struct BenchData {
  std::vector<BenchInputs> sets;     // [input_sets]
  std::vector<float> initial_state;  // [B, H, K, V], the same for each state tensor
};

// The same numbers on every call and machine, but for the last digit.
BenchData MakeBenchData(const BenchProblem& problem);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_PROBLEM_H_
