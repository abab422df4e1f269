#include "reference/layer_recurrence.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "reference/conventions.h"

namespace deltagauge::reference {
namespace {

double Load(ComputeType type, const void* data, int64_t index) {
  switch (type) {
    case ComputeType::kFloat32:
      return static_cast<const float*>(data)[index];
    case ComputeType::kFloat64:
      return static_cast<const double*>(data)[index];
    case ComputeType::kBFloat16:
      break;
  }
  const uint32_t bits = static_cast<const uint16_t*>(data)[index];
  return std::bit_cast<float>(bits << 16);
}

// To nearest even, once: double to float first would round twice.
uint16_t RoundToBFloat16(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const auto as_float = static_cast<float>(value);
  const uint32_t float_bits = std::bit_cast<uint32_t>(as_float);
  const uint32_t kept = float_bits >> 16;
  const uint32_t rest = float_bits & 0xFFFF;
  if ((float_bits & 0x7F800000) == 0x7F800000) {
    return static_cast<uint16_t>(rest != 0 ? kept | 0x40 : kept);
  }
  if (rest != 0x8000) return static_cast<uint16_t>(kept + (rest > 0x8000 ? 1 : 0));
  // A tie in float32: the double says on which side of it the value lies.
  const double tie = as_float;
  const bool negative = (bits >> 63) != 0;
  if (value == tie) return static_cast<uint16_t>(kept + (kept & 1));
  const bool farther_from_zero = negative ? value < tie : value > tie;
  return static_cast<uint16_t>(kept + (farther_from_zero ? 1 : 0));
}

void Store(ComputeType type, double value, void* data, int64_t index) {
  switch (type) {
    case ComputeType::kFloat32:
      static_cast<float*>(data)[index] = static_cast<float>(value);
      return;
    case ComputeType::kFloat64:
      static_cast<double*>(data)[index] = value;
      return;
    case ComputeType::kBFloat16:
      static_cast<uint16_t*>(data)[index] = RoundToBFloat16(value);
      return;
  }
}

// [T, dim] of one head.
std::vector<double> Gather(const LayerCall& call, const LayerTensor& tensor, int64_t batch,
                           int64_t head, int64_t dim) {
  std::vector<double> rows(static_cast<size_t>(call.shape.tokens * dim));
  for (int64_t t = 0; t < call.shape.tokens; ++t) {
    const int64_t begin =
        batch * tensor.batch_stride + t * tensor.token_stride + head * tensor.head_stride;
    for (int64_t d = 0; d < dim; ++d) {
      rows[static_cast<size_t>(t * dim + d)] = Load(call.type, tensor.data, begin + d);
    }
  }
  return rows;
}

// [T] of one head.
std::vector<double> GatherGate(const LayerCall& call, const void* gate, int64_t batch,
                               int64_t head) {
  const ComputeType type =
      call.type == ComputeType::kFloat64 ? ComputeType::kFloat64 : ComputeType::kFloat32;
  std::vector<double> values(static_cast<size_t>(call.shape.tokens));
  for (int64_t t = 0; t < call.shape.tokens; ++t) {
    const int64_t index = (batch * call.shape.tokens + t) * call.shape.value_heads + head;
    values[static_cast<size_t>(t)] = Load(type, gate, index);
  }
  return values;
}

void RunHead(const LayerCall& call, int64_t batch, int64_t head) {
  const RecurrenceShape& shape = call.shape;
  const int64_t key_head = KeyHeadOf(HeadMap::kGrouped, head, shape.key_heads, shape.value_heads);
  std::vector<double> query = Gather(call, call.query, batch, key_head, shape.key_dim);
  std::vector<double> key = Gather(call, call.key, batch, key_head, shape.key_dim);
  const std::vector<double> value = Gather(call, call.value, batch, head, shape.value_dim);
  const std::vector<double> log_decay = GatherGate(call, call.log_decay, batch, head);
  const std::vector<double> beta = GatherGate(call, call.beta, batch, head);
  NormalizeRows<double>(shape.key_dim, call.norm_epsilon, query);
  NormalizeRows<double>(shape.key_dim, call.norm_epsilon, key);
  Scale<double>(call.scale, query);

  double* state = static_cast<double*>(call.state) +
                  (batch * shape.value_heads + head) * shape.key_dim * shape.value_dim;
  RecurrenceInputs<double> inputs;
  inputs.shape = {.batch = 1,
                  .tokens = shape.tokens,
                  .key_heads = 1,
                  .value_heads = 1,
                  .key_dim = shape.key_dim,
                  .value_dim = shape.value_dim};
  inputs.query = query;
  inputs.key = key;
  inputs.value = value;
  inputs.log_decay = log_decay;
  inputs.beta = beta;
  inputs.initial_state =
      std::span<const double>(state, static_cast<size_t>(shape.key_dim * shape.value_dim));
  const RecurrenceResult<double> result = RunRecurrent(inputs);
  std::copy(result.final_state.begin(), result.final_state.end(), state);
  for (int64_t t = 0; t < shape.tokens; ++t) {
    const int64_t begin = ((batch * shape.tokens + t) * shape.value_heads + head) * shape.value_dim;
    for (int64_t d = 0; d < shape.value_dim; ++d) {
      Store(call.type, result.output[static_cast<size_t>(t * shape.value_dim + d)], call.output,
            begin + d);
    }
  }
}

class OracleRecurrence final : public LayerRecurrence {
 public:
  explicit OracleRecurrence(int threads) : threads_(std::max(threads, 1)) {}

  std::string Name() const override { return "oracle"; }
  std::string Description() const override { return "oracle, float64, token by token"; }
  bool StateIsDouble(ComputeType) const override { return true; }

  void Run(const LayerCall& call) override {
    const int64_t heads = call.shape.batch * call.shape.value_heads;
    std::atomic<int64_t> next{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&] {
      try {
        for (int64_t i = next++; i < heads; i = next++) {
          RunHead(call, i / call.shape.value_heads, i % call.shape.value_heads);
        }
      } catch (...) {
        const std::scoped_lock lock(failure_mutex);
        failure = std::current_exception();
      }
    };
    std::vector<std::thread> others;
    // Less work than this isn't worth a thread: a few milliseconds.
    const bool small = heads * call.shape.tokens < 64;
    for (int i = 1; i < threads_ && !small; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  int threads_;
};

}  // namespace

std::string_view NameOf(ComputeType type) {
  static constexpr std::array<std::string_view, 3> kNames = {"float32", "bfloat16", "float64"};
  return kNames[static_cast<size_t>(type)];
}

int64_t BytesOf(ComputeType type) {
  return type == ComputeType::kFloat32 ? 4 : type == ComputeType::kBFloat16 ? 2 : 8;
}

std::unique_ptr<LayerRecurrence> MakeOracleRecurrence(int threads) {
  return std::make_unique<OracleRecurrence>(threads);
}

}  // namespace deltagauge::reference
