#include "harness/model/timed_cases.h"

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "harness/bench/bench_memory.h"
#include "harness/bench/bench_target.h"
#include "harness/kernel/bfloat16.h"
#include "harness/kernel/inputs.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerRecurrence;
using reference::Model;

std::string DefectOf(std::span<const float> output) {
  for (size_t i = 0; i < output.size(); ++i) {
    if (!std::isfinite(output[i])) return fmt::format("output holds NaN or Inf at element {}", i);
  }
  return output.empty() ? "no output" : "";
}

// [H, T, D] as [T, H, D], in the type.
AlignedVector<std::byte> TokenMajor(const std::vector<float>& head_major, int64_t tokens,
                                    int64_t heads, int64_t dim, ComputeType type) {
  const auto size = static_cast<size_t>(BytesOf(type));
  AlignedVector<std::byte> bytes(head_major.size() * size);
  for (int64_t h = 0; h < heads; ++h) {
    for (int64_t t = 0; t < tokens; ++t) {
      for (int64_t d = 0; d < dim; ++d) {
        const float value = head_major[static_cast<size_t>((h * tokens + t) * dim + d)];
        const size_t to = static_cast<size_t>((t * heads + h) * dim + d) * size;
        if (type == ComputeType::kFloat32) {
          std::memcpy(&bytes[to], &value, size);
        } else {
          const uint16_t bits = ToBFloat16(value);
          std::memcpy(&bytes[to], &bits, size);
        }
      }
    }
  }
  return bytes;
}

class RuleCall final : public SetCall {
 public:
  RuleCall(const KernelTimingRun& run, LayerRecurrence& recurrence, Translation translation)
      : run_(run),
        recurrence_(recurrence),
        translation_(translation),
        type_(run.data_type == DataType::kBFloat16 ? ComputeType::kBFloat16
                                                   : ComputeType::kFloat32) {
    KernelCase c;
    c.tokens = run.tokens;
    c.key_heads = run.key_heads;
    c.value_heads = run.value_heads;
    c.key_dim = run.key_dim;
    c.value_dim = run.value_dim;
    c.data_type = run.data_type;
    c.gates = run.gates;
    for (int64_t i = 0; i < run.protocol.input_sets; ++i) {
      c.seed = run.seed + static_cast<uint64_t>(i);
      const CaseInputs inputs = MakeInputs(c);
      sets_.push_back({TokenMajor(inputs.query, c.tokens, c.key_heads, c.key_dim, type_),
                       TokenMajor(inputs.key, c.tokens, c.key_heads, c.key_dim, type_),
                       TokenMajor(inputs.value, c.tokens, c.value_heads, c.value_dim, type_),
                       TokenMajor(inputs.decay, c.tokens, c.value_heads, 1, ComputeType::kFloat32),
                       TokenMajor(inputs.beta, c.tokens, c.value_heads, 1, ComputeType::kFloat32)});
    }
    const auto states = static_cast<size_t>(c.value_heads * c.key_dim * c.value_dim);
    state_.resize(states * (recurrence.StateIsDouble(type_) ? sizeof(double) : sizeof(float)));
    output_.resize(static_cast<size_t>(c.tokens * c.value_heads * c.value_dim * BytesOf(type_)));
  }

  std::string Name() const override { return recurrence_.Description(); }
  double UnitsPerRun() const override { return static_cast<double>(run_.tokens); }
  void Enter() override {
    if (!run_.target.empty()) forced_.emplace(run_.target);
  }
  void Leave() override { forced_.reset(); }
  void SelectInputs(size_t set) override {
    set_ = set % sets_.size();
    has_run_ = false;
    // Both arms see the same history, whichever ran more often.
    std::fill(state_.begin(), state_.end(), std::byte{0});
    TranslateOutside();
  }
  bool StartsAnew() const override { return translated_ != nullptr; }
  void Run() override {
    if (translated_ == nullptr) {
      recurrence_.Run(Call());
    } else {
      translated_->Run();
      is_finished_ = false;
    }
    has_run_ = true;
  }
  void Renew() override {
    // The old memory is still taken while the new one is found.
    std::vector<Set> sets(sets_);
    AlignedVector<std::byte> state(state_);
    AlignedVector<std::byte> output(output_);
    AlignedVector<std::byte> gap(((renewals_++ % 7) + 1) * 4096);
    sets_.swap(sets);
    state_.swap(state);
    output_.swap(output);
    if (translated_ == nullptr) return;
    std::fill(state_.begin(), state_.end(), std::byte{0});  // what was finished lies there
    TranslateOutside();
  }
  std::string Defect() const override { return DefectOf(Output()); }

  std::span<const float> Output() const override {
    if (!is_finished_) translated_->Finish();
    is_finished_ = true;
    values_.resize(output_.size() / static_cast<size_t>(BytesOf(type_)));
    for (size_t i = 0; i < values_.size(); ++i) {
      if (type_ == ComputeType::kFloat32) {
        std::memcpy(&values_[i], &output_[i * sizeof(float)], sizeof(float));
      } else {
        uint16_t bits = 0;
        std::memcpy(&bits, &output_[i * sizeof(bits)], sizeof(bits));
        values_[i] = FromBFloat16(bits);
      }
    }
    return values_;
  }

 private:
  struct Set {
    AlignedVector<std::byte> query, key, value, log_decay, beta;
  };

  void TranslateOutside() {
    translated_.reset();
    is_finished_ = true;
    if (translation_ == Translation::kOutside) translated_ = recurrence_.Translate(Call());
  }

  LayerCall Call() {
    const Set& set = sets_[set_];
    LayerCall call;
    call.shape = {.batch = 1,
                  .tokens = run_.tokens,
                  .key_heads = run_.key_heads,
                  .value_heads = run_.value_heads,
                  .key_dim = run_.key_dim,
                  .value_dim = run_.value_dim};
    call.type = type_;
    const auto tensor = [&](const AlignedVector<std::byte>& bytes, int64_t heads, int64_t dim) {
      return reference::LayerTensor{.data = bytes.data(),
                                    .batch_stride = run_.tokens * heads * dim,
                                    .token_stride = heads * dim,
                                    .head_stride = dim};
    };
    call.query = tensor(set.query, run_.key_heads, run_.key_dim);
    call.key = tensor(set.key, run_.key_heads, run_.key_dim);
    call.value = tensor(set.value, run_.value_heads, run_.value_dim);
    call.log_decay = set.log_decay.data();
    call.beta = set.beta.data();
    call.norm_epsilon = 1e-6;
    call.scale = 1.0 / std::sqrt(static_cast<double>(run_.key_dim));
    call.state = state_.data();
    call.output = output_.data();
    return call;
  }

  KernelTimingRun run_;
  LayerRecurrence& recurrence_;
  Translation translation_;
  ComputeType type_;
  std::optional<ForcedTarget> forced_;
  std::vector<Set> sets_;
  size_t set_ = 0;
  AlignedVector<std::byte> state_;
  AlignedVector<std::byte> output_;
  std::unique_ptr<reference::TranslatedCall> translated_;
  mutable bool is_finished_ = true;  // whether output_ holds what the latest run gave
  mutable std::vector<float> values_;
  size_t renewals_ = 0;
};

// The last row of logits as float32.
void KeepLogits(const reference::LogitBlock& block, std::vector<float>& kept) {
  if (block.IsDouble()) {
    const auto row = block.Float64(block.Rows() - 1);
    kept.assign(row.begin(), row.end());
  } else {
    const auto row = block.Float32(block.Rows() - 1);
    kept.assign(row.begin(), row.end());
  }
}

class PrefillCall final : public PromptCall {
 public:
  PrefillCall(const Model& model, LayerRecurrence& recurrence, PromptSets prompts)
      : model_(model), recurrence_(recurrence), prompts_(std::move(prompts)) {}

  std::string Name() const override { return recurrence_.Description(); }
  double UnitsPerRun() const override { return static_cast<double>(prompts_.ids[0].size()); }
  void SelectInputs(size_t set) override {
    set_ = set % prompts_.ids.size();
    has_run_ = false;
  }
  void Run() override {
    has_run_ = true;
    reference::ModelCache cache = model_.NewCache(1, recurrence_);
    const reference::HiddenStates hidden =
        model_.Forward(prompts_.ids[set_], cache, recurrence_, {.times = &times_});
    KeepLogits(model_.Logits(hidden, std::array{hidden.Rows() - 1}, &times_), logits_);
  }
  std::string Defect() const override { return DefectOf(logits_); }
  std::span<const float> Output() const override { return logits_; }
  const reference::PartTimes& part_times() const override { return times_; }

 private:
  const Model& model_;
  LayerRecurrence& recurrence_;
  PromptSets prompts_;
  size_t set_ = 0;
  std::vector<float> logits_;
  reference::PartTimes times_;
};

class DecodeCall final : public PromptCall {
 public:
  DecodeCall(const Model& model, LayerRecurrence& recurrence, PromptSets prompts, int64_t context)
      : model_(model), recurrence_(recurrence), prompts_(std::move(prompts)), context_(context) {
    for (const std::vector<int32_t>& ids : prompts_.ids) {
      reference::ModelCache cache = model_.NewCache(1, recurrence_);
      if (context_ > 0) {
        model_.Forward(std::span(ids).first(static_cast<size_t>(context_)), cache, recurrence_);
      }
      reference::ModelCache::Snapshot start = cache.Save();
      sets_.push_back({std::move(cache), std::move(start)});
    }
  }

  std::string Name() const override { return recurrence_.Description(); }
  double UnitsPerRun() const override {
    return static_cast<double>(static_cast<int64_t>(prompts_.ids[0].size()) - context_);
  }
  void SelectInputs(size_t set) override {
    set_ = set % sets_.size();
    has_run_ = false;
  }
  void Run() override {
    has_run_ = true;
    Set& set = sets_[set_];
    set.cache.Restore(set.start);
    const std::span<const int32_t> ids(prompts_.ids[set_]);
    for (size_t i = static_cast<size_t>(context_); i < ids.size(); ++i) {
      const reference::HiddenStates hidden =
          model_.Forward(ids.subspan(i, 1), set.cache, recurrence_, {.times = &times_});
      KeepLogits(model_.Logits(hidden, std::array<int64_t, 1>{0}, &times_), logits_);
    }
  }
  std::string Defect() const override { return DefectOf(logits_); }
  std::span<const float> Output() const override { return logits_; }
  const reference::PartTimes& part_times() const override { return times_; }

 private:
  struct Set {
    reference::ModelCache cache;
    reference::ModelCache::Snapshot start;
  };

  const Model& model_;
  LayerRecurrence& recurrence_;
  PromptSets prompts_;
  int64_t context_;
  std::vector<Set> sets_;
  size_t set_ = 0;
  std::vector<float> logits_;
  reference::PartTimes times_;
};

// Weights of all layers, without norms and the like.
double LayerWeights(const reference::ModelConfig& config) {
  double weights = 0;
  const auto add = [&](int64_t rows, int64_t columns) {
    weights += static_cast<double>(rows) * static_cast<double>(columns);
  };
  for (const reference::LayerType type : config.layers) {
    add(3 * config.intermediate_size, config.hidden_size);
    if (type == reference::LayerType::kLinearAttention) {
      add(config.ConvWidth() + 2 * config.ValueWidth() + 2 * config.linear_value_heads,
          config.hidden_size);
    } else {
      add(3 * config.attention_heads * config.head_dim +
              2 * config.key_value_heads * config.head_dim,
          config.hidden_size);
    }
  }
  return weights;
}

}  // namespace

std::string CompareOutputs(const TimedCall& a, const TimedCall& b, double limit) {
  const std::span<const float> left = a.Output();
  const std::span<const float> right = b.Output();
  if (left.size() != right.size()) {
    return fmt::format("outputs of the arms have {} and {} elements", left.size(), right.size());
  }
  double error = 0;
  double size = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const double difference = static_cast<double>(left[i]) - static_cast<double>(right[i]);
    error += difference * difference;
    size += static_cast<double>(right[i]) * static_cast<double>(right[i]);
  }
  const double relative = std::sqrt(error / size);
  if (relative <= limit) return "";
  return fmt::format("outputs of the arms differ by {:.2g} (relative RMS), at most {:.2g} allowed",
                     relative, limit);
}

std::string CompareRuns(size_t set, SetCall& a, SetCall& b, double limit) {
  if (a.StartsAnew() || b.StartsAnew()) {
    for (SetCall* const call : {&a, &b}) {
      call->SelectInputs(set);
      call->Enter();
      call->Run();
      call->Leave();
    }
  }
  return CompareOutputs(a, b, limit);
}

std::unique_ptr<SetCall> MakeRuleCall(const KernelTimingRun& run, LayerRecurrence& recurrence,
                                      Translation translation) {
  return std::make_unique<RuleCall>(run, recurrence, translation);
}

std::string DescribeParts(const reference::PartTimes& times) {
  const auto total = static_cast<double>(times.total_ns + times.head_ns);
  if (total <= 0) return "";
  const auto percent = [total](int64_t ns) { return 100 * static_cast<double>(ns) / total; };
  return fmt::format("linear layers {:.1f} %, recurrence {:.1f} %, head {:.1f} % of the time",
                     percent(times.linear_ns), percent(times.rule_ns), percent(times.head_ns));
}

std::unique_ptr<PromptCall> MakePrefillCall(const Model& model, LayerRecurrence& recurrence,
                                            PromptSets prompts) {
  return std::make_unique<PrefillCall>(model, recurrence, std::move(prompts));
}

std::unique_ptr<PromptCall> MakeDecodeCall(const Model& model, LayerRecurrence& recurrence,
                                           PromptSets prompts, int64_t context) {
  return std::make_unique<DecodeCall>(model, recurrence, std::move(prompts), context);
}

double LayerFlopsPerToken(const reference::ModelConfig& config) {
  double rule = 0;
  for (const reference::LayerType type : config.layers) {
    if (type != reference::LayerType::kLinearAttention) continue;
    rule += 6.0 * static_cast<double>(config.linear_value_heads * config.linear_key_dim *
                                      config.linear_value_dim);
  }
  return 2 * LayerWeights(config) + rule;
}

double WeightBytesPerToken(const reference::ModelConfig& config, ComputeType type) {
  const double head = static_cast<double>(config.vocab_size * config.hidden_size);
  return (LayerWeights(config) + head) * static_cast<double>(BytesOf(type));
}

}  // namespace deltagauge
