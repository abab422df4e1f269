#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reference/head_torch-inl.h"
#include "reference/input_error.h"
#include "reference/layers_torch-inl.h"
#include "reference/linear_torch-inl.h"
#include "reference/model.h"
#include "reference/model_cache_torch-inl.h"

namespace deltagauge::reference {
namespace {

// q and k are divided by sqrt(sum of squares + this), fixed in the architecture.
constexpr double kRuleEpsilon = 1e-6;

struct LinearAttention {
  Linear qkv;  // rows: q of all key heads, k of all key heads, v of all value heads
  Linear z;
  Linear b;
  Linear a;
  Linear out;
  at::Tensor conv;  // [conv_kernel, channels] wide
  GateWeights gate;
  at::Tensor norm;  // [V] wide
};

struct FullAttention {
  Linear query;  // rows: for each head its query, then its gate
  Linear key;
  Linear value;
  Linear out;
  at::Tensor query_norm;  // 1 + weight, wide
  at::Tensor key_norm;
};

struct Layer {
  at::Tensor input_norm;  // 1 + weight, wide
  at::Tensor mlp_norm;
  std::variant<LinearAttention, FullAttention> mixer;
  Linear gate;
  Linear up;
  Linear down;
};

// Adds the time it lives to a counter, if there is one.
class Stopwatch {
 public:
  explicit Stopwatch(int64_t* total_ns) : total_ns_(total_ns) {
    if (total_ns_ != nullptr) begin_ = std::chrono::steady_clock::now();
  }
  ~Stopwatch() {
    if (total_ns_ == nullptr) return;
    *total_ns_ += std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::steady_clock::now() - begin_)
                      .count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  int64_t* total_ns_;
  std::chrono::steady_clock::time_point begin_;
};

template <typename Work>
auto Guarded(const char* what, const Work& work) {
  const c10::InferenceMode no_autograd;
  try {
    return work();
  } catch (const c10::Error& error) {
    throw std::runtime_error(std::string(what) + ": " + error.what_without_backtrace());
  }
}

ComputeType TypeOf(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kDouble  ? ComputeType::kFloat64
         : tensor.scalar_type() == at::kFloat ? ComputeType::kFloat32
                                              : ComputeType::kBFloat16;
}

RowsView ViewOf(const at::Tensor& hidden) {
  return {.type = TypeOf(hidden),
          .data = hidden.const_data_ptr(),
          .rows = hidden.numel() / hidden.size(-1),
          .width = hidden.size(-1)};
}

// Reads a checkpoint's tensors into layers.
class Loader {
 public:
  Loader(const Checkpoint& checkpoint, const ModelOptions& options, LinearLibrary library)
      : checkpoint_(checkpoint),
        type_(ScalarTypeOf(options.type)),
        wide_(WideTypeOf(options.type)),
        library_(library) {}

  Linear LoadLinear(const std::string& name) const {
    at::Tensor weight = Load(name, type_);
    // A handful of rows gains nothing from packing.
    const LinearLibrary library = weight.size(0) >= 64 ? library_ : LinearLibrary::kAten;
    return {std::move(weight), library};
  }

  Head LoadHead(const std::string& name) const { return {Load(name, type_), library_}; }

  at::Tensor Wide(const std::string& name) const { return Load(name, wide_); }

  at::Tensor OnePlus(const std::string& name) const { return Wide(name).add_(1); }

  Layer LoadLayer(int64_t index, LayerType type) const {
    const std::string prefix = "layers." + std::to_string(index) + ".";
    Layer layer;
    layer.input_norm = OnePlus(prefix + "input_layernorm.weight");
    layer.mlp_norm = OnePlus(prefix + "post_attention_layernorm.weight");
    layer.gate = LoadLinear(prefix + "mlp.gate_proj.weight");
    layer.up = LoadLinear(prefix + "mlp.up_proj.weight");
    layer.down = LoadLinear(prefix + "mlp.down_proj.weight");
    if (type == LayerType::kLinearAttention) {
      layer.mixer = LoadLinearAttention(prefix + "linear_attn.");
    } else {
      layer.mixer = LoadFullAttention(prefix + "self_attn.");
    }
    return layer;
  }

 private:
  // What was copied needn't stay in memory a second time.
  at::Tensor Load(const std::string& name, at::ScalarType type) const {
    const TensorView& view = checkpoint_.Tensor(name);
    at::Tensor tensor = LoadTensor(view, type);
    checkpoint_.ReleasePages(view);
    return tensor;
  }

  LinearAttention LoadLinearAttention(const std::string& prefix) const {
    LinearAttention mixer;
    mixer.qkv = LoadLinear(prefix + "in_proj_qkv.weight");
    mixer.z = LoadLinear(prefix + "in_proj_z.weight");
    mixer.b = {Wide(prefix + "in_proj_b.weight"), LinearLibrary::kAten};
    mixer.a = {Wide(prefix + "in_proj_a.weight"), LinearLibrary::kAten};
    mixer.out = LoadLinear(prefix + "out_proj.weight");
    mixer.conv = Wide(prefix + "conv1d.weight").squeeze(1).t().contiguous();
    mixer.gate.minus_rate = Wide(prefix + "A_log").exp_().neg_();
    mixer.gate.dt_bias = Wide(prefix + "dt_bias");
    mixer.norm = Wide(prefix + "norm.weight");
    return mixer;
  }

  FullAttention LoadFullAttention(const std::string& prefix) const {
    FullAttention mixer;
    mixer.query = LoadLinear(prefix + "q_proj.weight");
    mixer.key = LoadLinear(prefix + "k_proj.weight");
    mixer.value = LoadLinear(prefix + "v_proj.weight");
    mixer.out = LoadLinear(prefix + "o_proj.weight");
    mixer.query_norm = OnePlus(prefix + "q_norm.weight");
    mixer.key_norm = OnePlus(prefix + "k_norm.weight");
    return mixer;
  }

  const Checkpoint& checkpoint_;
  at::ScalarType type_;
  at::ScalarType wide_;
  LinearLibrary library_;
};

}  // namespace

struct Model::Weights {
  ModelConfig config;
  ComputeType type = ComputeType::kFloat32;
  std::string linear_description;
  at::Tensor embedding;  // [vocab, hidden], in the checkpoint's file and type
  std::vector<Layer> layers;
  at::Tensor final_norm;  // 1 + weight, wide
  Head head;
};

struct HiddenStates::State {
  at::Tensor rows;  // [batch x tokens, hidden], wide
};

struct LogitBlock::State {
  at::Tensor logits;  // [rows, vocab] float32 or float64
};

namespace {

// One pass over the layers.
class ForwardPass {
 public:
  ForwardPass(const ModelConfig& config, ComputeType type, LayerRecurrence& recurrence,
              const ForwardOptions& options)
      : config_(config), type_(type), recurrence_(recurrence), options_(options) {}

  // `first` is the position of the first token.
  void Begin(int64_t first, int64_t tokens) {
    first_ = first;
    tokens_ = tokens;
    rotary_ = MakeRotaryTable(first, tokens, config_.rotary_dim, config_.rope_theta, type_);
  }

  // `hidden` [B, T, hidden_size] is wide: sums of many layers are not rounded to bfloat16 each
  // time.
  void RunLayer(int index, const Layer& layer, LayerCache& cache, at::Tensor& hidden) {
    const at::Tensor x = ZeroCenteredRmsNorm(hidden, layer.input_norm, config_.rms_norm_eps);
    if (const auto* const mixer = std::get_if<LinearAttention>(&layer.mixer)) {
      hidden.add_(RunLinearAttention(index, *mixer, x, cache));
    } else {
      hidden.add_(RunFullAttention(std::get<FullAttention>(layer.mixer), x, cache));
    }
    const at::Tensor y = ZeroCenteredRmsNorm(hidden, layer.mlp_norm, config_.rms_norm_eps);
    hidden.add_(RunMlp(layer, y.to(ScalarTypeOf(type_))));
    if (options_.taps != nullptr && options_.taps->after_layer) {
      options_.taps->after_layer(index, ViewOf(hidden));
    }
  }

 private:
  at::Tensor Apply(const Linear& linear, const at::Tensor& x) const {
    const Stopwatch watch(options_.times == nullptr ? nullptr : &options_.times->linear_ns);
    return linear(x);
  }

  at::Tensor RunMlp(const Layer& layer, const at::Tensor& x) const {
    const Stopwatch watch(options_.times == nullptr ? nullptr : &options_.times->linear_ns);
    return layer.down(layer.up.Times(x, layer.gate.Silu(x)));
  }

  // `wide_x` is the normed input before it is rounded to the type.
  at::Tensor RunLinearAttention(int index, const LinearAttention& mixer, const at::Tensor& wide_x,
                                LayerCache& cache) const {
    const int64_t batch = wide_x.size(0);
    const at::Tensor x = wide_x.to(ScalarTypeOf(type_));
    at::Tensor mixed = CausalConvolution(Apply(mixer.qkv, x), mixer.conv, cache.window);
    const at::Tensor z = Apply(mixer.z, x);
    const at::Tensor beta = at::sigmoid(Apply(mixer.b, wide_x));
    const at::Tensor log_decay = LogDecay(Apply(mixer.a, wide_x), mixer.gate);
    const at::Tensor output = at::empty(
        {batch, tokens_, config_.linear_value_heads, config_.linear_value_dim}, x.options());

    LayerCall call;
    call.layer = index;
    call.shape = {.batch = batch,
                  .tokens = tokens_,
                  .key_heads = config_.linear_key_heads,
                  .value_heads = config_.linear_value_heads,
                  .key_dim = config_.linear_key_dim,
                  .value_dim = config_.linear_value_dim};
    call.type = type_;
    call.query = Part(mixed, 0, config_.linear_key_dim);
    call.key = Part(mixed, config_.KeyWidth(), config_.linear_key_dim);
    call.value = Part(mixed, 2 * config_.KeyWidth(), config_.linear_value_dim);
    call.log_decay = log_decay.const_data_ptr();
    call.beta = beta.const_data_ptr();
    call.norm_epsilon = kRuleEpsilon;
    call.scale = 1.0 / std::sqrt(static_cast<double>(config_.linear_key_dim));
    call.state = cache.recurrent.mutable_data_ptr();
    call.output = output.mutable_data_ptr();
    RunRule(call);

    const at::Tensor gated =
        GatedRmsNorm(output, mixer.norm, z.view_as(output), config_.rms_norm_eps);
    return Apply(mixer.out, gated.view({batch, tokens_, config_.ValueWidth()}));
  }

  // Columns of the convolution's result [B, T, channels] as heads.
  LayerTensor Part(const at::Tensor& mixed, int64_t first_channel, int64_t dim) const {
    return {
        .data = static_cast<const char*>(mixed.const_data_ptr()) + first_channel * BytesOf(type_),
        .batch_stride = mixed.stride(0),
        .token_stride = mixed.stride(1),
        .head_stride = dim};
  }

  void RunRule(const LayerCall& call) const {
    const ModelTaps* const taps = options_.taps;
    if (taps != nullptr && taps->before_rule) taps->before_rule(call);
    {
      const Stopwatch watch(options_.times == nullptr ? nullptr : &options_.times->rule_ns);
      recurrence_.Run(call);
    }
    if (taps != nullptr && taps->after_rule) taps->after_rule(call);
  }

  at::Tensor RunFullAttention(const FullAttention& mixer, const at::Tensor& wide_x,
                              LayerCache& cache) const {
    const int64_t batch = wide_x.size(0);
    const at::Tensor x = wide_x.to(ScalarTypeOf(type_));
    const int64_t dim = config_.head_dim;
    const auto heads = [&](const at::Tensor& projected, int64_t count, int64_t width) {
      return projected.view({batch, tokens_, count, width});
    };
    const at::Tensor both =
        heads(Apply(mixer.query, x), config_.attention_heads, 2 * dim);  // query, gate
    const at::Tensor query =
        Rotate(ZeroCenteredRmsNorm(both.narrow(-1, 0, dim), mixer.query_norm, config_.rms_norm_eps),
               rotary_);
    const at::Tensor key =
        Rotate(ZeroCenteredRmsNorm(heads(Apply(mixer.key, x), config_.key_value_heads, dim),
                                   mixer.key_norm, config_.rms_norm_eps),
               rotary_);
    const at::Tensor value = heads(Apply(mixer.value, x), config_.key_value_heads, dim);

    cache.Reserve(first_, first_ + tokens_);
    cache.key.narrow(2, first_, tokens_).copy_(key.transpose(1, 2));
    cache.value.narrow(2, first_, tokens_).copy_(value.transpose(1, 2));
    at::Tensor attended = CausalAttention(query, cache.key.narrow(2, 0, first_ + tokens_),
                                          cache.value.narrow(2, 0, first_ + tokens_));
    attended.mul_(at::sigmoid(both.narrow(-1, dim, dim)));
    return Apply(mixer.out, attended.view({batch, tokens_, config_.attention_heads * dim}));
  }

  const ModelConfig& config_;
  ComputeType type_;
  LayerRecurrence& recurrence_;
  const ForwardOptions& options_;
  int64_t first_ = 0;
  int64_t tokens_ = 0;
  RotaryTable rotary_;
};

void CheckIds(std::span<const int32_t> ids, int64_t batch, int64_t position,
              const ModelConfig& config) {
  const auto count = static_cast<int64_t>(ids.size());
  if (count == 0 || count % batch != 0) {
    throw std::logic_error("Model::Forward: " + std::to_string(count) + " ids for a batch of " +
                           std::to_string(batch));
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < config.vocab_size) continue;
    throw InputError("token ids",
                     "id " + std::to_string(ids[i]) + " at place " + std::to_string(i) +
                         " is outside the vocabulary of " + std::to_string(config.vocab_size),
                     "were they made with this model's tokenizer?");
  }
  const int64_t end = position + count / batch;
  if (config.max_positions > 0 && end > config.max_positions) {
    throw InputError("token ids", std::to_string(end) + " positions, but the model has " +
                                      std::to_string(config.max_positions));
  }
}

}  // namespace

std::string_view NameOf(LinearLibrary library) {
  static constexpr std::array<std::string_view, 3> kNames = {"auto", "aten", "onednn"};
  return kNames[static_cast<size_t>(library)];
}

Model::Model(std::unique_ptr<Weights> weights) : weights_(std::move(weights)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const ModelConfig& Model::config() const { return weights_->config; }
ComputeType Model::type() const { return weights_->type; }
const std::string& Model::LinearDescription() const { return weights_->linear_description; }

Model Model::Load(const Checkpoint& checkpoint, const ModelOptions& options) {
  return Guarded("loading the model", [&] {
    auto weights = std::make_unique<Weights>();
    weights->config = checkpoint.config();
    weights->type = options.type;
    const ModelConfig& config = weights->config;
    const LinearChoice choice = ChooseLinear(options.linear, options.type);
    weights->linear_description = choice.description;
    const Loader loader(checkpoint, options, choice.library);
    const double steps = static_cast<double>(config.layers.size()) + 4;
    const auto report = [&](double done) {
      if (options.progress) options.progress(done / steps);
    };
    // The head first: packing holds it twice for a moment, which then adds to nothing else.
    weights->embedding = MappedTensor(checkpoint.Tensor("embed_tokens.weight"));
    weights->head =
        loader.LoadHead(checkpoint.HasTiedHead() ? "embed_tokens.weight" : "lm_head.weight");
    weights->final_norm = loader.OnePlus("norm.weight");
    report(4);
    for (size_t i = 0; i < config.layers.size(); ++i) {
      weights->layers.push_back(loader.LoadLayer(static_cast<int64_t>(i), config.layers[i]));
      report(static_cast<double>(i) + 5);
    }
    checkpoint.CheckUnchanged();
    return Model(std::move(weights));
  });
}

ModelCache Model::NewCache(int64_t batch, const LayerRecurrence& recurrence) const {
  return Guarded("making a cache", [&] {
    const ModelConfig& config = weights_->config;
    const auto values = at::TensorOptions().dtype(ScalarTypeOf(weights_->type));
    const auto states = at::TensorOptions().dtype(
        recurrence.StateIsDouble(weights_->type) ? at::kDouble : at::kFloat);
    auto state = std::make_unique<ModelCache::State>();
    state->batch = batch;
    for (const LayerType type : config.layers) {
      LayerCache layer;
      if (type == LayerType::kLinearAttention) {
        layer.window = at::zeros({batch, config.conv_kernel - 1, config.ConvWidth()}, values);
        layer.recurrent = at::zeros(
            {batch, config.linear_value_heads, config.linear_key_dim, config.linear_value_dim},
            states);
      } else {
        layer.key = at::empty({batch, config.key_value_heads, 0, config.head_dim}, values);
        layer.value = at::empty({batch, config.key_value_heads, 0, config.head_dim}, values);
      }
      state->layers.push_back(std::move(layer));
    }
    return ModelCache(std::move(state));
  });
}

HiddenStates Model::Forward(std::span<const int32_t> ids, ModelCache& cache,
                            LayerRecurrence& recurrence, const ForwardOptions& options) const {
  ModelCache::State& state = *cache.state_;
  const ModelConfig& config = weights_->config;
  CheckIds(ids, state.batch, state.position, config);
  return Guarded("forward pass", [&] {
    const Stopwatch watch(options.times == nullptr ? nullptr : &options.times->total_ns);
    const int64_t tokens = static_cast<int64_t>(ids.size()) / state.batch;
    const at::Tensor index =
        at::from_blob(const_cast<int32_t*>(ids.data()), {static_cast<int64_t>(ids.size())},
                      at::TensorOptions().dtype(at::kInt));
    at::Tensor hidden = at::index_select(weights_->embedding, 0, index)
                            .to(WideTypeOf(weights_->type))
                            .view({state.batch, tokens, config.hidden_size});
    ForwardPass pass(config, weights_->type, recurrence, options);
    pass.Begin(state.position, tokens);
    for (size_t i = 0; i < weights_->layers.size(); ++i) {
      pass.RunLayer(static_cast<int>(i), weights_->layers[i], state.layers[i], hidden);
    }
    state.position += tokens;
    auto result = std::make_shared<HiddenStates::State>();
    result->rows = ZeroCenteredRmsNorm(hidden, weights_->final_norm, config.rms_norm_eps)
                       .view({-1, config.hidden_size});
    return HiddenStates(std::move(result));
  });
}

LogitBlock Model::Logits(const HiddenStates& hidden, std::span<const int64_t> rows,
                         PartTimes* times) const {
  return Guarded("head", [&] {
    const Stopwatch watch(times == nullptr ? nullptr : &times->head_ns);
    const at::Tensor index =
        at::from_blob(const_cast<int64_t*>(rows.data()), {static_cast<int64_t>(rows.size())},
                      at::TensorOptions().dtype(at::kLong));
    auto block = std::make_unique<LogitBlock::State>();
    block->logits = weights_->head(at::index_select(hidden.state_->rows, 0, index));
    return LogitBlock(std::move(block));
  });
}

HiddenStates::HiddenStates(std::shared_ptr<const State> state) : state_(std::move(state)) {}
HiddenStates::HiddenStates(const HiddenStates&) = default;
HiddenStates& HiddenStates::operator=(const HiddenStates&) = default;
HiddenStates::~HiddenStates() = default;
int64_t HiddenStates::Rows() const { return state_->rows.size(0); }

LogitBlock::LogitBlock(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogitBlock::LogitBlock(LogitBlock&&) noexcept = default;
LogitBlock& LogitBlock::operator=(LogitBlock&&) noexcept = default;
LogitBlock::~LogitBlock() = default;
int64_t LogitBlock::Rows() const { return state_->logits.size(0); }
bool LogitBlock::IsDouble() const { return state_->logits.scalar_type() == at::kDouble; }

std::span<const float> LogitBlock::Float32(int64_t row) const {
  if (IsDouble()) throw std::logic_error("LogitBlock: float64 logits asked for as float32");
  const at::Tensor& logits = state_->logits;
  return {logits.const_data_ptr<float>() + row * logits.size(1),
          static_cast<size_t>(logits.size(1))};
}

std::span<const double> LogitBlock::Float64(int64_t row) const {
  if (!IsDouble()) throw std::logic_error("LogitBlock: float32 logits asked for as float64");
  const at::Tensor& logits = state_->logits;
  return {logits.const_data_ptr<double>() + row * logits.size(1),
          static_cast<size_t>(logits.size(1))};
}

int32_t ArgMax(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

int32_t ArgMax(std::span<const double> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace deltagauge::reference
