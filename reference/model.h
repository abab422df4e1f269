// The Qwen3.5 text model: gated delta net and full attention layers, prefill and cached decode,
// with the recurrence as an argument. Written from the equations that transformers computes
// (src/transformers/models/qwen3_5, release 5.17.0). In bfloat16, matrix products and the
// recurrence take and give bfloat16, as there; the sum of the layers, norms and gates, which
// transformers rounds after each step, stay in float32 until the next product, and the logits are
// not rounded.
//
// Everything but the recurrence is the same code whatever the recurrence, so a difference between
// two runs of one model is the recurrence's.
#ifndef DELTAGAUGE_REFERENCE_MODEL_H_
#define DELTAGAUGE_REFERENCE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/checkpoint.h"
#include "reference/layer_recurrence.h"
#include "reference/model_config.h"

namespace deltagauge::reference {

// Who multiplies by the weights.
enum class LinearLibrary : uint8_t {
  // oneDNN where this libtorch has packed weights for the type and processor, else ATen: 0.9 to 1.5
  // times as fast at the models' sizes. No clock decides, so that the bits are the same in each
  // run.
  kAuto,
  kAten,    // at::linear
  kOneDnn,  // weights packed once by oneDNN; float32 and bfloat16
};

// "auto", "aten", "onednn".
std::string_view NameOf(LinearLibrary library);

struct ModelOptions {
  ComputeType type = ComputeType::kFloat32;
  LinearLibrary linear = LinearLibrary::kAuto;
  // Called as loading goes on, with a share from 0 to 1.
  std::function<void(double)> progress;
};

// A view of numbers: [rows, width], contiguous.
struct RowsView {
  ComputeType type = ComputeType::kFloat32;
  const void* data = nullptr;
  int64_t rows = 0;  // batch x tokens
  int64_t width = 0;
};

// Looks into a forward pass. Views are valid during the call.
struct ModelTaps {
  // The hidden states behind a layer, both residual additions included: float32, or float64 in a
  // float64 model.
  std::function<void(int layer, const RowsView& hidden)> after_layer;
  // The rule's inputs, state before it included; then its output, and the state behind it.
  std::function<void(const LayerCall& call)> before_rule;
  std::function<void(const LayerCall& call)> after_rule;
};

// Where the time of forward passes went, in nanoseconds; calls add to it.
struct PartTimes {
  int64_t linear_ns = 0;  // matrix products with weights, the head not included
  int64_t rule_ns = 0;    // the recurrence
  int64_t total_ns = 0;   // of Forward
  int64_t head_ns = 0;    // of Logits
};

struct ForwardOptions {
  const ModelTaps* taps = nullptr;
  PartTimes* times = nullptr;
};

// What a sequence, or a batch of sequences of equal lengths, leaves for its next token: keys and
// values of full attention, convolution windows and recurrent states. Grows as needed.
class ModelCache {
 public:
  ModelCache(ModelCache&&) noexcept;
  ModelCache& operator=(ModelCache&&) noexcept;
  ~ModelCache();

  int64_t Batch() const;
  int64_t Position() const;  // tokens that it holds

  // Recurrent states and convolution windows are overwritten token by token, so going back needs a
  // copy of them; keys and values are only cut off.
  class Snapshot {
   public:
    Snapshot(Snapshot&&) noexcept;
    Snapshot& operator=(Snapshot&&) noexcept;
    ~Snapshot();

   private:
    friend class ModelCache;
    struct State;
    explicit Snapshot(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  Snapshot Save() const;
  // Back to where Save was called. The snapshot stays good for another time. std::logic_error if it
  // is of another cache's shape or of a later position than this cache has seen.
  void Restore(const Snapshot& snapshot);

  // Of a linear attention layer, for tests: [B, Hv, K, V] row-major, in float64.
  std::vector<double> RecurrentState(int layer) const;
  // Of a linear attention layer: [B, conv_kernel - 1, channels], oldest token first.
  std::vector<double> ConvolutionWindow(int layer) const;
  // Of a full attention layer: [B, key_value_heads, Position(), head_dim].
  std::vector<double> Keys(int layer) const;

 private:
  friend class Model;
  struct State;
  explicit ModelCache(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The final normalised hidden states of a forward pass: what the head reads. A cheap handle.
class HiddenStates {
 public:
  HiddenStates(const HiddenStates&);
  HiddenStates& operator=(const HiddenStates&);
  ~HiddenStates();
  int64_t Rows() const;  // batch x tokens, batch entries one after the other

 private:
  friend class Model;
  struct State;
  explicit HiddenStates(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

// Logits of some rows: float64 from a float64 model, else float32. The head of a bfloat16 model
// gives them as it summed them.
class LogitBlock {
 public:
  LogitBlock(LogitBlock&&) noexcept;
  LogitBlock& operator=(LogitBlock&&) noexcept;
  ~LogitBlock();
  int64_t Rows() const;
  bool IsDouble() const;
  std::span<const float> Float32(int64_t row) const;   // [vocab]; std::logic_error if IsDouble
  std::span<const double> Float64(int64_t row) const;  // [vocab]; std::logic_error unless IsDouble

 private:
  friend class Model;
  struct State;
  explicit LogitBlock(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Not safe for calls from several threads at once; operators run on ATen's threads
// (SetTorchThreads). Methods throw std::runtime_error if libtorch fails.
class Model {
 public:
  // Converts and packs the weights; the checkpoint must outlive the model, which reads embeddings
  // from its files. Throws InputError where the configuration asks for what isn't implemented.
  static Model Load(const Checkpoint& checkpoint, const ModelOptions& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const ModelConfig& config() const;
  ComputeType type() const;

  // "oneDNN, packed (190 against 79 GFLOP/s)": what multiplies, and why.
  const std::string& LinearDescription() const;

  // `recurrence` says in which type its states are kept; use the cache only with one that agrees.
  ModelCache NewCache(int64_t batch, const LayerRecurrence& recurrence) const;

  // Feeds ids [batch, tokens], batch and tokens at least 1, behind what the cache holds. Throws
  // InputError, before anything has changed, for an id outside the vocabulary (with its place) and
  // for more positions than the model has.
  HiddenStates Forward(std::span<const int32_t> ids, ModelCache& cache, LayerRecurrence& recurrence,
                       const ForwardOptions& options = {}) const;

  // Logits of the rows named, in their order. The caller chooses how many at once: a row of the
  // published vocabulary takes 1 MB in float32.
  LogitBlock Logits(const HiddenStates& hidden, std::span<const int64_t> rows,
                    PartTimes* times = nullptr) const;

 private:
  struct Weights;
  explicit Model(std::unique_ptr<Weights> weights);
  std::unique_ptr<Weights> weights_;
};

// The first of the largest logits: the token of greedy decoding.
int32_t ArgMax(std::span<const float> logits);
int32_t ArgMax(std::span<const double> logits);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_MODEL_H_
