#include "harness/model/model_fixtures.h"

#include <chrono>
#include <cstddef>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string_view>

#include "nlohmann/json.hpp"
#include "reference/safetensors.h"
#include "reference/synthetic_values.h"

namespace deltagauge {
namespace {

using nlohmann::ordered_json;

ordered_json ReadJson(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can't open " + path.string());
  return ordered_json::parse(file);
}

GoldenText ParseText(const ordered_json& text, const char* logits_key) {
  GoldenText golden;
  golden.name = text.at("text").get<std::string>() + " at token " +
                std::to_string(text.at("start_token").get<int64_t>());
  golden.ids = text.at("ids").get<std::vector<int32_t>>();
  golden.argmax = text.at("argmax").get<std::vector<int32_t>>();
  golden.top2_margin = text.at("top2_margin").get<std::vector<double>>();
  golden.log_sum_exp = text.at("logsumexp").get<std::vector<double>>();
  golden.mean_nll = text.at("mean_nll_nats").get<double>();
  for (const auto& [position, row] : text.at(logits_key).items()) {
    golden.logits[std::stoll(position)] = row.get<std::vector<double>>();
  }
  golden.float32_max_error = text.at("transformers_fp32_max_abs_error").get<double>();
  if (text.contains("transformers_bf16")) {
    golden.bfloat16_mean_kl = text["transformers_bf16"].at("mean_kl_nats").get<double>();
    golden.bfloat16_agreement = text["transformers_bf16"].at("argmax_agreement").get<double>();
  }
  return golden;
}

}  // namespace

std::filesystem::path FixtureFolder() { return DELTAGAUGE_FIXTURES; }
std::filesystem::path TinyModelFolder() { return FixtureFolder() / "qwen3_5-tiny"; }

std::vector<GoldenText> TinyGoldens() {
  std::vector<GoldenText> goldens;
  const ordered_json json = ReadJson(TinyModelFolder() / "golden_logits.json");
  for (const auto& text : json.at("cases")) goldens.push_back(ParseText(text, "logit_rows"));
  if (goldens.empty()) throw std::runtime_error("golden_logits.json holds no case");
  return goldens;
}

GoldenText GraftGolden() {
  return ParseText(ReadJson(FixtureFolder() / "golden_graft_0_8b.json").at("case"), "logits_0_16");
}

GoldenTiny ReadGoldenTiny() {
  const ordered_json json = ReadJson(FixtureFolder() / "golden_tiny.json");
  GoldenTiny golden;
  golden.config_json = json.at("config").dump();
  for (const auto& [name, shape] : json.at("param_shapes").items()) {
    golden.names.push_back(name);
    golden.shapes.push_back(shape.get<std::vector<int64_t>>());
  }
  golden.ids = json.at("ids").get<std::vector<int32_t>>();
  golden.prefill = json.at("prefill_len").get<int64_t>();
  golden.argmax = json.at("argmax").get<std::vector<int32_t>>();
  const auto row = [&](const char* key) { return json.at(key).get<std::vector<double>>(); };
  golden.logits = {{0, row("logits_pos0")},
                   {1, row("logits_pos1")},
                   {63, row("logits_pos63")},
                   {64, row("logits_pos64")},
                   {golden.prefill - 1, row("logits_last_prefill")},
                   {static_cast<int64_t>(golden.ids.size()) - 1, row("logits_last")}};
  golden.state_sum = json.at("layer0_recurrent_state_sum").get<double>();
  golden.state_row = row("layer0_recurrent_state_head0_row0");
  golden.window_channel = row("layer0_conv_state_ch0_last3");
  golden.key_at_last = row("layer3_key_cache_head0_lastpos");
  return golden;
}

void WriteGoldenTiny(const GoldenTiny& golden, const std::filesystem::path& folder) {
  std::ofstream(folder / "config.json") << golden.config_json;
  std::vector<reference::TensorInfo> tensors;
  for (size_t i = 0; i < golden.names.size(); ++i) {
    tensors.push_back({golden.names[i], reference::TensorType::kFloat32, golden.shapes[i]});
  }
  reference::SafetensorsWriter writer(folder / "model.safetensors", tensors);
  for (const reference::TensorInfo& tensor : tensors) {
    const std::vector<float> values =
        reference::SyntheticTensor(reference::ValueRules::kGolden, tensor.name, tensor.shape);
    writer.Write(std::as_bytes(std::span<const float>(values)));
  }
  writer.Finish();
}

TemporaryFolder::TemporaryFolder() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  for (int i = 0;; ++i) {
    path_ = std::filesystem::temp_directory_path() /
            ("deltagauge-test-" + std::to_string(now) + "-" + std::to_string(i));
    if (std::filesystem::create_directory(path_)) return;
    if (i == 1000) throw std::runtime_error("can't make a folder in the temporary folder");
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace deltagauge
