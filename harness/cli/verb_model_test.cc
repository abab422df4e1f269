// The verbs that run the small model: tokenize, generate, logits, synth, and cases of a model.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/run_program_test.h"
#include "harness/report/report_file.h"
#include "reference/safetensors.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class VerbModelTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Written(const std::string& name, std::string_view content) const {
    reference::WriteFile(folder_ / name, content);
    return Path(name);
  }

  const reference::TemporaryFolder folder_;
};

TEST_F(VerbModelTest, TokenizeAndDecodeRoundTrip) {
  for (const std::string text :
       {"The capital of France is", "a  b\n\n  c", "na\xc3\xafve \xe2\x82\xac 12,345.67"}) {
    SCOPED_TRACE(text);
    const Ran ids = RunProgram({"tokenize", "--text", text});
    EXPECT_EQ(ids.code, kExitPass) << ids.err;
    EXPECT_THAT(ids.out, MatchesRegex("\\[[0-9]+(, [0-9]+)*\\]\n"));
    EXPECT_EQ(RunProgram({"tokenize", "--file", Written("text", text)}).out, ids.out);
    const Ran back = RunProgram({"tokenize", "--decode", Written("ids.json", ids.out)});
    EXPECT_EQ(back.code, kExitPass) << back.err;
    EXPECT_EQ(back.out, text + "\n");
  }
}

TEST_F(VerbModelTest, GenerateSaysTheSameEachTime) {
  const std::vector<std::string> args = {"generate", "--text", "The module provides", "--tokens",
                                         "8"};
  const Ran first = RunProgram(args, {}, true);
  EXPECT_EQ(first.code, kExitPass) << first.err;
  EXPECT_GT(first.out.size(), 8u);
  EXPECT_THAT(first.out, Not(HasSubstr("\r")));
  EXPECT_THAT(first.err, HasSubstr("generating"));  // someone looks
  const Ran again = RunProgram(args);
  EXPECT_EQ(again.out, first.out);
  EXPECT_THAT(again.err, IsEmpty());
  // Another recurrence in float64 says it too, and fewer tokens are the beginning of it.
  std::vector<std::string> other = args;
  other.insert(other.end(), {"--recurrence", "oracle", "--dtype", "float64"});
  EXPECT_EQ(RunProgram(other).out, first.out);
  other = args;
  other.back() = "3";
  const Ran shorter = RunProgram(other);
  EXPECT_LT(shorter.out.size(), first.out.size());
  EXPECT_THAT(first.out, StartsWith(shorter.out.substr(0, shorter.out.size() - 1)));
}

TEST_F(VerbModelTest, LogitsWritesATensorOfTheRightShape) {
  const std::string ids = Written("ids.json", "[39, 72, 1299, 5, 17]");
  const struct {
    std::vector<std::string> options;
    int64_t rows;
    reference::TensorType type;
  } kCases[] = {
      {{}, 5, reference::TensorType::kFloat32},
      {{"--positions", "last", "--dtype", "float64", "--recurrence", "oracle"},
       1,
       reference::TensorType::kFloat64},
      {{"--positions", "0,3", "--dtype", "bfloat16", "--prefill", "4", "--chunk", "2"},
       2,
       reference::TensorType::kFloat32},
  };
  for (const auto& one : kCases) {
    std::vector<std::string> args = {"logits", "--ids", ids, "--out", Path("out.safetensors")};
    args.insert(args.end(), one.options.begin(), one.options.end());
    const Ran ran = RunProgram(args);
    EXPECT_EQ(ran.code, kExitPass) << ran.err;
    EXPECT_THAT(ran.out, AllOf(StartsWith(Path("out.safetensors") + ": logits ["),
                               HasSubstr("recurrence "), HasSubstr("linear layers ")));
    const auto file = reference::SafetensorsFile::Open(folder_ / "out.safetensors");
    ASSERT_EQ(file.tensors().size(), 3u);
    const reference::TensorView& logits = *file.Find("logits");
    EXPECT_EQ(logits.type, one.type);
    EXPECT_THAT(logits.shape, ElementsAre(one.rows, 2048));
    float first = NAN;
    if (one.type == reference::TensorType::kFloat32) {
      std::memcpy(&first, logits.bytes.data(), sizeof(first));
      EXPECT_TRUE(std::isfinite(first) && first != 0);
    }
  }
}

TEST_F(VerbModelTest, LogitsTimesPrefills) {
  const std::vector<std::string> args = {
      "logits",       "--ids",  Written("ids.json", "[39, 72, 1299, 5, 17]"),
      "--positions",  "last",   "--out",
      Path("out.st"), "--time", "3"};
  const Ran ran = RunProgram(args);
  EXPECT_EQ(ran.code, kExitPass) << ran.err;
  EXPECT_THAT(ran.out,
              MatchesRegex(".*: logits \\[1, .*\nloaded in [0-9]+\\.[0-9]+ s\n"
                           "prefill of 5 tokens, ms:( [0-9]+\\.[0-9]){3}; linear layers [0-9.]+ %, "
                           "recurrence [0-9.]+ %, head [0-9.]+ % of the time\n"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out.st"));
  std::vector<std::string> pieces = args;
  pieces.insert(pieces.end(), {"--chunk", "2"});
  ExpectUsageError(pieces, "--chunk excludes --time");
  pieces.back() = "5";
  pieces[pieces.size() - 2] = "--prefill";
  ExpectUsageError(pieces, "--prefill excludes --time");
}

TEST_F(VerbModelTest, UsageErrorsNameWhatIsWrong) {
  const std::string ids = Written("ids.json", "[1, 2, 3]");
  const std::string out = Path("out.safetensors");
  const std::string absent_model = Written("absent.yaml", R"(version: 1
name: absent
baseline: eager
candidates: [fused]
models: [{path: ./absent, texts: [builtin:pydoc], drift: {positions: all}}]
gates: [{metric: model.logit_drift.max_abs, max: 1.0e-4}]
)");
  const struct {
    std::vector<std::string> args;
    std::string says;
  } kCases[] = {
      {{"tokenize"}, "no text; give --text or --file"},
      {{"tokenize", "--text", "a", "--file", "b"}, "--text excludes --file"},
      {{"tokenize", "--file", Path("absent")}, "absent"},
      {{"tokenize", "--file", "builtin:pydok"}, "builtin:pydoc"},
      {{"tokenize", "--decode", Written("not.json", "{}")}, "not.json: found: object"},
      {{"tokenize", "--decode", Written("big.json", "[5000000]")}, "5000000"},
      {{"tokenize", "--text", "a", "--model", "nothing"}, "model 'nothing': no such folder"},
      {{"repro", "drift:model=nothing,text=builtin:pydoc,tokens=128"},
       "model 'nothing': no such folder"},
      {{"run", absent_model, "--out", Path("x")}, "absent': no such folder"},
      {{"generate"}, "no text; give --text or --file"},
      {{"generate", "--text", "a", "--tokens", "0"}, "--tokens"},
      {{"generate", "--text", "a", "--threads", "0"}, "--threads"},
      {{"generate", "--text", "a", "--dtype", "float23"},
       "--dtype 'float23' is unknown; did you mean 'float32'?"},
      {{"generate", "--text", "a", "--recurrence", "fussed"},
       "unknown recurrence 'fussed'; did you mean 'fused'?"},
      {{"generate", "--text", "a", "--linear", "onednm"},
       "--linear 'onednm' is unknown; did you mean 'onednn'?"},
      {{"logits", "--out", out}, "--ids is required"},
      {{"logits", "--ids", ids}, "--out is required"},
      {{"logits", "--ids", Path("absent"), "--out", out}, "absent: can't be read"},
      {{"logits", "--ids", ids, "--out", out, "--positions", "3"},
       "--positions '3': position 3 is not among the 3 tokens"},
      {{"logits", "--ids", ids, "--out", out, "--prefill", "4"}, "--prefill 4: there are 3 tokens"},
      {{"logits", "--ids", ids, "--out", out, "--chunk", "0"}, "--chunk 0: must be at least 1"},
      {{"logits", "--ids", Written("far.json", "[2048]"), "--out", out}, "id 2048"},
      {{"synth"}, "--out is required"},
      {{"synth", "--out", Path("x"), "--shape", "qwen3_5-1b"}, "qwen3_5-1b"},
      {{"synth", "--out", Path("x"), "--recipe", "grft"},
       "--recipe 'grft' is unknown; did you mean 'graft'?"},
  };
  for (const auto& usage : kCases) ExpectUsageError(usage.args, usage.says);
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
}

TEST_F(VerbModelTest, ReproOfADriftLineShowsItsFigures) {
  const std::string line =
      "drift:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=120,by_layer=yes";
  const Ran ran = RunProgram({"repro", line});
  EXPECT_EQ(ran.code, kExitPass) << ran.err;
  EXPECT_THAT(ran.out, AllOf(StartsWith(line + "\n"), HasSubstr("model.logit_drift.max_abs "),
                             HasSubstr("model.logit_drift_truth.max_abs "),
                             HasSubstr("model.layer_drift.max "), HasSubstr("\npassed\n")));
}

TEST_F(VerbModelTest, ReproOfEveryOtherKindInsideAModel) {
  for (const std::string line :
       {"captured:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=20,layer=2",
        "agreement:model=builtin:qwen3_5-tiny,text=builtin:wordnet,tokens=120",
        "greedy:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=4,prompts=2,prompt_tokens=8",
        "greedy:model=builtin:qwen3_5-tiny,prompt=The%20module,tokens=4",
        "invariance:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=20,check=decode"}) {
    SCOPED_TRACE(line);
    const Ran ran = RunProgram({"repro", line});
    EXPECT_EQ(ran.code, kExitPass) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("\npassed\n"));
  }
  const Ran full = RunProgram(
      {"repro", "captured:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=20,layer=3"});
  EXPECT_EQ(full.code, kExitInvalid);
  EXPECT_THAT(full.out, HasSubstr("layer 3 is no linear-attention layer"));
}

TEST_F(VerbModelTest, RunOfAModelEndsInOneReport) {
  const std::string config = Written("model.yaml", R"(version: 1
name: model
baseline: eager
candidates: [fused]
models:
  - path: builtin:qwen3_5-tiny
    texts: [builtin:pydoc]
    tokens: 120
    drift: {by_layer: true}
    agreement: {teacher_forced: true}
    captured_inputs: {layers: [0], tokens: 16}
    invariance: {checks: [repeat], tokens: 20}
gates:
  - {metric: model.logit_drift.max_abs, max: 1.0e-4}
  - {metric: model.agreement.mismatch, max: 0}
)");
  const Ran ran = RunProgram({"run", config, "--out", Path("out")});
  EXPECT_EQ(ran.code, kExitPass) << ran.out << ran.err;
  const Report report = LoadReport(Path("out"));
  ASSERT_EQ(report.models.size(), 1u);
  EXPECT_EQ(report.models[0].name, "builtin:qwen3_5-tiny");
  EXPECT_EQ(report.models[0].linear_layers, 6);
  EXPECT_EQ(report.cases.size(), 4u);
  const Ran failed =
      RunProgram({"run", config, "--out", Path("out"), "--quiet", "--set", "gates[0].max=1e-9"});
  EXPECT_EQ(failed.code, kExitDrift) << failed.out << failed.err;
}

}  // namespace
}  // namespace deltagauge
