// Which tensors a checkpoint has, and where its index says they lie.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "reference/checkpoint.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/json_tree.h"

namespace deltagauge::reference {
namespace {

constexpr std::string_view kShardSuffix = ".safetensors";

void AddLinearAttention(const ModelConfig& c, const std::string& layer,
                        std::vector<TensorInfo>& tensors) {
  const std::string prefix = layer + "linear_attn.";
  const auto add = [&](std::string_view name, std::vector<int64_t> shape,
                       TensorType type = TensorType::kBFloat16) {
    tensors.push_back({prefix + std::string(name), type, std::move(shape)});
  };
  add("in_proj_qkv.weight", {c.ConvWidth(), c.hidden_size});
  add("in_proj_z.weight", {c.ValueWidth(), c.hidden_size});
  add("in_proj_b.weight", {c.linear_value_heads, c.hidden_size});
  add("in_proj_a.weight", {c.linear_value_heads, c.hidden_size});
  add("conv1d.weight", {c.ConvWidth(), 1, c.conv_kernel});
  add("dt_bias", {c.linear_value_heads});
  add("A_log", {c.linear_value_heads}, TensorType::kFloat32);
  add("norm.weight", {c.linear_value_dim}, TensorType::kFloat32);
  add("out_proj.weight", {c.hidden_size, c.ValueWidth()});
}

void AddFullAttention(const ModelConfig& c, const std::string& layer,
                      std::vector<TensorInfo>& tensors) {
  const std::string prefix = layer + "self_attn.";
  const auto add = [&](std::string_view name, std::vector<int64_t> shape) {
    tensors.push_back({prefix + std::string(name), TensorType::kBFloat16, std::move(shape)});
  };
  const int64_t query_width = c.attention_heads * c.head_dim;
  const int64_t key_width = c.key_value_heads * c.head_dim;
  add("q_proj.weight", {2 * query_width, c.hidden_size});  // the query and its gate
  add("k_proj.weight", {key_width, c.hidden_size});
  add("v_proj.weight", {key_width, c.hidden_size});
  add("o_proj.weight", {c.hidden_size, query_width});
  add("q_norm.weight", {c.head_dim});
  add("k_norm.weight", {c.head_dim});
}

bool IsPlainFileName(std::string_view name) {
  // ':' is a drive or a stream on Windows.
  constexpr std::string_view kForbidden("/\\:\0", 4);
  return name.size() > kShardSuffix.size() && name.size() <= 255 && name.ends_with(kShardSuffix) &&
         name.find_first_of(kForbidden) == std::string_view::npos;
}

}  // namespace

std::vector<TensorInfo> TensorsOf(const ModelConfig& config) {
  std::vector<TensorInfo> tensors;
  const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
    tensors.push_back({name, TensorType::kBFloat16, std::move(shape)});
  };
  add("embed_tokens.weight", {config.vocab_size, config.hidden_size});
  add("norm.weight", {config.hidden_size});
  if (!config.tie_word_embeddings) add("lm_head.weight", {config.vocab_size, config.hidden_size});
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    add(layer + "input_layernorm.weight", {config.hidden_size});
    add(layer + "post_attention_layernorm.weight", {config.hidden_size});
    add(layer + "mlp.gate_proj.weight", {config.intermediate_size, config.hidden_size});
    add(layer + "mlp.up_proj.weight", {config.intermediate_size, config.hidden_size});
    add(layer + "mlp.down_proj.weight", {config.hidden_size, config.intermediate_size});
    if (config.layers[i] == LayerType::kLinearAttention) {
      AddLinearAttention(config, layer, tensors);
    } else {
      AddFullAttention(config, layer, tensors);
    }
  }
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    if (a.type != b.type) return a.type == TensorType::kFloat32;
    return a.name < b.name;
  });
  return tensors;
}

std::optional<std::string> TextTensorName(std::string_view name) {
  // The longer ones first.
  constexpr std::array<std::string_view, 4> kPrefixes = {
      "model.language_model.", "language_model.model.", "model.", "language_model."};
  for (const std::string_view prefix : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    break;
  }
  if (name.starts_with("mtp.") || name.starts_with("visual.")) return std::nullopt;
  if (name.ends_with(".rotary_emb.inv_freq")) return std::nullopt;
  if (name.ends_with(".linear_attn.conv1d.bias")) return std::nullopt;
  return std::string(name);
}

std::vector<IndexEntry> ParseCheckpointIndex(std::string_view json, const std::string& source) {
  const JsonLimits limits = {
      .max_bytes = kMaxIndexBytes, .max_values = size_t{1} << 20, .max_depth = 8};
  const JsonValue root = ParseJson(json, source, limits);
  const JsonValue* map = root.Find("weight_map");
  if (map == nullptr || map->kind != JsonKind::kObject || map->members.empty()) {
    std::string found = map == nullptr ? "none" : Describe(*map);
    if (map != nullptr && map->kind == JsonKind::kObject) found = "an empty object";
    throw InputError(source + ": weight_map",
                     "expected an object of tensor names and their files, found " + found);
  }
  std::vector<IndexEntry> entries;
  std::set<std::string_view> files;
  for (const JsonMember& member : map->members) {
    const JsonValue& file = member.value;
    if (file.kind != JsonKind::kString || !IsPlainFileName(file.text)) {
      throw InputError(
          source + ": tensor " + Quoted(member.key),
          "expected the name of a .safetensors file in this folder, found " + Describe(file));
    }
    files.insert(file.text);
    if (files.size() > kMaxShards) {
      throw InputError(source,
                       "expected at most " + std::to_string(kMaxShards) + " files, found more");
    }
    entries.push_back({member.key, file.text});
  }
  return entries;
}

}  // namespace deltagauge::reference
