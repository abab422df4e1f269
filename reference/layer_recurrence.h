// The gated delta rule as a layer of the model calls it: an argument of the model, so that the same
// model runs with any implementation and a difference is the implementation's.
#ifndef DELTAGAUGE_REFERENCE_LAYER_RECURRENCE_H_
#define DELTAGAUGE_REFERENCE_LAYER_RECURRENCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reference/recurrence.h"

namespace deltagauge::reference {

// What the model computes in. Gates and recurrent states are float32 with the first two, float64
// with the last.
enum class ComputeType : uint8_t { kFloat32, kBFloat16, kFloat64 };

std::string_view NameOf(ComputeType type);  // "float32", "bfloat16", "float64"
int64_t BytesOf(ComputeType type);          // of one element

// A view of [B, T, H, D], innermost stride 1, the others in elements.
struct LayerTensor {
  const void* data = nullptr;
  int64_t batch_stride = 0;
  int64_t token_stride = 0;
  int64_t head_stride = 0;
};

// One layer's call. Query and key come raw, as the convolution leaves them: the rule divides each
// by sqrt(sum of squares + norm_epsilon) and scales the query, in its own arithmetic. Value head h
// reads key head h / (Hv / Hk).
struct LayerCall {
  int layer = 0;                             // counted over all layers, from 0
  RecurrenceShape shape;                     // T >= 1
  ComputeType type = ComputeType::kFloat32;  // of query, key, value and output
  LayerTensor query;                         // [B, T, Hk, K]
  LayerTensor key;                           // [B, T, Hk, K]
  LayerTensor value;                         // [B, T, Hv, V]
  // Contiguous; float32, or float64 with kFloat64.
  const void* log_decay = nullptr;  // [B, T, Hv]
  const void* beta = nullptr;       // [B, T, Hv], after the sigmoid
  double norm_epsilon = 0;
  double scale = 0;
  // Contiguous, read and written; float64 if StateIsDouble(type) of the recurrence, else float32.
  void* state = nullptr;  // [B, Hv, K, V]
  // Contiguous, written.
  void* output = nullptr;  // [B, T, Hv, V]
};

// A call whose inputs lie in an implementation's own conventions already.
class TranslatedCall {
 public:
  virtual ~TranslatedCall() = default;

  // The rule alone. May be called again: it then begins with the translated state once more, or, if
  // the implementation updates that in place, goes on from there.
  virtual void Run() = 0;

  // Translates the latest results into the call's output and state.
  virtual void Finish() = 0;
};

class LayerRecurrence {
 public:
  virtual ~LayerRecurrence() = default;

  // "oracle", "eager", "chunked", "fused": as configurations and reports name it.
  virtual std::string Name() const = 0;

  // What ran, in its own words, complete after the first Run: "fused, AVX3".
  virtual std::string Description() const { return Name(); }

  // Whether states between calls are kept in float64.
  virtual bool StateIsDouble(ComputeType type) const { return type == ComputeType::kFloat64; }

  // Throws std::runtime_error if the implementation fails; what it wrote is then undefined.
  virtual void Run(const LayerCall& call) = 0;

  // Run in its parts, for those who time the rule without its translation. Null: there is none,
  // calls are taken as they come. What `call` points to must outlive the result. Throws as Run
  // does.
  virtual std::unique_ptr<TranslatedCall> Translate(const LayerCall& /*call*/) { return nullptr; }
};

// The truth: token by token in float64 whatever the model's type, states included. `threads` work
// on different heads; the result does not depend on their number.
std::unique_ptr<LayerRecurrence> MakeOracleRecurrence(int threads);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_LAYER_RECURRENCE_H_
