#include "reference/synthetic_shape.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reference/checkpoint.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge::reference {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kFullAttentionInterval = 4;

// What differs between the published models. The text model's sizes add up to the published numbers
// of parameters (the test of this file).
struct Sizes {
  std::string_view name;
  int64_t hidden, intermediate, layers;
  int64_t heads, key_value_heads;
  int64_t linear_key_heads, linear_value_heads;
  bool tied;
  int64_t vision_depth, vision_hidden, vision_intermediate, vision_heads;
};

constexpr Sizes kSizes[] = {
    {"qwen3_5-0.8b", 1024, 3584, 24, 8, 2, 16, 16, true, 12, 768, 3072, 12},
    {"qwen3_5-2b", 2048, 6144, 24, 8, 2, 16, 16, true, 24, 1024, 4096, 16},
    {"qwen3_5-4b", 2560, 9216, 32, 16, 4, 16, 32, true, 24, 1024, 4096, 16},
    {"qwen3_5-9b", 4096, 12288, 32, 16, 4, 16, 32, false, 27, 1152, 4304, 16},
    {"qwen3_5-27b", 5120, 17408, 64, 24, 4, 16, 48, false, 27, 1152, 4304, 16},
};

SyntheticShape ShapeOf(const Sizes& sizes) {
  SyntheticShape shape;
  shape.name = sizes.name;
  ModelConfig& text = shape.text;
  text.vocab_size = 248320;
  text.hidden_size = sizes.hidden;
  text.intermediate_size = sizes.intermediate;
  for (int64_t i = 0; i < sizes.layers; ++i) {
    text.layers.push_back((i + 1) % kFullAttentionInterval == 0 ? LayerType::kFullAttention
                                                                : LayerType::kLinearAttention);
  }
  text.attention_heads = sizes.heads;
  text.key_value_heads = sizes.key_value_heads;
  text.head_dim = 256;
  text.rotary_dim = 64;
  text.rope_theta = 1e7;
  text.conv_kernel = 4;
  text.linear_key_heads = sizes.linear_key_heads;
  text.linear_value_heads = sizes.linear_value_heads;
  text.linear_key_dim = 128;
  text.linear_value_dim = 128;
  text.rms_norm_eps = 1e-6;
  text.tie_word_embeddings = sizes.tied;
  text.max_positions = 262144;
  text.eos_token_ids = {248044};
  shape.vision.depth = sizes.vision_depth;
  shape.vision.hidden_size = sizes.vision_hidden;
  shape.vision.intermediate_size = sizes.vision_intermediate;
  shape.vision.heads = sizes.vision_heads;
  return shape;
}

class TensorList {
 public:
  void Add(std::string name, std::vector<int64_t> shape, TensorType type = TensorType::kBFloat16) {
    tensors_.push_back({std::move(name), type, std::move(shape)});
  }

  // A linear layer or a norm with bias.
  void AddWithBias(const std::string& name, std::vector<int64_t> shape) {
    Add(name + ".bias", {shape.front()});
    Add(name + ".weight", std::move(shape));
  }

  std::vector<TensorInfo> InFileOrder() && {
    std::sort(tensors_.begin(), tensors_.end(), [](const TensorInfo& a, const TensorInfo& b) {
      if (a.type != b.type) return a.type == TensorType::kFloat32;
      return a.name < b.name;
    });
    return std::move(tensors_);
  }

 private:
  std::vector<TensorInfo> tensors_;
};

void AddText(const ModelConfig& text, TensorList& list) {
  for (TensorInfo& tensor : TensorsOf(text)) {
    const bool is_head = tensor.name == "lm_head.weight";
    list.Add((is_head ? "" : "model.language_model.") + tensor.name, std::move(tensor.shape),
             tensor.type);
  }
}

// One layer of full attention that predicts the token after the next from the hidden state and the
// embedding of the next.
void AddMultiTokenPrediction(const ModelConfig& text, TensorList& list) {
  const int64_t hidden = text.hidden_size;
  ModelConfig one_layer = text;
  one_layer.layers = {LayerType::kFullAttention};
  for (TensorInfo& tensor : TensorsOf(one_layer)) {
    if (!tensor.name.starts_with("layers.0.")) continue;
    list.Add("mtp." + tensor.name, std::move(tensor.shape), tensor.type);
  }
  list.Add("mtp.fc.weight", {hidden, 2 * hidden});
  for (const char* name : {"norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden"}) {
    list.Add(std::string("mtp.") + name + ".weight", {hidden});
  }
}

void AddVision(const VisionShape& vision, int64_t out_hidden, TensorList& list) {
  const std::string prefix = "model.visual.";
  const int64_t hidden = vision.hidden_size;
  for (int64_t i = 0; i < vision.depth; ++i) {
    const std::string block = prefix + "blocks." + std::to_string(i) + ".";
    list.AddWithBias(block + "attn.qkv", {3 * hidden, hidden});
    list.AddWithBias(block + "attn.proj", {hidden, hidden});
    list.AddWithBias(block + "mlp.linear_fc1", {vision.intermediate_size, hidden});
    list.AddWithBias(block + "mlp.linear_fc2", {hidden, vision.intermediate_size});
    list.AddWithBias(block + "norm1", {hidden});
    list.AddWithBias(block + "norm2", {hidden});
  }
  // The merger joins squares of patches into one token of the text model.
  const int64_t merged = hidden * vision.spatial_merge_size * vision.spatial_merge_size;
  list.AddWithBias(prefix + "merger.linear_fc1", {merged, merged});
  list.AddWithBias(prefix + "merger.linear_fc2", {out_hidden, merged});
  list.AddWithBias(prefix + "merger.norm", {hidden});
  list.AddWithBias(
      prefix + "patch_embed.proj",
      {hidden, vision.channels, vision.temporal_patch_size, vision.patch_size, vision.patch_size});
  list.Add(prefix + "pos_embed.weight", {vision.positions, hidden});
}

Json TextConfig(const ModelConfig& text) {
  Json layer_types = Json::array();
  for (const LayerType type : text.layers) {
    layer_types.push_back(type == LayerType::kFullAttention ? "full_attention"
                                                            : "linear_attention");
  }
  const double partial_rotary_factor =
      static_cast<double>(text.rotary_dim) / static_cast<double>(text.head_dim);
  return {
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"attn_output_gate", true},
      {"dtype", "bfloat16"},
      {"eos_token_id", text.eos_token_ids.front()},
      {"full_attention_interval", kFullAttentionInterval},
      {"head_dim", text.head_dim},
      {"hidden_act", "silu"},
      {"hidden_size", text.hidden_size},
      {"initializer_range", 0.02},
      {"intermediate_size", text.intermediate_size},
      {"layer_types", std::move(layer_types)},
      {"linear_conv_kernel_dim", text.conv_kernel},
      {"linear_key_head_dim", text.linear_key_dim},
      {"linear_num_key_heads", text.linear_key_heads},
      {"linear_num_value_heads", text.linear_value_heads},
      {"linear_value_head_dim", text.linear_value_dim},
      {"max_position_embeddings", text.max_positions},
      {"mlp_only_layers", Json::array()},
      {"model_type", "qwen3_5_text"},
      {"mtp_num_hidden_layers", 1},
      {"mtp_use_dedicated_embeddings", false},
      {"num_attention_heads", text.attention_heads},
      {"num_hidden_layers", text.layers.size()},
      {"num_key_value_heads", text.key_value_heads},
      {"rms_norm_eps", text.rms_norm_eps},
      {"tie_word_embeddings", text.tie_word_embeddings},
      {"use_cache", true},
      {"vocab_size", text.vocab_size},
      {"mamba_ssm_dtype", "float32"},
      {"rope_parameters",
       {{"mrope_interleaved", true},
        {"mrope_section", {11, 11, 10}},
        {"rope_type", "default"},
        {"rope_theta", static_cast<int64_t>(text.rope_theta)},
        {"partial_rotary_factor", partial_rotary_factor}}},
  };
}

Json VisionConfig(const VisionShape& vision, int64_t out_hidden) {
  return {
      {"deepstack_visual_indexes", Json::array()},
      {"depth", vision.depth},
      {"hidden_act", "gelu_pytorch_tanh"},
      {"hidden_size", vision.hidden_size},
      {"in_channels", vision.channels},
      {"initializer_range", 0.02},
      {"intermediate_size", vision.intermediate_size},
      {"model_type", "qwen3_5"},
      {"num_heads", vision.heads},
      {"num_position_embeddings", vision.positions},
      {"out_hidden_size", out_hidden},
      {"patch_size", vision.patch_size},
      {"spatial_merge_size", vision.spatial_merge_size},
      {"temporal_patch_size", vision.temporal_patch_size},
  };
}

}  // namespace

std::vector<std::string_view> SyntheticShapeNames() {
  std::vector<std::string_view> names;
  for (const Sizes& sizes : kSizes) names.push_back(sizes.name);
  return names;
}

SyntheticShape FindSyntheticShape(std::string_view name) {
  std::string known = "known:";
  for (const Sizes& sizes : kSizes) {
    if (sizes.name == name) return ShapeOf(sizes);
    known += " " + std::string(sizes.name);
  }
  const std::string nearest = NearestNameHint(name, SyntheticShapeNames());
  throw InputError("shape", "unknown name " + Quoted(name),
                   nearest.empty() ? known : nearest + " (" + known + ")");
}

std::vector<TensorInfo> SyntheticTensors(const SyntheticShape& shape, SyntheticParts parts) {
  TensorList list;
  AddText(shape.text, list);
  if (parts == SyntheticParts::kAll) {
    AddMultiTokenPrediction(shape.text, list);
    AddVision(shape.vision, shape.text.hidden_size, list);
  }
  return std::move(list).InFileOrder();
}

int64_t ElementsOf(std::span<const int64_t> shape) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  return elements;
}

int64_t ParametersOf(std::span<const TensorInfo> tensors) {
  int64_t parameters = 0;
  for (const TensorInfo& tensor : tensors) parameters += ElementsOf(tensor.shape);
  return parameters;
}

int64_t DataBytesOf(std::span<const TensorInfo> tensors) {
  int64_t bytes = 0;
  for (const TensorInfo& tensor : tensors) {
    bytes += ElementsOf(tensor.shape) * static_cast<int64_t>(BytesOf(tensor.type));
  }
  return bytes;
}

std::string SyntheticConfigJson(const SyntheticShape& shape) {
  const Json config = {
      {"architectures", {"Qwen3_5ForConditionalGeneration"}},
      {"image_token_id", 248056},
      {"model_type", "qwen3_5"},
      {"text_config", TextConfig(shape.text)},
      {"tie_word_embeddings", shape.text.tie_word_embeddings},
      {"transformers_version", "4.57.0.dev0"},
      {"video_token_id", 248057},
      {"vision_config", VisionConfig(shape.vision, shape.text.hidden_size)},
      {"vision_end_token_id", 248054},
      {"vision_start_token_id", 248053},
  };
  return config.dump(4);
}

std::string SyntheticIndexJson(std::span<const TensorInfo> tensors, std::string_view shard) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  Json weight_map = Json::object();
  for (const std::string& name : names) weight_map.push_back({name, shard});
  const Json index = {
      {"metadata", {{"total_size", DataBytesOf(tensors)}}},
      {"weight_map", std::move(weight_map)},
  };
  return index.dump(2);
}

}  // namespace deltagauge::reference
