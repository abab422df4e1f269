// The shape of a Qwen3.5 text model, as config.json gives it.
#ifndef DELTAGAUGE_REFERENCE_MODEL_CONFIG_H_
#define DELTAGAUGE_REFERENCE_MODEL_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge::reference {

enum class LayerType : uint8_t { kLinearAttention, kFullAttention };

struct ModelConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  std::vector<LayerType> layers;

  // Full attention.
  int64_t attention_heads = 0;
  int64_t key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t rotary_dim = 0;  // int(head_dim * partial_rotary_factor), even
  double rope_theta = 0;

  // Linear attention.
  int64_t conv_kernel = 0;
  int64_t linear_key_heads = 0;
  int64_t linear_value_heads = 0;  // a multiple of linear_key_heads
  int64_t linear_key_dim = 0;
  int64_t linear_value_dim = 0;

  double rms_norm_eps = 0;
  bool tie_word_embeddings = false;
  int64_t max_positions = 0;
  std::vector<int64_t> eos_token_ids;  // may be empty

  int64_t KeyWidth() const { return linear_key_heads * linear_key_dim; }
  int64_t ValueWidth() const { return linear_value_heads * linear_value_dim; }
  int64_t ConvWidth() const { return 2 * KeyWidth() + ValueWidth(); }
};

// Reads config.json's text: nested `text_config` or flat, layer_types given or derived from
// num_hidden_layers and full_attention_interval. What isn't there has the value that the published
// files of all sizes share (vocab_size 248320, head_dim 256, 16 linear key heads, linear head dims
// 128, convolution 4, interval 4, rope_theta 1e7, partial_rotary_factor 0.25, eps 1e-6, 262,144
// positions, silu, untied), never that of a library's classes, which is of one size; a size that
// differs between them (hidden, intermediate, layers, heads) must be there. null is as absent.
// Keys that change nothing here are read over: the positions of mrope are those of plain rope on
// text, and the attention's output gate has no switch.
//
// Throws InputError that names `source`, the key, what was expected and found: bad JSON, a key
// twice, a missing key, a wrong type, sizes that are not positive or too large to be a model's,
// heads that don't divide, another model type, an activation, rope type, layer type, experts or
// attention biases that aren't implemented.
ModelConfig ParseModelConfig(std::string_view json, const std::string& source);

inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_MODEL_CONFIG_H_
