// Golden models and logits for tests.
#ifndef DELTAGAUGE_HARNESS_MODEL_FIXTURES_H_
#define DELTAGAUGE_HARNESS_MODEL_FIXTURES_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace deltagauge {

std::filesystem::path FixtureFolder();
std::filesystem::path TinyModelFolder();

// A stretch of text with what the model must say about it. Logits by position, the first so many.
struct GoldenText {
  std::string name;
  std::vector<int32_t> ids;
  std::vector<int32_t> argmax;
  std::vector<double> top2_margin;
  std::vector<double> log_sum_exp;
  double mean_nll = 0;  // nats a token
  std::map<int64_t, std::vector<double>> logits;
  double float32_max_error = 0;  // of transformers
  // Of transformers in bfloat16; 0 if not given.
  double bfloat16_mean_kl = 0;
  double bfloat16_agreement = 0;
};

std::vector<GoldenText> TinyGoldens();  // qwen3_5-tiny/golden_logits.json
GoldenText GraftGolden();               // golden_graft_0_8b.json

// golden_tiny.json: a synthetic model with logits and states from transformers.
struct GoldenTiny {
  std::string config_json;
  std::vector<std::string> names;  // of tensors, with prefix
  std::vector<std::vector<int64_t>> shapes;
  std::vector<int32_t> ids;
  int64_t prefill = 0;
  std::vector<int32_t> argmax;
  std::map<int64_t, std::vector<double>> logits;
  double state_sum = 0;                // layer 0, all heads
  std::vector<double> state_row;       // layer 0, head 0, row 0
  std::vector<double> window_channel;  // layer 0, channel 0
  std::vector<double> key_at_last;     // layer 3, head 0, last position
};
GoldenTiny ReadGoldenTiny();

// Writes that model as a checkpoint into `folder`.
void WriteGoldenTiny(const GoldenTiny& golden, const std::filesystem::path& folder);

// A folder that disappears with this.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_FIXTURES_H_
