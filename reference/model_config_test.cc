#include "reference/model_config.h"

#include <filesystem>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/checkpoint.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {
namespace {

// The text part of the published Qwen3.5-0.8B's config.json, and what lies around it.
constexpr std::string_view kPublished = R"({
    "architectures": ["Qwen3_5ForConditionalGeneration"],
    "image_token_id": 248056,
    "model_type": "qwen3_5",
    "text_config": {
        "attention_bias": false,
        "attention_dropout": 0.0,
        "attn_output_gate": true,
        "dtype": "bfloat16",
        "eos_token_id": 248044,
        "full_attention_interval": 4,
        "head_dim": 256,
        "hidden_act": "silu",
        "hidden_size": 1024,
        "initializer_range": 0.02,
        "intermediate_size": 3584,
        "layer_types": [
            "linear_attention", "linear_attention", "linear_attention", "full_attention",
            "linear_attention", "linear_attention", "linear_attention", "full_attention",
            "linear_attention", "linear_attention", "linear_attention", "full_attention",
            "linear_attention", "linear_attention", "linear_attention", "full_attention",
            "linear_attention", "linear_attention", "linear_attention", "full_attention",
            "linear_attention", "linear_attention", "linear_attention", "full_attention"
        ],
        "linear_conv_kernel_dim": 4,
        "linear_key_head_dim": 128,
        "linear_num_key_heads": 16,
        "linear_num_value_heads": 16,
        "linear_value_head_dim": 128,
        "max_position_embeddings": 262144,
        "mlp_only_layers": [],
        "model_type": "qwen3_5_text",
        "mtp_num_hidden_layers": 1,
        "mtp_use_dedicated_embeddings": false,
        "num_attention_heads": 8,
        "num_hidden_layers": 24,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "tie_word_embeddings": true,
        "use_cache": true,
        "vocab_size": 248320,
        "mamba_ssm_dtype": "float32",
        "rope_parameters": {
            "mrope_interleaved": true,
            "mrope_section": [11, 11, 10],
            "rope_type": "default",
            "rope_theta": 10000000,
            "partial_rotary_factor": 0.25
        }
    },
    "tie_word_embeddings": true,
    "transformers_version": "4.57.0.dev0",
    "vision_config": {"hidden_size": 768, "model_type": "qwen3_5"}
})";

// The least that a file must say.
constexpr std::string_view kLeast = R"({
  "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 10,
  "num_attention_heads": 8, "num_key_value_heads": 2, "linear_num_value_heads": 32
})";

ModelConfig Parse(std::string_view json) { return ParseModelConfig(json, "config.json"); }

std::string ErrorOf(std::string_view json) {
  try {
    Parse(json);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

// `json` with `before`, which must be in it, replaced.
std::string With(std::string_view json, std::string_view before, std::string_view after) {
  std::string text(json);
  const size_t place = text.find(before);
  if (place == std::string::npos) throw std::logic_error("nothing to replace");
  return text.replace(place, before.size(), after);
}

// kLeast and one more member.
std::string LeastWith(std::string_view member) {
  std::string begin = "{";
  return With(kLeast, "{", begin.append(member).append(","));
}

TEST(ModelConfigTest, ThePublishedFile) {
  const ModelConfig c = Parse(kPublished);
  EXPECT_EQ(c.vocab_size, 248320);
  EXPECT_EQ(c.hidden_size, 1024);
  EXPECT_EQ(c.intermediate_size, 3584);
  ASSERT_EQ(c.layers.size(), 24u);
  for (size_t i = 0; i < 24; ++i) {
    EXPECT_EQ(c.layers[i] == LayerType::kFullAttention, i % 4 == 3) << i;
  }
  EXPECT_EQ(c.attention_heads, 8);
  EXPECT_EQ(c.key_value_heads, 2);
  EXPECT_EQ(c.head_dim, 256);
  EXPECT_EQ(c.rotary_dim, 64);
  EXPECT_EQ(c.rope_theta, 1e7);
  EXPECT_EQ(c.conv_kernel, 4);
  EXPECT_EQ(c.linear_key_heads, 16);
  EXPECT_EQ(c.linear_value_heads, 16);
  EXPECT_EQ(c.linear_key_dim, 128);
  EXPECT_EQ(c.linear_value_dim, 128);
  EXPECT_EQ(c.ConvWidth(), 6144);
  EXPECT_EQ(c.rms_norm_eps, 1e-6);
  EXPECT_TRUE(c.tie_word_embeddings);
  EXPECT_EQ(c.max_positions, 262144);
  EXPECT_THAT(c.eos_token_ids, testing::ElementsAre(248044));
}

TEST(ModelConfigTest, TheSmallModel) {
  const std::filesystem::path folder = DELTAGAUGE_TINY_MODEL;
  const ModelConfig c = Parse(ReadFile(folder / "config.json"));
  EXPECT_EQ(c.hidden_size, 192);
  EXPECT_EQ(c.layers.size(), 8u);
  EXPECT_EQ(c.linear_key_heads, 2);
  EXPECT_EQ(c.linear_value_heads, 4);
  EXPECT_EQ(c.rotary_dim, 16);
  EXPECT_TRUE(c.tie_word_embeddings);
  EXPECT_THAT(c.eos_token_ids, testing::ElementsAre(2045));
}

TEST(ModelConfigTest, WhatIsAbsentIsAsInThePublishedFiles) {
  const ModelConfig c = Parse(kLeast);
  EXPECT_EQ(c.vocab_size, 248320);
  EXPECT_EQ(c.head_dim, 256);
  EXPECT_EQ(c.rotary_dim, 64);
  EXPECT_EQ(c.rope_theta, 1e7);
  EXPECT_EQ(c.conv_kernel, 4);
  EXPECT_EQ(c.linear_key_heads, 16);
  EXPECT_EQ(c.linear_key_dim, 128);
  EXPECT_EQ(c.linear_value_dim, 128);
  EXPECT_EQ(c.rms_norm_eps, 1e-6);
  EXPECT_EQ(c.max_positions, 262144);
  EXPECT_FALSE(c.tie_word_embeddings);
  EXPECT_TRUE(c.eos_token_ids.empty());
  ASSERT_EQ(c.layers.size(), 10u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(c.layers[i] == LayerType::kFullAttention, i == 3 || i == 7) << i;
  }
}

TEST(ModelConfigTest, NullIsAsAbsent) {
  EXPECT_EQ(Parse(LeastWith(R"("rope_scaling": null, "head_dim": null)")).head_dim, 256);
  EXPECT_EQ(Parse(With(kPublished, "{", R"({"quantization_config": null,)")).hidden_size, 1024);
  EXPECT_EQ(Parse(LeastWith(R"("text_config": null)")).hidden_size, 2048);
}

TEST(ModelConfigTest, Layers) {
  const ModelConfig derived = Parse(LeastWith(R"("full_attention_interval": 2)"));
  EXPECT_EQ(derived.layers[0], LayerType::kLinearAttention);
  EXPECT_EQ(derived.layers[1], LayerType::kFullAttention);
  const std::string listed = With(kLeast, R"("num_hidden_layers": 10)",
                                  R"("layer_types": ["full_attention", "linear_attention"])");
  EXPECT_THAT(Parse(listed).layers,
              testing::ElementsAre(LayerType::kFullAttention, LayerType::kLinearAttention));
}

TEST(ModelConfigTest, RopeParametersAtEitherPlace) {
  const auto rope = [](std::string_view members) {
    const ModelConfig c = Parse(LeastWith(members));
    return std::pair(c.rope_theta, c.rotary_dim);
  };
  EXPECT_EQ(rope(R"("rope_theta": 5e5, "partial_rotary_factor": 0.5)"),
            std::pair(5e5, int64_t{128}));
  EXPECT_EQ(rope(R"("rope_parameters": {"rope_theta": 5e5}, "partial_rotary_factor": 1)"),
            std::pair(5e5, int64_t{256}));
  // Both places: the inner one counts.
  EXPECT_EQ(rope(R"("rope_parameters": {"rope_theta": 10000.0, "partial_rotary_factor": 0.5},
                    "rope_theta": 5, "partial_rotary_factor": 0.25)"),
            std::pair(1e4, int64_t{128}));
  EXPECT_EQ(rope(R"("rope_scaling": {"type": "default", "rope_theta": 10000.0})"),
            std::pair(1e4, int64_t{64}));
}

TEST(ModelConfigTest, TiesAndEnds) {
  EXPECT_TRUE(Parse(LeastWith(R"("tie_word_embeddings": true)")).tie_word_embeddings);
  const auto nested = [](std::string_view outside, std::string_view inside) {
    std::string json = "{";
    json.append(outside).append(R"("text_config": )").append(LeastWith(inside)).append("}");
    return Parse(json);
  };
  // The root speaks where the text model doesn't.
  EXPECT_TRUE(nested(R"("tie_word_embeddings": true,)", R"("a": 0)").tie_word_embeddings);
  EXPECT_FALSE(nested(R"("tie_word_embeddings": true,)", R"("tie_word_embeddings": false)")
                   .tie_word_embeddings);
  EXPECT_THAT(nested(R"("eos_token_id": 7,)", R"("a": 0)").eos_token_ids, testing::ElementsAre(7));
  EXPECT_THAT(nested(R"("eos_token_id": 7,)", R"("eos_token_id": [9, 8])").eos_token_ids,
              testing::ElementsAre(9, 8));
  EXPECT_TRUE(Parse(LeastWith(R"("eos_token_id": [])")).eos_token_ids.empty());
}

TEST(ModelConfigTest, LaterFilesOfTheFamily) {
  const std::string later = With(kPublished, R"("attention_bias": false)",
                                 R"("attention_bias": false, "output_gate_type": "swish",
                                    "partial_rotary_factor": 0.25)");
  EXPECT_EQ(Parse(With(later, "{", R"({"language_model_only": false,)")).rotary_dim, 64);
}

struct Sibling {
  const char* name;
  int64_t hidden, intermediate, layers, heads, key_value_heads, linear_value_heads;
  bool is_tied;
  int64_t text_parameters;  // as published
};

TEST(ModelConfigTest, SiblingsHaveThePublishedNumberOfParameters) {
  constexpr Sibling kSiblings[] = {
      {"0.8B", 1024, 3584, 24, 8, 2, 16, true, 752'393'024},
      {"2B", 2048, 6144, 24, 8, 2, 16, true, 1'881'825'088},
      {"4B", 2560, 9216, 32, 16, 4, 32, true, 4'205'751'296},
      {"9B", 4096, 12288, 32, 16, 4, 32, false, 8'953'803'264},
      {"27B", 5120, 17408, 64, 24, 4, 48, false, 26'895'998'464},
  };
  for (const Sibling& sibling : kSiblings) {
    const auto number = [](int64_t value) { return std::to_string(value); };
    const ModelConfig config =
        Parse(R"({"hidden_size": )" + number(sibling.hidden) + R"(, "intermediate_size": )" +
              number(sibling.intermediate) + R"(, "num_hidden_layers": )" + number(sibling.layers) +
              R"(, "num_attention_heads": )" + number(sibling.heads) +
              R"(, "num_key_value_heads": )" + number(sibling.key_value_heads) +
              R"(, "linear_num_value_heads": )" + number(sibling.linear_value_heads) +
              R"(, "tie_word_embeddings": )" + (sibling.is_tied ? "true" : "false") + "}");
    int64_t parameters = 0;
    for (const TensorInfo& tensor : TensorsOf(config)) {
      int64_t elements = 1;
      for (const int64_t size : tensor.shape) elements *= size;
      parameters += elements;
    }
    EXPECT_EQ(parameters, sibling.text_parameters) << sibling.name;
  }
}

TEST(ModelConfigFaultTest, Json) {
  EXPECT_THAT(ErrorOf("{\"a\": }"), testing::StartsWith("config.json:1:7: expected JSON"));
  EXPECT_EQ(ErrorOf("[]"), "config.json: expected an object, found a list of 0");
  EXPECT_THAT(ErrorOf(LeastWith(R"("hidden_size": 1024)")),
              testing::HasSubstr("found 'hidden_size' twice"));
  EXPECT_THAT(ErrorOf(std::string(kMaxConfigBytes + 1, ' ')),
              testing::HasSubstr("at most 1048576 bytes"));
  EXPECT_THAT(ErrorOf(LeastWith("\"a\": " + std::string(100'000, '['))),
              testing::HasSubstr("inside each other"));
  EXPECT_EQ(ErrorOf(R"({"text_config": 5})"),
            "config.json: text_config: expected an object, found the number 5");
}

TEST(ModelConfigFaultTest, MissingKeys) {
  EXPECT_EQ(
      ErrorOf("{}"),
      "config.json: num_hidden_layers: expected an integer from 1 to 1024, found no such key");
  EXPECT_EQ(ErrorOf(With(kPublished, R"("hidden_size": 1024)", R"("hiden_size": 1024)")),
            "config.json: text_config.hidden_size: expected an integer from 1 to 1048576, found no "
            "such key; did you mean 'hiden_size'?");
  for (const char* key : {"hidden_size", "intermediate_size", "num_attention_heads",
                          "num_key_value_heads", "linear_num_value_heads", "num_hidden_layers"}) {
    EXPECT_THAT(ErrorOf(With(kLeast, key, "other")),
                testing::HasSubstr(std::string("config.json: ") + key + ": expected an integer"));
  }
}

TEST(ModelConfigFaultTest, Sizes) {
  const auto error = [](std::string_view value) { return ErrorOf(With(kLeast, "2048", value)); };
  EXPECT_THAT(error("0"), testing::HasSubstr("hidden_size: expected an integer from 1 to 1048576, "
                                             "found the number 0"));
  EXPECT_THAT(error("-1"), testing::HasSubstr("found the number -1"));
  EXPECT_THAT(error("1048577"), testing::HasSubstr("found the number 1048577"));
  EXPECT_THAT(error("1e3"), testing::HasSubstr("found the number 1000"));
  EXPECT_THAT(error("18446744073709551616"),
              testing::HasSubstr("found the number 18446744073709551616"));
  EXPECT_THAT(error("\"2048\""), testing::HasSubstr("found the string '2048'"));
  EXPECT_THAT(error("[2048]"), testing::HasSubstr("found a list of 1"));
  EXPECT_THAT(error("true"), testing::HasSubstr("found true"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("rms_norm_eps": "1e-6")")),
              testing::HasSubstr("rms_norm_eps: expected a number from 0 to 1, found the string"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("rms_norm_eps": -1)")), testing::HasSubstr("number -1"));
  EXPECT_THAT(
      ErrorOf(LeastWith(R"("tie_word_embeddings": 1)")),
      testing::HasSubstr("tie_word_embeddings: expected true or false, found the number 1"));
}

TEST(ModelConfigFaultTest, HeadsThatDoNotDivide) {
  EXPECT_EQ(ErrorOf(With(kLeast, R"("num_key_value_heads": 2)", R"("num_key_value_heads": 3)")),
            "config.json: num_attention_heads: expected a multiple of num_key_value_heads = 3, "
            "found the number 8");
  EXPECT_EQ(
      ErrorOf(With(kLeast, "32", "24")),
      "config.json: linear_num_value_heads: expected a multiple of linear_num_key_heads = 16, "
      "found the number 24");
}

TEST(ModelConfigFaultTest, Layers) {
  EXPECT_EQ(ErrorOf(LeastWith(R"("layer_types": ["full_attention", "sliding_attention"])")),
            "config.json: layer_types[1]: expected 'linear_attention' or 'full_attention', found "
            "the string 'sliding_attention'");
  EXPECT_EQ(ErrorOf(LeastWith(R"("layer_types": ["full_attention"])")),
            "config.json: layer_types: expected a type for each of num_hidden_layers = 10 layers, "
            "found 1");
  EXPECT_THAT(ErrorOf(LeastWith(R"("layer_types": [])")), testing::HasSubstr("a list of 0"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("layer_types": "full")")), testing::HasSubstr("string 'full'"));
  EXPECT_THAT(ErrorOf(With(kLeast, "10", "1025")), testing::HasSubstr("num_hidden_layers"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("full_attention_interval": 0)")),
              testing::HasSubstr("full_attention_interval: expected an integer from 1"));
}

TEST(ModelConfigFaultTest, Rope) {
  EXPECT_EQ(ErrorOf(With(kPublished, R"("rope_type": "default")", R"("rope_type": "yarn")")),
            "config.json: text_config.rope_parameters.rope_type: expected 'default' (nothing else "
            "is implemented), found the string 'yarn'");
  EXPECT_THAT(ErrorOf(LeastWith(R"("rope_scaling": {"type": "linear"})")),
              testing::HasSubstr("rope_scaling.type: expected 'default'"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("partial_rotary_factor": 0.012)")),
              testing::HasSubstr("expected an even part, at least 2, of head_dim = 256, found 3"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("partial_rotary_factor": 1.5)")),
              testing::HasSubstr("expected a number from 0 to 1, found the number 1.5"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("rope_theta": 0)")), testing::HasSubstr("rope_theta: expected"));
}

TEST(ModelConfigFaultTest, WhatIsNotImplemented) {
  EXPECT_EQ(ErrorOf(LeastWith(R"("hidden_act": "gelu")")),
            "config.json: hidden_act: expected 'silu' or 'swish' (nothing else is implemented), "
            "found the string 'gelu'");
  EXPECT_THAT(ErrorOf(LeastWith(R"("attention_bias": true)")),
              testing::HasSubstr("attention_bias: expected false"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("num_experts": 256)")),
              testing::HasSubstr("num_experts: expected a dense model"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("output_gate_type": "sigmoid")")),
              testing::HasSubstr("output_gate_type"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("model_type": "qwen3_next")")),
              testing::HasSubstr("model_type: expected 'qwen3_5' or 'qwen3_5_text'"));
  EXPECT_THAT(ErrorOf(With(kPublished, R"("qwen3_5_text")", R"("qwen3_5_moe_text")")),
              testing::HasSubstr("text_config.model_type: "));
}

TEST(ModelConfigFaultTest, EosTokens) {
  EXPECT_EQ(ErrorOf(LeastWith(R"("eos_token_id": 248320)")),
            "config.json: eos_token_id: expected an id from 0 to 248319 or a list of them, found "
            "the number 248320");
  EXPECT_THAT(ErrorOf(LeastWith(R"("eos_token_id": [1, "2"])")),
              testing::HasSubstr("found the string '2'"));
  EXPECT_THAT(ErrorOf(LeastWith(R"("eos_token_id": -1)")), testing::HasSubstr("number -1"));
}

}  // namespace
}  // namespace deltagauge::reference
