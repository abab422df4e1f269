// For tests: a layer's call with all of its memory, and recurrences that spoil another's work.
#ifndef DELTAGAUGE_HARNESS_MODEL_LAYER_CALL_TEST_H_
#define DELTAGAUGE_HARNESS_MODEL_LAYER_CALL_TEST_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "harness/kernel/bfloat16.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// One element of a tensor of that type, widened.
inline double LoadElement(reference::ComputeType type, const void* data, int64_t index) {
  switch (type) {
    case reference::ComputeType::kFloat32:
      return static_cast<const float*>(data)[index];
    case reference::ComputeType::kFloat64:
      return static_cast<const double*>(data)[index];
    case reference::ComputeType::kBFloat16:
      break;
  }
  return FromBFloat16(static_cast<const uint16_t*>(data)[index]);
}

inline void StoreElement(reference::ComputeType type, double value, void* data, int64_t index) {
  switch (type) {
    case reference::ComputeType::kFloat32:
      static_cast<float*>(data)[index] = static_cast<float>(value);
      return;
    case reference::ComputeType::kFloat64:
      static_cast<double*>(data)[index] = value;
      return;
    case reference::ComputeType::kBFloat16:
      static_cast<uint16_t*>(data)[index] = ToBFloat16(static_cast<float>(value));
      return;
  }
}

inline reference::ComputeType GateType(reference::ComputeType type) {
  return type == reference::ComputeType::kFloat64 ? type : reference::ComputeType::kFloat32;
}

inline int64_t OutputsOf(const reference::RecurrenceShape& shape) {
  return shape.batch * shape.tokens * shape.value_heads * shape.value_dim;
}

inline int64_t StatesOf(const reference::RecurrenceShape& shape) {
  return shape.batch * shape.value_heads * shape.key_dim * shape.value_dim;
}

enum class CallLayout : uint8_t {
  kContiguous,
  kStrided,  // query, key and value side by side in one row a token, NaN between the heads
};

// Values are k / 64 with |k| <= 64, so that every type holds them exactly.
class LayerProblem {
 public:
  LayerProblem(reference::ComputeType type, const reference::RecurrenceShape& shape,
               CallLayout layout = CallLayout::kContiguous, uint64_t seed = 1)
      : random_(seed) {
    call_.layer = 5;
    call_.shape = shape;
    call_.type = type;
    call_.norm_epsilon = 1e-6;
    call_.scale = 1 / std::sqrt(static_cast<double>(shape.key_dim));
    const int64_t gap = layout == CallLayout::kStrided ? 3 : 0;
    const int64_t key_width = shape.key_heads * (shape.key_dim + gap);
    const int64_t value_width = shape.value_heads * (shape.value_dim + gap);
    const int64_t rows = shape.batch * shape.tokens;
    if (layout == CallLayout::kStrided) {
      const int64_t width = 2 * key_width + value_width;
      Fill(rows * width, query_);
      call_.query = Place(query_, 0, width, shape.key_heads, shape.key_dim + gap, shape.key_dim);
      call_.key =
          Place(query_, key_width, width, shape.key_heads, shape.key_dim + gap, shape.key_dim);
      call_.value = Place(query_, 2 * key_width, width, shape.value_heads, shape.value_dim + gap,
                          shape.value_dim);
    } else {
      Fill(rows * key_width, query_);
      Fill(rows * key_width, key_);
      Fill(rows * value_width, value_);
      call_.query = Place(query_, 0, key_width, shape.key_heads, shape.key_dim, shape.key_dim);
      call_.key = Place(key_, 0, key_width, shape.key_heads, shape.key_dim, shape.key_dim);
      call_.value =
          Place(value_, 0, value_width, shape.value_heads, shape.value_dim, shape.value_dim);
    }
    const int64_t gates = rows * shape.value_heads;
    log_decay_.resize(static_cast<size_t>(gates * BytesOf(GateType(type))));
    beta_.resize(log_decay_.size());
    for (int64_t i = 0; i < gates; ++i) {
      StoreElement(GateType(type), -(1 + Value()) / 8, log_decay_.data(), i);
      StoreElement(GateType(type), (1 + Value()) / 2, beta_.data(), i);
    }
    call_.log_decay = log_decay_.data();
    call_.beta = beta_.data();
    for (int64_t i = 0; i < StatesOf(shape); ++i) state_.push_back(Value());
  }
  LayerProblem(const LayerProblem&) = delete;
  LayerProblem& operator=(const LayerProblem&) = delete;

  const reference::LayerCall& call() const { return call_; }  // without state and output
  const std::vector<double>& state() const { return state_; }

  struct Result {
    std::vector<double> output;  // [B, T, Hv, V]
    std::vector<double> state;   // [B, Hv, K, V]
    bool damage = false;         // something behind either was written
  };

  Result RunWith(reference::LayerRecurrence& recurrence) const {
    constexpr int64_t kGuards = 16;
    constexpr double kGuard = 0.25;
    const reference::ComputeType state_type = recurrence.StateIsDouble(call_.type)
                                                  ? reference::ComputeType::kFloat64
                                                  : reference::ComputeType::kFloat32;
    const int64_t outputs = OutputsOf(call_.shape);
    const int64_t states = StatesOf(call_.shape);
    std::vector<std::byte> output(static_cast<size_t>((outputs + kGuards) * BytesOf(call_.type)));
    std::vector<std::byte> state(static_cast<size_t>((states + kGuards) * BytesOf(state_type)));
    for (int64_t i = 0; i < states; ++i) {
      StoreElement(state_type, state_[static_cast<size_t>(i)], state.data(), i);
    }
    for (int64_t i = 0; i < kGuards; ++i) {
      StoreElement(call_.type, kGuard, output.data(), outputs + i);
      StoreElement(state_type, kGuard, state.data(), states + i);
    }
    reference::LayerCall call = call_;
    call.output = output.data();
    call.state = state.data();
    recurrence.Run(call);

    Result result;
    for (int64_t i = 0; i < outputs; ++i) {
      result.output.push_back(LoadElement(call_.type, output.data(), i));
    }
    for (int64_t i = 0; i < states; ++i) {
      result.state.push_back(LoadElement(state_type, state.data(), i));
    }
    for (int64_t i = 0; i < kGuards; ++i) {
      if (LoadElement(call_.type, output.data(), outputs + i) != kGuard ||
          LoadElement(state_type, state.data(), states + i) != kGuard) {
        result.damage = true;
      }
    }
    return result;
  }

  // All inputs become NaN: who reads them from now on is found out.
  void Spoil() {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (std::vector<std::byte>* const bytes : {&query_, &key_, &value_}) {
      for (int64_t i = 0; i < std::ssize(*bytes) / BytesOf(call_.type); ++i) {
        StoreElement(call_.type, nan, bytes->data(), i);
      }
    }
    for (std::vector<std::byte>* const bytes : {&log_decay_, &beta_}) {
      for (int64_t i = 0; i < std::ssize(*bytes) / BytesOf(GateType(call_.type)); ++i) {
        StoreElement(GateType(call_.type), nan, bytes->data(), i);
      }
    }
  }

 private:
  double Value() {  // splitmix64
    random_ += 0x9e3779b97f4a7c15u;
    uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>(static_cast<int64_t>((z ^ (z >> 31)) % 129) - 64) / 64;
  }

  void Fill(int64_t elements, std::vector<std::byte>& bytes) const {
    bytes.resize(static_cast<size_t>(elements * BytesOf(call_.type)));
    for (int64_t i = 0; i < elements; ++i) {
      StoreElement(call_.type, std::numeric_limits<double>::quiet_NaN(), bytes.data(), i);
    }
  }

  reference::LayerTensor Place(std::vector<std::byte>& bytes, int64_t first, int64_t token_stride,
                               int64_t heads, int64_t head_stride, int64_t dim) {
    std::byte* const data = bytes.data() + first * BytesOf(call_.type);
    for (int64_t row = 0; row < call_.shape.batch * call_.shape.tokens; ++row) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t d = 0; d < dim; ++d) {
          StoreElement(call_.type, Value(), data, row * token_stride + h * head_stride + d);
        }
      }
    }
    return {.data = data,
            .batch_stride = call_.shape.tokens * token_stride,
            .token_stride = token_stride,
            .head_stride = head_stride};
  }

  uint64_t random_;
  reference::LayerCall call_;
  std::vector<std::byte> query_, key_, value_, log_decay_, beta_;
  std::vector<double> state_;
};

// Relative RMS difference; NaN if either holds NaN.
inline double RelativeError(const std::vector<double>& expected, const std::vector<double>& found) {
  double error = 0;
  double size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += (found.at(i) - expected[i]) * (found.at(i) - expected[i]);
    size += expected[i] * expected[i];
  }
  return std::sqrt(error / size);
}

// Another recurrence with something done before and after each call.
class SpoiledRecurrence final : public reference::LayerRecurrence {
 public:
  using Spoil = std::function<void(const reference::LayerCall&)>;
  SpoiledRecurrence(reference::LayerRecurrence& honest, Spoil before, Spoil after)
      : honest_(honest), before_(std::move(before)), after_(std::move(after)) {}

  std::string Name() const override { return "spoiled"; }
  bool StateIsDouble(reference::ComputeType type) const override {
    return honest_.StateIsDouble(type);
  }
  void Run(const reference::LayerCall& call) override {
    if (before_) before_(call);
    honest_.Run(call);
    if (after_) after_(call);
  }

 private:
  reference::LayerRecurrence& honest_;
  Spoil before_;
  Spoil after_;
};

// Spoils for float32 states and any output.
inline void ScaleOutput(const reference::LayerCall& call, double factor) {
  for (int64_t i = 0; i < OutputsOf(call.shape); ++i) {
    StoreElement(call.type, factor * LoadElement(call.type, call.output, i), call.output, i);
  }
}

inline void ScaleState(const reference::LayerCall& call, float factor) {
  auto* const state = static_cast<float*>(call.state);
  for (int64_t i = 0; i < StatesOf(call.shape); ++i) state[i] *= factor;
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_LAYER_CALL_TEST_H_
