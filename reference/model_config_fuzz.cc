// libFuzzer target for config.json and model.safetensors.index.json: any text is either refused
// with a message, or gives a model whose sizes fit together, and files that stay in their folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "reference/checkpoint.h"
#include "reference/input_error.h"
#include "reference/model_config.h"

namespace {

using deltagauge::reference::IndexEntry;
using deltagauge::reference::InputError;
using deltagauge::reference::ModelConfig;
using deltagauge::reference::TensorInfo;

constexpr std::string_view kConfig =
    R"({"model_type":"qwen3_5","text_config":{"hidden_size":8,"intermediate_size":12,)"
    R"("num_hidden_layers":4,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,)"
    R"("layer_types":["linear_attention","linear_attention","linear_attention",)"
    R"("full_attention"],"linear_num_value_heads":32,"eos_token_id":[1,2],)"
    R"("rope_parameters":{"rope_type":"default","rope_theta":1e4,)"
    R"("partial_rotary_factor":0.5},"tie_word_embeddings":true}})";

constexpr std::string_view kIndex =
    R"({"metadata":{"total_size":8},"weight_map":{"model.norm.weight":"a-1.safetensors",)"
    R"("model.embed_tokens.weight":"a-2.safetensors","mtp.fc":"a-1.safetensors"}})";

void Require(bool condition) {
  if (!condition) std::abort();
}

// `input` itself, or as changes (place in two bytes, byte) to a valid text.
std::string TextFrom(std::string_view input, std::string_view valid) {
  if (input.empty() || input[0] % 2 == 0) return std::string(input.substr(input.empty() ? 0 : 1));
  std::string text(valid);
  for (size_t i = 1; i + 2 < input.size(); i += 3) {
    const size_t place = static_cast<unsigned char>(input[i]) * size_t{256} +
                         static_cast<unsigned char>(input[i + 1]);
    text[place % text.size()] = input[i + 2];
  }
  return text;
}

void CheckConfig(const ModelConfig& config) {
  Require(!config.layers.empty());
  Require(config.attention_heads % config.key_value_heads == 0);
  Require(config.linear_value_heads % config.linear_key_heads == 0);
  Require(config.rotary_dim >= 2 && config.rotary_dim % 2 == 0);
  Require(config.rotary_dim <= config.head_dim);
  Require(config.rope_theta >= 1 && config.rms_norm_eps >= 0);
  for (const TensorInfo& tensor : TensorsOf(config)) {
    int64_t elements = 1;
    for (const int64_t size : tensor.shape) {
      Require(size > 0 && elements <= std::numeric_limits<int64_t>::max() / 8 / size);
      elements *= size;
    }
  }
}

template <typename Parse>
void ParseOrRefuse(const std::string& text, Parse parse) {
  try {
    parse(text);
  } catch (const InputError& error) {
    const std::string_view what = error.what();
    Require(what.starts_with("fuzz") && what.size() < 2000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ParseOrRefuse(TextFrom(input, kConfig), [](const std::string& text) {
    CheckConfig(deltagauge::reference::ParseModelConfig(text, "fuzz"));
  });
  ParseOrRefuse(TextFrom(input, kIndex), [](const std::string& text) {
    for (const IndexEntry& entry : deltagauge::reference::ParseCheckpointIndex(text, "fuzz")) {
      Require(entry.file.ends_with(".safetensors"));
      Require(entry.file.find_first_of("/\\:") == std::string::npos);
      Require(entry.file.find('\0') == std::string::npos);
      (void)deltagauge::reference::TextTensorName(entry.tensor);
    }
  });
  return 0;
}
