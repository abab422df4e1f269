#include "harness/candidate/plugin_call.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>

#include "fmt/format.h"
#include "harness/candidate/worker_notes.h"
#include "harness/kernel/bfloat16.h"
#include "reference/conventions.h"

namespace deltagauge {
namespace {

constexpr size_t kUsualAlignmentBytes = 64;

float Read(const void* data, int64_t index, DataType type) {
  if (type == DataType::kFloat32) return static_cast<const float*>(data)[index];
  return FromBFloat16(static_cast<const uint16_t*>(data)[index]);
}

void Write(void* data, int64_t index, DataType type, float value) {
  if (type == DataType::kFloat32) {
    static_cast<float*>(data)[index] = value;
  } else {
    static_cast<uint16_t*>(data)[index] = ToBFloat16(value);
  }
}

int64_t At(const Strides& strides, int64_t s, int64_t t, int64_t head) {
  return s * strides.sequence + t * strides.token + head * strides.head;
}

template <typename Body>
void ForEachRow(const StagedShape& shape, const Body& body) {
  for (int64_t s = 0; s < shape.sizes[0]; ++s) {
    for (int64_t t = 0; t < shape.sizes[1]; ++t) {
      for (int64_t h = 0; h < shape.sizes[2]; ++h) body(s, t, h);
    }
  }
}

bool IsPowerOfTwo(float value) {
  int exponent = 0;
  return std::abs(std::frexp(value, &exponent)) == 0.5f;
}

float TranslatedDecay(DecayForm from, int32_t to, float decay) {
  if (from == DecayForm::kLog && to == DELTAGAUGE_DECAY_EXP) {
    return static_cast<float>(std::exp(double{decay}));
  }
  if (from == DecayForm::kExponentiated && to == DELTAGAUGE_DECAY_LOG) {
    return static_cast<float>(reference::LogDecay(double{decay}));
  }
  return decay;
}

float TranslatedBeta(BetaForm from, int32_t to, float beta) {
  if (from == BetaForm::kLogit && to == DELTAGAUGE_BETA_ACTIVATED) {
    return static_cast<float>(reference::Sigmoid(double{beta}));
  }
  if (from == BetaForm::kActivated && to == DELTAGAUGE_BETA_LOGIT) {
    if (beta < 0 || beta > 1) {
      throw PluginFault(Verdict::kSkipped,
                        fmt::format("the plug-in takes logits; none has the sigmoid {}", beta));
    }
    return static_cast<float>(std::log(double{beta} / (1.0 - double{beta})));
  }
  return beta;
}

}  // namespace

std::string FindUnsupported(const PluginInfo& info, const GatedDeltaRuleArgs& args) {
  const struct {
    const char* name;
    int64_t value;
    int64_t limit;
  } kLimits[] = {{"K", args.key_dim, info.limits.max_key_dim},
                 {"V", args.value_dim, info.limits.max_value_dim},
                 {"tokens", args.num_tokens, info.limits.max_tokens}};
  for (const auto& [name, value, limit] : kLimits) {
    if (limit > 0 && value > limit) {
      return fmt::format("{} = {} is beyond the plug-in's limit of {}", name, value, limit);
    }
  }
  const bool is_bfloat16 = args.data_type == DataType::kBFloat16;
  const uint32_t type = is_bfloat16 ? DELTAGAUGE_BFLOAT16 : DELTAGAUGE_FLOAT32;
  if ((info.data_types & type) == 0) {
    return fmt::format("the plug-in has no {}", is_bfloat16 ? "bfloat16" : "float32");
  }
  const deltagauge_conventions& c = info.conventions;
  const bool wants_norm = args.qk_norm == QkNorm::kL2;
  if (c.qk_norm == DELTAGAUGE_NORM_INSIDE && !wants_norm) {
    return "the plug-in always normalises queries and keys";
  }
  if (is_bfloat16 && c.qk_norm == DELTAGAUGE_NORM_OUTSIDE && wants_norm) {
    return "a norm outside the plug-in would round bfloat16 twice";
  }
  if (is_bfloat16 && c.scale == DELTAGAUGE_SCALE_OUTSIDE && !IsPowerOfTwo(args.scale)) {
    return "a scale outside the plug-in would round bfloat16 twice";
  }
  return "";
}

HeadOrder OrderHeads(int32_t plugin_head_map, const GatedDeltaRuleArgs& args) {
  const int64_t key_heads = args.key_heads;
  const int64_t repeats = args.value_heads / key_heads;
  const bool is_grouped = args.head_map == HeadMap::kGrouped;
  HeadOrder order;
  for (int64_t h = 0; h < args.value_heads; ++h) {
    int64_t callers = h;
    if (plugin_head_map == DELTAGAUGE_HEADS_GROUPED && !is_grouped) {
      callers = h % repeats * key_heads + h / repeats;
    } else if (plugin_head_map == DELTAGAUGE_HEADS_TILED && is_grouped) {
      callers = h % key_heads * repeats + h / key_heads;
    }
    order.value_heads.push_back(callers);
    if (plugin_head_map == DELTAGAUGE_HEADS_EQUAL) {
      order.key_heads.push_back(is_grouped ? h / repeats : h % key_heads);
    } else if (h < key_heads) {
      order.key_heads.push_back(h);
    }
  }
  return order;
}

PluginCall::PluginCall(const Plugin& plugin, const GatedDeltaRuleArgs& args, int num_threads,
                       Trap trap)
    : plugin_(plugin),
      args_(args),
      trap_(trap),
      heads_(OrderHeads(plugin.info.conventions.head_map, args)) {
  const std::string unsupported = FindUnsupported(plugin.info, args);
  if (!unsupported.empty()) throw PluginFault(Verdict::kSkipped, unsupported);
  StageTokens();
  StageStates();
  FillQueriesOrKeys(args.query, *query_);
  FillQueriesOrKeys(args.key, *key_);
  FillValues();
  FillGates();
  FillState();
  for (const auto& tensor : staged_) tensor->Seal();
  Describe(num_threads);
  Prepare();
}

void PluginCall::StageTokens() {
  using Access = FaultSite::Access;
  const auto key_heads = static_cast<int64_t>(heads_.key_heads.size());
  const auto qk = [&](const char* name, const ConstTensor& tensor) {
    return &Stage(name, Access::kReadOnly, args_.data_type,
                  TensorShape(key_heads, args_.key_dim, tensor.strides, args_.key_heads),
                  tensor.data);
  };
  const auto of_values = [&](const char* name, Access access, DataType type, int64_t dim,
                             const Strides& strides, const void* data) {
    return &Stage(name, access, type,
                  TensorShape(args_.value_heads, dim, strides, args_.value_heads), data);
  };
  query_ = qk("query", args_.query);
  key_ = qk("key", args_.key);
  value_ = of_values("value", Access::kReadOnly, args_.data_type, args_.value_dim,
                     args_.value.strides, args_.value.data);
  decay_ = of_values("decay", Access::kReadOnly, DataType::kFloat32, 1, args_.decay.strides,
                     args_.decay.data);
  beta_ = of_values("beta", Access::kReadOnly, DataType::kFloat32, 1, args_.beta.strides,
                    args_.beta.data);
  output_ = of_values("output", Access::kReadWrite, args_.data_type, args_.value_dim,
                      args_.output.strides, args_.output.data);
}

void PluginCall::StageStates() {
  using Access = FaultSite::Access;
  const bool in_place = plugin_.info.conventions.state_place == DELTAGAUGE_STATE_IN_PLACE;
  const float* const initial = args_.initial_state.data;
  const float* const final = args_.final_state.data;
  initial_state_ =
      &Stage("initial_state", in_place ? Access::kReadWrite : Access::kReadOnly, DataType::kFloat32,
             StateShape(initial == nullptr ? nullptr : &args_.initial_state.strides), initial);
  final_state_ = initial_state_;
  if (in_place) return;
  final_state_ = &Stage("final_state", Access::kReadWrite, DataType::kFloat32,
                        StateShape(final == nullptr ? nullptr : &args_.final_state.strides), final);
}

void PluginCall::Describe(int num_threads) {
  const PluginInfo& info = plugin_.info;
  call_.struct_bytes = sizeof(call_);
  call_.data_type =
      args_.data_type == DataType::kBFloat16 ? DELTAGAUGE_BFLOAT16 : DELTAGAUGE_FLOAT32;
  const int32_t most_threads = info.limits.max_threads;
  call_.num_threads = most_threads > 0 ? std::min(num_threads, most_threads) : num_threads;
  call_.scale = info.conventions.scale == DELTAGAUGE_SCALE_OUTSIDE ? 1.0f : args_.scale;
  call_.norm_epsilon = args_.norm_epsilon;
  call_.query = query_->AsInput();
  call_.key = key_->AsInput();
  call_.value = value_->AsInput();
  call_.decay = decay_->AsInput();
  call_.beta = beta_->AsInput();
  call_.initial_state = initial_state_->AsInput();
  call_.output = output_->AsOutput();
  call_.final_state = final_state_->AsOutput();
  call_.error_text = error_text_.data();
  call_.error_bytes = error_text_.size();
}

PluginCall::~PluginCall() {
  if (!is_prepared_ || plugin_.release == nullptr) return;
  const WorkerStep step("release");
  plugin_.release(prepared_);
}

StagedTensor& PluginCall::Stage(const char* name, FaultSite::Access access, DataType type,
                                const StagedShape& shape, const void* callers) {
  const size_t element_bytes = type == DataType::kFloat32 ? 4 : 2;
  const auto asked = static_cast<size_t>(plugin_.info.limits.alignment_bytes);
  StagedPlace place;
  place.trap = trap_;
  if (asked <= element_bytes) {
    // As badly aligned as the caller's own.
    place.alignment_bytes = kUsualAlignmentBytes;
    place.misalignment_bytes = reinterpret_cast<uintptr_t>(callers) % kUsualAlignmentBytes;
  } else {
    place.alignment_bytes = asked;
  }
  staged_.push_back(std::make_unique<StagedTensor>(name, access, type, shape, place));
  return *staged_.back();
}

StagedShape PluginCall::TensorShape(int64_t heads, int64_t dim, const Strides& strides,
                                    int64_t callers_heads) const {
  const std::array<int64_t, 4> sizes = {args_.num_sequences, args_.num_tokens, heads, dim};
  switch (plugin_.info.conventions.token_layout) {
    case DELTAGAUGE_HEADS_MAJOR:
      return ContiguousShape(sizes, {0, 2, 1, 3});
    case DELTAGAUGE_STRIDES_ANY:
      if (heads != callers_heads) break;
      return {sizes, {strides.sequence, strides.token, strides.head, 1}};
    default:
      break;
  }
  return ContiguousShape(sizes, {0, 1, 2, 3});
}

StagedShape PluginCall::StateShape(const StateStrides* strides) const {
  const std::array<int64_t, 4> sizes = {args_.num_sequences, args_.value_heads, args_.key_dim,
                                        args_.value_dim};
  const bool key_major = plugin_.info.conventions.state_layout == DELTAGAUGE_STATE_KV;
  const bool same_layout = key_major == (args_.state_layout == StateLayout::kKeyMajor);
  const bool any = plugin_.info.conventions.token_layout == DELTAGAUGE_STRIDES_ANY;
  if (any && same_layout && strides != nullptr) {
    const int64_t row = strides->row;
    return {sizes, {strides->sequence, strides->head, key_major ? row : 1, key_major ? 1 : row}};
  }
  return ContiguousShape(sizes, key_major ? std::array{0, 1, 2, 3} : std::array{0, 1, 3, 2});
}

void PluginCall::FillQueriesOrKeys(const ConstTensor& from, StagedTensor& to) const {
  const bool norm =
      plugin_.info.conventions.qk_norm == DELTAGAUGE_NORM_OUTSIDE && args_.qk_norm == QkNorm::kL2;
  std::vector<double> row(static_cast<size_t>(args_.key_dim));
  ForEachRow(to.shape(), [&](int64_t s, int64_t t, int64_t h) {
    const int64_t head = heads_.key_heads[static_cast<size_t>(h)];
    const int64_t begin = At(from.strides, s, t, head);
    for (size_t k = 0; k < row.size(); ++k) {
      row[k] = double{Read(from.data, begin + static_cast<int64_t>(k), args_.data_type)};
    }
    if (norm) {
      reference::NormalizeRows(args_.key_dim, double{args_.norm_epsilon}, std::span<double>(row));
    }
    for (size_t k = 0; k < row.size(); ++k) {
      to.Set(to.shape().Offset(s, t, h, static_cast<int64_t>(k)), static_cast<float>(row[k]));
    }
  });
}

void PluginCall::FillValues() {
  ForEachRow(value_->shape(), [&](int64_t s, int64_t t, int64_t h) {
    const int64_t head = heads_.value_heads[static_cast<size_t>(h)];
    const int64_t begin = At(args_.value.strides, s, t, head);
    for (int64_t v = 0; v < args_.value_dim; ++v) {
      value_->Set(value_->shape().Offset(s, t, h, v),
                  Read(args_.value.data, begin + v, args_.data_type));
    }
  });
}

void PluginCall::FillGates() {
  const deltagauge_conventions& conventions = plugin_.info.conventions;
  ForEachRow(decay_->shape(), [&](int64_t s, int64_t t, int64_t h) {
    const int64_t head = heads_.value_heads[static_cast<size_t>(h)];
    const float decay = args_.decay.data[At(args_.decay.strides, s, t, head)];
    const float beta = args_.beta.data[At(args_.beta.strides, s, t, head)];
    decay_->Set(decay_->shape().Offset(s, t, h, 0),
                TranslatedDecay(args_.decay_form, conventions.decay, decay));
    beta_->Set(beta_->shape().Offset(s, t, h, 0),
               TranslatedBeta(args_.beta_form, conventions.beta, beta));
  });
}

int64_t PluginCall::StateIndex(const StateStrides& strides, int64_t s, int64_t head, int64_t k,
                               int64_t v) const {
  const int64_t begin = s * strides.sequence + head * strides.head;
  if (args_.state_layout == StateLayout::kKeyMajor) return begin + k * strides.row + v;
  return begin + v * strides.row + k;
}

void PluginCall::FillState() {
  const StagedShape& shape = initial_state_->shape();
  ForEachRow(shape, [&](int64_t s, int64_t h, int64_t k) {
    const int64_t head = heads_.value_heads[static_cast<size_t>(h)];
    for (int64_t v = 0; v < args_.value_dim; ++v) {
      const ConstState& from = args_.initial_state;
      initial_state_->Set(
          shape.Offset(s, h, k, v),
          from.data == nullptr ? 0.0f : from.data[StateIndex(from.strides, s, head, k, v)]);
    }
  });
}

void PluginCall::Prepare() {
  if (plugin_.prepare == nullptr) return;
  int32_t code = DELTAGAUGE_FAILED;
  try {
    const WorkerStep step("prepare");
    code = plugin_.prepare(&call_, &prepared_);
  } catch (const std::exception& error) {
    throw PluginFault(Verdict::kError, fmt::format("an exception left prepare: {}", error.what()));
  } catch (...) {
    throw PluginFault(Verdict::kError, "an exception left prepare");
  }
  Expect(code, "prepare");
  is_prepared_ = true;
}

void PluginCall::Run() {
  int32_t code = DELTAGAUGE_FAILED;
  try {
    const WorkerStep step("run");
    code = plugin_.run(&call_, prepared_);
  } catch (const std::exception& error) {
    throw PluginFault(Verdict::kError, fmt::format("an exception left run: {}", error.what()));
  } catch (...) {
    throw PluginFault(Verdict::kError, "an exception left run");
  }
  Expect(code, "run");
}

void PluginCall::Expect(int32_t code, const char* step) const {
  if (code == DELTAGAUGE_OK) return;
  std::string text(error_text_.begin(), std::find(error_text_.begin(), error_text_.end(), '\0'));
  if (text.empty()) text = "without a word";
  if (code == DELTAGAUGE_UNSUPPORTED) {
    throw PluginFault(Verdict::kSkipped, fmt::format("{} does not support this: {}", step, text));
  }
  throw PluginFault(Verdict::kError, fmt::format("{} gave status {}: {}", step, code, text));
}

void PluginCall::Finish() {
  for (const auto& tensor : staged_) {
    const std::string damage = tensor->Damage();
    if (damage.empty()) continue;
    throw PluginFault(Verdict::kFailed, fmt::format("R6 {}: {}", tensor->name(), damage));
  }
  StoreOutput();
  if (args_.final_state.data != nullptr) StoreState();
}

void PluginCall::StoreOutput() const {
  const bool scales = plugin_.info.conventions.scale == DELTAGAUGE_SCALE_OUTSIDE;
  const StagedShape& shape = output_->shape();
  ForEachRow(shape, [&](int64_t s, int64_t t, int64_t h) {
    const int64_t head = heads_.value_heads[static_cast<size_t>(h)];
    const int64_t begin = At(args_.output.strides, s, t, head);
    for (int64_t v = 0; v < args_.value_dim; ++v) {
      const float raw = output_->Get(shape.Offset(s, t, h, v));
      const float value = scales ? raw * args_.scale : raw;
      Write(args_.output.data, begin + v, args_.data_type, value);
    }
  });
}

void PluginCall::StoreState() const {
  const StagedShape& shape = final_state_->shape();
  const MutableState& to = args_.final_state;
  ForEachRow(shape, [&](int64_t s, int64_t h, int64_t k) {
    const int64_t head = heads_.value_heads[static_cast<size_t>(h)];
    for (int64_t v = 0; v < args_.value_dim; ++v) {
      to.data[StateIndex(to.strides, s, head, k, v)] = final_state_->Get(shape.Offset(s, h, k, v));
    }
  });
}

}  // namespace deltagauge
