#include "reference/model_config.h"

#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/json_tree.h"

namespace deltagauge::reference {
namespace {

// Larger than any model; small enough that the product of two and a third can't overflow.
constexpr int64_t kMaxVocabulary = int64_t{1} << 24;
constexpr int64_t kMaxWidth = int64_t{1} << 20;
constexpr int64_t kMaxLayers = 1024;
constexpr int64_t kMaxHeads = 4096;
constexpr int64_t kMaxHeadDim = 4096;
constexpr int64_t kMaxConvKernel = 64;
constexpr int64_t kMaxPositions = int64_t{1} << 31;
constexpr size_t kMaxEosTokens = 64;

// An object of the file, its keys' values checked.
class Fields {
 public:
  // `prefix` is the object's own place in the file: "text_config.", or "".
  Fields(const JsonValue& object, std::string prefix, const std::string& source)
      : object_(object), prefix_(std::move(prefix)), source_(source) {}

  // nullptr if it is absent or null.
  const JsonValue* Find(std::string_view key) const {
    const JsonValue* value = object_.Find(key);
    return value == nullptr || value->kind == JsonKind::kNull ? nullptr : value;
  }

  [[noreturn]] void Fail(std::string_view key, const std::string& expected,
                         const std::string& found, const std::string& hint = {}) const {
    throw InputError(source_ + ": " + prefix_ + std::string(key),
                     "expected " + expected + ", found " + found, hint);
  }

  int64_t Integer(std::string_view key, int64_t highest) const {
    if (Find(key) == nullptr) FailMissing(key, IntegerRange(highest));
    return Integer(key, highest, 0);
  }
  int64_t Integer(std::string_view key, int64_t highest, int64_t absent) const {
    const JsonValue* value = Find(key);
    if (value == nullptr) return absent;
    if (value->kind != JsonKind::kInteger || value->integer < 1 || value->integer > highest) {
      Fail(key, IntegerRange(highest), Describe(*value));
    }
    return value->integer;
  }

  std::optional<double> Number(std::string_view key, double lowest, double highest) const {
    const JsonValue* value = Find(key);
    if (value == nullptr) return std::nullopt;
    const bool is_number = value->kind == JsonKind::kInteger || value->kind == JsonKind::kNumber;
    if (!is_number || value->number < lowest || value->number > highest) {
      Fail(key, "a number from " + NumberName(lowest) + " to " + NumberName(highest),
           Describe(*value));
    }
    return value->number;
  }

  std::optional<bool> Boolean(std::string_view key) const {
    const JsonValue* value = Find(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind != JsonKind::kBoolean) Fail(key, "true or false", Describe(*value));
    return value->boolean;
  }

  // The text, if there is one, is one of `known`.
  void CheckText(std::string_view key, std::span<const std::string_view> known) const {
    const JsonValue* value = Find(key);
    if (value == nullptr) return;
    std::string expected;
    for (const std::string_view name : known) {
      if (value->kind == JsonKind::kString && value->text == name) return;
      expected += (expected.empty() ? "" : " or ") + Quoted(name);
    }
    Fail(key, expected + " (nothing else is implemented)", Describe(*value));
  }

  // The object of this key, or an empty one.
  Fields Object(std::string_view key) const {
    static const JsonValue kEmpty = [] {
      JsonValue object;
      object.kind = JsonKind::kObject;
      return object;
    }();
    const JsonValue* value = Find(key);
    if (value != nullptr && value->kind != JsonKind::kObject) {
      Fail(key, "an object", Describe(*value));
    }
    return {value == nullptr ? kEmpty : *value, prefix_ + std::string(key) + ".", source_};
  }

 private:
  static std::string IntegerRange(int64_t highest) {
    return "an integer from 1 to " + std::to_string(highest);
  }

  [[noreturn]] void FailMissing(std::string_view key, const std::string& expected) const {
    std::vector<std::string_view> keys;
    for (const JsonMember& member : object_.members) {
      if (member.key != key) keys.push_back(member.key);
    }
    Fail(key, expected, "no such key", NearestNameHint(key, keys));
  }

  const JsonValue& object_;
  std::string prefix_;
  const std::string& source_;
};

LayerType ParseLayerType(const JsonValue& value, size_t index, const Fields& text) {
  if (value.kind == JsonKind::kString) {
    if (value.text == "linear_attention") return LayerType::kLinearAttention;
    if (value.text == "full_attention") return LayerType::kFullAttention;
  }
  text.Fail("layer_types[" + std::to_string(index) + "]", "'linear_attention' or 'full_attention'",
            Describe(value));
}

std::vector<LayerType> ParseLayers(const Fields& text) {
  const JsonValue* types = text.Find("layer_types");
  std::vector<LayerType> layers;
  if (types == nullptr) {
    const int64_t count = text.Integer("num_hidden_layers", kMaxLayers);
    const int64_t interval = text.Integer("full_attention_interval", kMaxLayers, 4);
    for (int64_t i = 1; i <= count; ++i) {
      layers.push_back(i % interval == 0 ? LayerType::kFullAttention : LayerType::kLinearAttention);
    }
    return layers;
  }
  const bool is_list = types->kind == JsonKind::kArray;
  if (!is_list || types->members.empty() || types->members.size() > size_t{kMaxLayers}) {
    text.Fail("layer_types", "a list of 1 to " + std::to_string(kMaxLayers) + " types",
              Describe(*types));
  }
  for (const JsonMember& member : types->members) {
    layers.push_back(ParseLayerType(member.value, layers.size(), text));
  }
  const auto listed = static_cast<int64_t>(layers.size());
  const int64_t count = text.Integer("num_hidden_layers", kMaxLayers, listed);
  if (count != listed) {
    text.Fail("layer_types",
              "a type for each of num_hidden_layers = " + std::to_string(count) + " layers",
              std::to_string(listed));
  }
  return layers;
}

void ParseRope(const Fields& text, ModelConfig& config) {
  constexpr std::array<std::string_view, 1> kTypes = {"default"};
  const bool is_older = text.Find("rope_parameters") == nullptr;
  const Fields rope = text.Object(is_older ? "rope_scaling" : "rope_parameters");
  rope.CheckText("rope_type", kTypes);
  rope.CheckText("type", kTypes);

  const auto number = [&](std::string_view key, double lowest, double highest, double absent) {
    const std::optional<double> own = rope.Number(key, lowest, highest);
    return own ? *own : text.Number(key, lowest, highest).value_or(absent);
  };
  config.rope_theta = number("rope_theta", 1, 1e15, 1e7);
  const double factor = number("partial_rotary_factor", 0, 1, 0.25);
  config.rotary_dim = static_cast<int64_t>(static_cast<double>(config.head_dim) * factor);
  if (config.rotary_dim < 2 || config.rotary_dim % 2 != 0) {
    rope.Fail("partial_rotary_factor",
              "an even part, at least 2, of head_dim = " + std::to_string(config.head_dim),
              std::to_string(config.rotary_dim));
  }
}

void CheckDivides(const Fields& text, std::string_view many, int64_t many_heads,
                  std::string_view few, int64_t few_heads) {
  if (many_heads % few_heads == 0) return;
  text.Fail(many, "a multiple of " + std::string(few) + " = " + std::to_string(few_heads),
            "the number " + std::to_string(many_heads));
}

void ParseSizes(const Fields& text, ModelConfig& config) {
  config.vocab_size = text.Integer("vocab_size", kMaxVocabulary, 248320);
  config.hidden_size = text.Integer("hidden_size", kMaxWidth);
  config.intermediate_size = text.Integer("intermediate_size", kMaxWidth);
  config.attention_heads = text.Integer("num_attention_heads", kMaxHeads);
  config.key_value_heads = text.Integer("num_key_value_heads", kMaxHeads);
  CheckDivides(text, "num_attention_heads", config.attention_heads, "num_key_value_heads",
               config.key_value_heads);
  config.head_dim = text.Integer("head_dim", kMaxHeadDim, 256);
  config.conv_kernel = text.Integer("linear_conv_kernel_dim", kMaxConvKernel, 4);
  config.linear_key_heads = text.Integer("linear_num_key_heads", kMaxHeads, 16);
  config.linear_value_heads = text.Integer("linear_num_value_heads", kMaxHeads);
  CheckDivides(text, "linear_num_value_heads", config.linear_value_heads, "linear_num_key_heads",
               config.linear_key_heads);
  config.linear_key_dim = text.Integer("linear_key_head_dim", kMaxHeadDim, 128);
  config.linear_value_dim = text.Integer("linear_value_head_dim", kMaxHeadDim, 128);
  config.max_positions = text.Integer("max_position_embeddings", kMaxPositions, 262144);
}

// What would change the result and isn't implemented.
void CheckImplemented(const Fields& text) {
  constexpr std::array<std::string_view, 2> kModels = {"qwen3_5_text", "qwen3_5"};
  // Two names of x * sigmoid(x).
  constexpr std::array<std::string_view, 2> kActivations = {"silu", "swish"};
  text.CheckText("model_type", kModels);
  text.CheckText("hidden_act", kActivations);
  text.CheckText("output_gate_type", kActivations);
  if (text.Boolean("attention_bias").value_or(false)) {
    text.Fail("attention_bias", "false (nothing else is implemented)", "true");
  }
  for (const std::string_view key : {"num_experts", "num_local_experts"}) {
    const JsonValue* experts = text.Find(key);
    if (experts == nullptr || (experts->kind == JsonKind::kInteger && experts->integer == 0)) {
      continue;
    }
    text.Fail(key, "a dense model, which has no experts", Describe(*experts));
  }
}

// A number or a list of numbers.
std::vector<int64_t> ParseEos(const Fields& object, int64_t vocab_size) {
  const JsonValue* value = object.Find("eos_token_id");
  std::vector<int64_t> ids;
  if (value == nullptr) return ids;
  const std::string expected = "an id from 0 to " + std::to_string(vocab_size - 1);
  const auto add = [&](const JsonValue& id) {
    if (id.kind != JsonKind::kInteger || id.integer < 0 || id.integer >= vocab_size) {
      object.Fail("eos_token_id", expected + " or a list of them", Describe(id));
    }
    ids.push_back(id.integer);
  };
  if (value->kind != JsonKind::kArray) {
    add(*value);
    return ids;
  }
  if (value->members.size() > kMaxEosTokens) {
    object.Fail("eos_token_id", "at most " + std::to_string(kMaxEosTokens) + " ids",
                Describe(*value));
  }
  for (const JsonMember& member : value->members) add(member.value);
  return ids;
}

}  // namespace

ModelConfig ParseModelConfig(std::string_view json, const std::string& source) {
  const JsonValue root = ParseJson(json, source, {.max_bytes = kMaxConfigBytes});
  if (root.kind != JsonKind::kObject) {
    throw InputError(source, "expected an object, found " + Describe(root));
  }
  const Fields whole(root, "", source);
  const bool is_nested = whole.Find("text_config") != nullptr;
  const Fields text = is_nested ? whole.Object("text_config") : whole;
  constexpr std::array<std::string_view, 2> kModels = {"qwen3_5", "qwen3_5_text"};
  whole.CheckText("model_type", kModels);
  CheckImplemented(text);

  ModelConfig config;
  config.layers = ParseLayers(text);
  ParseSizes(text, config);
  ParseRope(text, config);
  config.rms_norm_eps = text.Number("rms_norm_eps", 0, 1).value_or(1e-6);
  const std::optional<bool> tied = text.Boolean("tie_word_embeddings");
  config.tie_word_embeddings = tied ? *tied : whole.Boolean("tie_word_embeddings").value_or(false);
  config.eos_token_ids =
      ParseEos(text.Find("eos_token_id") == nullptr ? whole : text, config.vocab_size);
  return config;
}

}  // namespace deltagauge::reference
