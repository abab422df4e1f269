#include "harness/config/config_yaml.h"

#include <map>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/config/config_override.h"
#include "harness/config/config_yaml_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Files = std::map<std::string, std::string>;

Config Parsed(const std::string& text, const ConfigOptions& options = {}, const Files& files = {},
              const std::string& name = "configs/a.yaml") {
  return ParseConfig(text, name, options, [&](const std::string& path) {
    const auto found = files.find(path);
    if (found == files.end()) throw InputError(path, "can't open the file", "does it exist?");
    return found->second;
  });
}

std::string ErrorOf(const std::string& text, const ConfigOptions& options = {},
                    const Files& files = {}) {
  try {
    Parsed(text, options, files);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

ConfigOptions Set(const std::vector<std::string>& overrides) {
  ConfigOptions options;
  options.overrides = overrides;
  return options;
}

std::string ErrorOfSet(const std::string& assignment) {
  return ErrorOf(
      "version: 1\nname: a\nkernel: {shapes: [{tokens: 1}]}\nperformance: {kernel: {tokens: 1}}\n",
      Set({assignment}));
}

// A small valid file; `more` is appended.
std::string File(const std::string& more) {
  return std::string("version: 1\nname: a\nkernel: {shapes: [{tokens: [1, 65]}]}\n").append(more);
}

constexpr const char* kIssueExample = R"(
version: 1
name: quick
seed: 20260311
truth: oracle            # fp64
baseline: eager          # speedup and drift are against this arm
candidates: [fused]
kernel:
  shapes: [{tokens: [1, 2, 63, 64, 65, 512], value_heads: 16, key_heads: 16, key_dim: 128, value_dim: 128}]
  regimes: [none, long, medium, strong, mixed, spikes]
  dtypes: [float32, bfloat16]
  checks: [parity, pieces, threads, repeat, bounds, contagion]
models:
  - path: builtin:qwen3_5-tiny
    dtype: float32
    texts: [builtin:pydoc, builtin:wordnet]
    tokens: 512
    drift: {positions: all, by_layer: true}
    agreement: {teacher_forced: true, greedy: {prompts: 8, tokens: 64}}
    captured_inputs: {layers: all, tokens: 256}
performance:
  prefill: {tokens: [128, 512, 2048]}
  decode: {context: [0, 512]}
  kernel: {tokens: [1, 512, 2048]}
  protocol: {min_effect: 0.02, confidence: 0.95, budget_s: 40}
gates:
  - {metric: kernel.error_ratio, max: 2}
  - {metric: model.logit_drift.max_abs, max: 1.0e-4}
  - {metric: model.agreement.mismatch, max: 0}
  - {metric: performance.prefill.speedup, min: 1.3, at: "tokens=512"}
)";

TEST(ConfigYamlTest, ReadsAWholeFile) {
  const Config config = Parsed(kIssueExample);
  EXPECT_EQ(config.name, "quick");
  EXPECT_EQ(config.seed, 20260311u);
  ASSERT_TRUE(config.kernel.has_value());
  EXPECT_THAT(config.kernel->shapes.at(0).tokens, ElementsAre(1, 2, 63, 64, 65, 512));
  EXPECT_THAT(config.kernel->dtypes, ElementsAre(DataType::kFloat32, DataType::kBFloat16));
  // parity, repeat and bounds are one check.
  EXPECT_THAT(config.kernel->shapes.at(0).checks,
              ElementsAre(CheckKind::kAccuracy, CheckKind::kPieces, CheckKind::kThreads,
                          CheckKind::kContagion));
  EXPECT_THAT(config.kernel->threads, ElementsAre(1));
  const ModelRunConfig& model = config.models.at(0);
  EXPECT_EQ(model.path, "builtin:qwen3_5-tiny");
  EXPECT_THAT(model.dtypes, ElementsAre(ModelDataType::kFloat32));
  EXPECT_THAT(model.texts, ElementsAre(TextConfig{"builtin:pydoc"}, TextConfig{"builtin:wordnet"}));
  EXPECT_TRUE(model.drift->by_layer);
  EXPECT_FALSE(model.drift->positions.has_value());
  EXPECT_EQ(model.agreement->greedy->tokens, 64);
  EXPECT_TRUE(model.captured_inputs->layers.empty());
  EXPECT_THAT(config.performance->decode->context, ElementsAre(0, 512));
  EXPECT_EQ(config.performance->protocol.budget_s, 40);
  ASSERT_EQ(config.gates.size(), 4u);
  EXPECT_EQ(config.gates[3].min, 1.3);
  EXPECT_FALSE(config.gates[3].max.has_value());
  EXPECT_EQ(config.gates[3].at, "tokens=512");
}

TEST(ConfigYamlTest, WhatIsResolvedReadsBackTheSame) {
  for (const std::string& text :
       {std::string(kIssueExample), File("threads: [1, 2]\n"),
        File("tolerances: {float32: {kernel.error_ratio: {max: 2.5}}}\n"
             "gates: [{metric: kernel.error_ratio}]\n"),
        std::string("version: 1\nname: b\nmodels:\n- path: 'a b/\u00e9,\"x\\y'\n  texts: "
                    "[{path: t.txt, offset: 7}]\n  prompts: [\"two\\nlines, %\"]\n"
                    "  agreement: {greedy: {prompts: 2}}\n  drift: {positions: 5}\n"
                    "  captured_inputs: {layers: [0, 2]}\n  performance: []\n")}) {
    const Config config = Parsed(text);
    const std::string resolved = ResolvedConfig(config);
    const Config again = Parsed(resolved, {}, {}, "resolved.json");
    EXPECT_EQ(again, config) << resolved;
    EXPECT_EQ(ResolvedConfig(again), resolved);
  }
}

TEST(ConfigYamlTest, ResolvedFileDiffersWhereConfigsDiffer) {
  const Config config = Parsed(kIssueExample);
  Config other = config;
  other.models[0].drift->by_arm = false;
  EXPECT_NE(ResolvedConfig(other), ResolvedConfig(config));
}

TEST(ConfigYamlTest, NamesUnknownKeysWithTheNearest) {
  EXPECT_EQ(ErrorOf(File("treads: 2\n")),
            "configs/a.yaml:4:1: unknown key 'treads'; did you mean 'threads'?");
  EXPECT_EQ(ErrorOf("version: 1\nname: a\nkernel:\n  shapes: [{tokens: 1, valu_heads: 2}]\n"),
            "configs/a.yaml:4:24: unknown key 'valu_heads'; did you mean 'value_heads'?");
  EXPECT_THAT(ErrorOf(File("zzzzzzzzzzzz: 2\n")), HasSubstr("expected one of name, seed, truth"));
}

TEST(ConfigYamlTest, RefusesWrongTypes) {
  EXPECT_EQ(ErrorOf(File("seed: ten\n")),
            "configs/a.yaml:4:7: 'seed': expected a whole number from 0 to 18446744073709551615, "
            "found 'ten'");
  EXPECT_THAT(ErrorOf(File("seed: '10'\n")), HasSubstr("found the string '10'"));
  EXPECT_THAT(ErrorOf(File("seed: 1.5\n")), HasSubstr("found '1.5'"));
  EXPECT_THAT(ErrorOf(File("seed: 010\n")), HasSubstr("found '010'"));
  EXPECT_THAT(ErrorOf(File("seed: -1\n")), HasSubstr("found '-1'"));
  EXPECT_THAT(ErrorOf(File("seed: [1]\n")), HasSubstr("found a list of 1"));
  EXPECT_THAT(ErrorOf(File("seed:\n")), HasSubstr("found nothing"));
  EXPECT_THAT(ErrorOf(File("models: {}\n")), HasSubstr("key 'path' is missing"));
  EXPECT_THAT(ErrorOf(File("performance: [1]\n")), HasSubstr("'performance': expected a map"));
  EXPECT_THAT(ErrorOf("version: 1\nname: 5\n"), HasSubstr("expected a text, found '5'; put it in"));
  EXPECT_THAT(ErrorOf("version: 1\nname: true\n"), HasSubstr("put it in quotes"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {standard_cases: yes}\n"),
              HasSubstr("3:26: 'standard_cases': expected true or false, found 'yes'"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {standard_cases: 'true'}\n"),
              HasSubstr("found the string 'true'"));
  EXPECT_THAT(ErrorOf(File("performance: {kernel: {tokens: 1}, protocol: {min_effect: nan}}\n")),
              HasSubstr("expected a number from 0.0001 to 1, found 'nan'"));
  EXPECT_THAT(ErrorOf(File("gates: [{metric: kernel.error_ratio, max: .inf}]\n")),
              HasSubstr("expected a number, found '.inf'"));
  EXPECT_THAT(ErrorOf(File("gates: [{metric: kernel.error_ratio, max: 1O}]\n")),
              HasSubstr("expected a number, found '1O'"));
}

TEST(ConfigYamlTest, RefusesImpossibleValues) {
  EXPECT_THAT(ErrorOf(File("threads: 0\n")), HasSubstr("from 1 to 256, found '0'"));
  EXPECT_THAT(ErrorOf(File("threads: []\n")), HasSubstr("expected at least one item"));
  EXPECT_THAT(ErrorOf(File("threads: [2, 2]\n")), HasSubstr("4:14: 'threads': '2' comes twice"));
  EXPECT_THAT(ErrorOf(File("baseline: eagre\n")),
              HasSubstr("4:11: 'baseline': expected a name, found 'eagre'; did you mean 'eager'?"));
  EXPECT_THAT(ErrorOf(File("truth: eager\n")), HasSubstr("expected one of oracle"));
  EXPECT_THAT(ErrorOf(File("baseline: oracle\n")), HasSubstr("is the truth already"));
  EXPECT_THAT(ErrorOf(File("candidates: [fused, oracle]\n")), HasSubstr("is the truth already"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\ncandidates: [fused, eager]\n"
                      "performance: {kernel: {tokens: 1}}\n"),
              HasSubstr("is the baseline already"));
  EXPECT_THAT(ErrorOf("version: 1\nname: 'a b'\n"), HasSubstr("1 to 64 of letters"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {shapes: [{tokens: 1, key_heads: 3}]}\n"),
              HasSubstr("3:42: 3 key heads don't divide 16 value heads"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {shapes: [{tokens: 1048576, value_heads: "
                      "1024}]}\n"),
              HasSubstr("the case is too large"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {shapes: [{tokens: 1, value_heads: 1, "
                      "key_heads: 1}], regimes: [mixed]}\n"),
              HasSubstr("gates=mixed needs a second value head"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {shapes: [{tokens: 9}], checks: [neighbours]}"),
              HasSubstr("sequences: 2 or more"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {shapes: [{tokens: 0}], checks: [pieces]}"),
              HasSubstr("only accuracy to check"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {dtypes: [float32]}"),
              HasSubstr("kernel asks for nothing"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nkernel: {cases: ['kernel:T=5,gate=none']}"),
              HasSubstr("character 12: unknown field 'gate'; did you mean 'gates'?"));
  EXPECT_THAT(ErrorOf(File("performance: {threads: 1}\n")), HasSubstr("asks for nothing"));
  EXPECT_THAT(ErrorOf(File("performance: {prefill: {tokens: 1}}\n")),
              HasSubstr("prefill needs a model"));
  EXPECT_THAT(ErrorOf(File("performance: {decode: {context: 1}}\n"
                           "models: [{path: m, texts: builtin:pydoc, performance: prefill}]\n")),
              HasSubstr("decode needs a model"));
  EXPECT_EQ(ErrorOf("version: 1\nname: a\n"),
            "configs/a.yaml:1:1: the configuration gives no case; give kernel, models or "
            "performance");
}

TEST(ConfigYamlTest, RefusesImpossibleModels) {
  const auto error_of = [](const std::string& fields) {
    return ErrorOf("version: 1\nname: a\nmodels:\n- {texts: builtin:pydoc, " + fields + "}\n");
  };
  EXPECT_THAT(error_of("path: builtin:qwen3-tiny"),
              HasSubstr("did you mean 'builtin:qwen3_5-tiny'?"));
  EXPECT_THAT(error_of("path: ''"), HasSubstr("a path of 1 to 1024 bytes"));
  EXPECT_THAT(error_of("path: m, performance: []"), HasSubstr("asked for nothing"));
  EXPECT_THAT(error_of("path: m, tokens: 8, drift: {positions: 9}"),
              HasSubstr("9 positions are more than the 8 tokens"));
  EXPECT_THAT(error_of("path: m, agreement: {teacher_forced: false}"),
              HasSubstr("agreement asks for nothing"));
  EXPECT_THAT(error_of("path: m, captured_inputs: {layers: []}"),
              HasSubstr("at least one item, or all"));
  EXPECT_THAT(error_of("path: m, dtype: int8"), HasSubstr("float32, bfloat16, float64"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nmodels:\n- {texts: builtin:pidoc, path: m}\n"),
              HasSubstr("did you mean 'builtin:pydoc'?"));
  EXPECT_THAT(ErrorOf("version: 1\nname: a\nmodels:\n- {texts: graft:x, path: m, drift: {}}\n"),
              StartsWith("accepted"));  // a file's name, however odd
}

TEST(ConfigYamlTest, RefusesGatesThatProveNothing) {
  const auto error_of = [](const std::string& gate) {
    return ErrorOf(File("gates:\n- {" + gate + "}\n"));
  };
  EXPECT_THAT(error_of("metric: kernel.eror_ratio, max: 1"),
              HasSubstr("5:12: unknown metric 'kernel.eror_ratio'; did you mean"));
  EXPECT_THAT(error_of("max: 1"), HasSubstr("5:3: key 'metric' is missing"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio, min: 2, max: 1"),
              HasSubstr("5:37: min 2 is above max 1"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio, max: 1, at: 'tokens=66'"),
              HasSubstr("5:44: no case of this configuration has 'kernel.error_ratio' at "
                        "tokens=66"));
  EXPECT_THAT(error_of("metric: model.kld.mean, max: 1"), HasSubstr("no case"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio, max: 1, at: 'token=1'"),
              HasSubstr("did you mean 'tokens'?"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio, max: 1, at: 'tokens=1,'"),
              HasSubstr("expected name=value"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio, max: 1, at: 'tokens=1,tokens=65'"),
              HasSubstr("each parameter once"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio, max: 1, candidate: chunked"),
              HasSubstr("'chunked' is not a candidate of this configuration"));
  EXPECT_THAT(error_of("metric: kernel.error_ratio"),
              HasSubstr("5:3: the gate has neither min nor max"));
  EXPECT_THAT(ErrorOf(File("tolerances: {float32: {kernel.error_ratio: {}}}\n")),
              HasSubstr("a tolerance needs a number"));
  EXPECT_THAT(ErrorOf(File("tolerances: {float8: {kernel.error_ratio: {max: 1}}}\n")),
              HasSubstr("4:14: 'tolerances': expected a name, found the string 'float8'"));
}

TEST(ConfigYamlTest, GatesTakeTheirNumbersFromTolerances) {
  const Config config = Parsed(
      "version: 1\nname: a\nkernel: {shapes: [{tokens: [1, 65]}], dtypes: [float32, bfloat16]}\n"
      "tolerances:\n  bfloat16: {kernel.error_ratio: {max: 3}}\n"
      "  float32: {kernel.error_ratio: {max: 2, min: 0.5}}\n"
      "gates:\n- {metric: kernel.error_ratio}\n"
      "- {metric: kernel.error_ratio, at: 'tokens=65,dtype=float32'}\n");
  Gate half;
  half.metric = "kernel.error_ratio";
  half.max = 3;
  half.at = "dtype=bfloat16";
  half.source = LimitSource::kTolerances;
  Gate full = half;
  full.min = 0.5;
  full.max = 2;
  full.at = "dtype=float32";
  Gate at_65 = full;
  at_65.at = "dtype=float32,tokens=65";
  EXPECT_THAT(config.gates, ElementsAre(half, full, at_65));
}

TEST(ConfigYamlTest, TellsAllMistakesOfAFileAtOnce) {
  const std::string error = ErrorOf(File("treads: 2\nseed: x\nbaseline: y\n"));
  EXPECT_THAT(error, AllOf(HasSubstr("4:1: unknown key 'treads'"), HasSubstr("\nconfigs/a.yaml:"),
                           HasSubstr("5:7: 'seed'"), HasSubstr("6:11: 'baseline'")));
  std::string many = File("");
  for (int i = 0; i < 50; ++i) many += fmt::format("k{}: 1\n", i);
  EXPECT_THAT(ErrorOf(many), HasSubstr("\nand 30 more"));
}

TEST(ConfigYamlTest, RefusesWhatYamlWouldLetPass) {
  EXPECT_EQ(ErrorOf(File("seed: 1\nseed: 2\n")),
            "configs/a.yaml:5:1: key 'seed' comes twice; it is in line 4 already");
  EXPECT_THAT(ErrorOf(File("performance: {kernel: {tokens: 1, tokens: 2}}\n")),
              HasSubstr("4:35: key 'tokens' comes twice"));
  EXPECT_THAT(ErrorOf(File("seed: &x 1\n")), HasSubstr("4:7: anchors (&name) are not read here"));
  EXPECT_THAT(ErrorOf(File("threads: [&x 1, *x]\n")), HasSubstr("anchors"));
  EXPECT_THAT(ErrorOf(File("seed: *x\n")), HasSubstr("4:7"));
  EXPECT_THAT(ErrorOf(File("<<: {seed: 1}\n")), HasSubstr("unknown key '<<'"));
  EXPECT_THAT(ErrorOf(File("seed: !!int 1\n")), HasSubstr("tags (!name) are not read here"));
  EXPECT_THAT(ErrorOf(File("? [a]\n: 1\n")), HasSubstr("expected a name as key"));
  EXPECT_THAT(ErrorOf(File("~: 1\n")), HasSubstr("a key is missing"));
  EXPECT_THAT(ErrorOf(File("---\nversion: 1\n")), HasSubstr("a second document begins"));
  EXPECT_THAT(ErrorOf(File("seed:\t1\n")), HasSubstr("4:6: found a tab; indent with spaces"));
  EXPECT_THAT(ErrorOf(File("seed: [1\n")), HasSubstr("not YAML: "));
  EXPECT_THAT(ErrorOf(File("# \x01\n")), HasSubstr("4:3: found the control character 0x01"));
  EXPECT_THAT(ErrorOf(File("seed: 1\r# old Mac\n")), HasSubstr("control character 0x0d"));
  EXPECT_THAT(ErrorOf(File("# \xe9t\xe9\n")), HasSubstr("4:3: expected UTF-8"));
  EXPECT_THAT(ErrorOf("\xff\xfev\0e\0"), HasSubstr("found UTF-16"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("configs/a.yaml:1:1: expected a map, found an empty file"));
  EXPECT_THAT(ErrorOf("# nothing\n"), HasSubstr("expected a map, found"));
  EXPECT_THAT(ErrorOf("- 1\n"), HasSubstr("expected a map, found a list of 1"));
  EXPECT_THAT(ErrorOf(File("# " + std::string(kMaxConfigFileBytes, 'x'))),
              HasSubstr("at most 1048576 bytes"));
  EXPECT_THAT(ErrorOf(File("seed: " + std::string(200, '[') + std::string(200, ']'))),
              HasSubstr("at most 24 maps and lists in each other"));
  std::string list = "threads: [1";
  for (int i = 0; i < 60'000; ++i) list += ",1";
  EXPECT_THAT(ErrorOf(File(list + "]\n")), HasSubstr("at most 50000 values"));
}

TEST(ConfigYamlTest, ColumnsCountCharacters) {
  EXPECT_THAT(ErrorOf(File("gates: [{metric: 'äöü', mox: 1}]\n")), HasSubstr("4:25: unknown key"));
}

TEST(ConfigYamlTest, ReadsFilesFromWindows) {
  std::string text = "\xef\xbb\xbf";
  for (const char x : File("seed: 7\n")) {
    if (x == '\n') text += '\r';
    text += x;
  }
  EXPECT_EQ(Parsed(text), Parsed(File("seed: 7\n")));
  EXPECT_THAT(ErrorOf(text + "sed: 8\r\n"), HasSubstr("5:1: unknown key 'sed'"));
}

TEST(ConfigYamlTest, NeedsItsVersion) {
  EXPECT_THAT(ErrorOf("name: a\n"), HasSubstr("1:1: key 'version' is missing"));
  EXPECT_THAT(ErrorOf("version: 2\nname: a\n"), HasSubstr("1:10: 'version': expected 1, found"));
  EXPECT_THAT(ErrorOf("version: '1'\nname: a\n"), HasSubstr("found the string '1'"));
}

TEST(ConfigYamlTest, ExtendsMergesMapsAndReplacesTheRest) {
  const Files files = {
      {"configs/base.yaml",
       "version: 1\nname: base\nseed: 3\nkernel: {shapes: [{tokens: [1, 2]}, {tokens: 3}], "
       "regimes: [long, none]}\n"},
      {"configs/deep/more.yaml", "version: 1\nextends: ../base.yaml\nseed: 4\n"},
  };
  const Config config = Parsed(
      "version: 1\nextends: deep/more.yaml\nname: a\nkernel: {shapes: [{tokens: 7}]}\n", {}, files);
  EXPECT_EQ(config.name, "a");
  EXPECT_EQ(config.seed, 4u);
  EXPECT_EQ(config.kernel->shapes.size(), 1u);
  EXPECT_THAT(config.kernel->regimes, ElementsAre(GateRegime::kLong, GateRegime::kNone));
  // Of several, the later wins.
  EXPECT_EQ(Parsed("version: 1\nextends: [deep/more.yaml, base.yaml]\n", {}, files).seed, 3u);
  // A word takes a part away again.
  const Config without =
      Parsed("version: 1\nextends: base.yaml\nkernel: none\nperformance: {kernel: {tokens: 1}}\n",
             {}, files);
  EXPECT_FALSE(without.kernel.has_value());
}

TEST(ConfigYamlTest, ErrorsStayWhereTheyWereSaid) {
  const Files files = {
      {"configs/base.yaml", "version: 1\nname: base\n\nkernel: {shapes: [{token: 1}]}\n"},
      {"configs/loop.yaml", "version: 1\nextends: a.yaml\n"},
      {"configs/bad.yaml", "version: 1\nseed: [\n"},
  };
  EXPECT_THAT(
      ErrorOf("version: 1\nextends: base.yaml\n", {}, files),
      AllOf(HasSubstr("configs/base.yaml:4:20: unknown key 'token'"), Not(HasSubstr("a.yaml:4"))));
  EXPECT_THAT(ErrorOf("version: 1\nextends: bad.yaml\n", {}, files),
              StartsWith("configs/bad.yaml:"));
  EXPECT_EQ(ErrorOf("version: 1\nextends: loop.yaml\n", {}, files),
            "configs/loop.yaml:2:10: 'configs/a.yaml' extends itself; the way there: "
            "configs/a.yaml -> configs/loop.yaml -> configs/a.yaml");
  EXPECT_EQ(ErrorOf("version: 1\nextends: gone.yaml\n", {}, files),
            "configs/a.yaml:2:10: 'extends': configs/gone.yaml: can't open the file; does it "
            "exist?");
  EXPECT_THAT(ErrorOf("version: 1\nextends: {a: b}\n", {}, files),
              HasSubstr("'extends': expected a file's name, found a map"));
  std::string many = "version: 1\nextends: [";
  for (int i = 0; i < 40; ++i) many += "base.yaml, ";
  EXPECT_THAT(ErrorOf(many + "base.yaml]\n", {}, files), HasSubstr("at most 16 files"));
}

TEST(ConfigYamlTest, PathsAreRelativeToTheFileThatSaysThem) {
  const Files files = {{"configs/deep/base.yaml",
                        "version: 1\nname: base\nmodels: [{path: ../m, texts: [t/x.txt, "
                        "builtin:pydoc, /abs/y.txt], drift: {}}]\n"}};
  const Config config = Parsed("version: 1\nextends: deep/base.yaml\n", {}, files);
  EXPECT_EQ(config.models.at(0).path, "configs/m");
  EXPECT_EQ(config.models.at(0).texts.at(0).path, "configs/deep/t/x.txt");
  EXPECT_EQ(config.models.at(0).texts.at(1).path, "builtin:pydoc");
  EXPECT_EQ(config.models.at(0).texts.at(2).path, "/abs/y.txt");
  // What the command line says is relative to where one is.
  const Config set =
      Parsed("version: 1\nextends: deep/base.yaml\n", Set({"models[0].path=here/m"}), files);
  EXPECT_EQ(set.models.at(0).path, "here/m");
}

TEST(ConfigYamlTest, SetsValuesFromTheCommandLine) {
  const Config config =
      Parsed(kIssueExample,
             Set({"performance.protocol.budget_s=7.5", "kernel.shapes[0].tokens=[3, 4]",
                  "gates[2].max=1e-3", "threads=2", "models[0].invariance={tokens: 9}",
                  "tolerances.float32.\"model.kld.max\".max=1e-5", "models[0].drift=none",
                  "gates[1].metric=model.agreement.top1", "performance.protocol.min_effect=0.05"}));
  EXPECT_EQ(config.performance->protocol.budget_s, 7.5);
  EXPECT_EQ(config.performance->protocol.min_effect, 0.05);
  EXPECT_THAT(config.kernel->shapes[0].tokens, ElementsAre(3, 4));
  EXPECT_EQ(config.gates[2].max, 1e-3);
  EXPECT_THAT(config.models[0].threads, ElementsAre(2));
  EXPECT_THAT(config.models[0].invariance->tokens, ElementsAre(9));
  EXPECT_FALSE(config.models[0].drift.has_value());
  EXPECT_EQ(config.tolerances.at(0).metric, "model.kld.max");
  // `none` gives way to a map.
  const Config drift = Parsed(
      kIssueExample,
      Set({"models[0].agreement=none", "models[0].agreement.teacher_forced=true", "gates=[]"}));
  EXPECT_TRUE(drift.models[0].agreement->teacher_forced);
}

TEST(ConfigYamlTest, RefusesWrongOverrides) {
  EXPECT_EQ(ErrorOfSet("seed=x"),
            "--set seed=x: 'seed': expected a whole number from 0 to 18446744073709551615, found "
            "'x'");
  EXPECT_EQ(ErrorOfSet("kernel.shape=1"),
            "--set kernel.shape=1: unknown key 'shape'; did you mean 'shapes'?");
  EXPECT_THAT(ErrorOfSet("kernel.shapes[3].tokens=1"),
              HasSubstr("'kernel.shapes' has no element 3; expected 0 to 0"));
  EXPECT_THAT(ErrorOfSet("gates[0].max=1"), HasSubstr("'gates': expected a list, found a map"));
  EXPECT_THAT(ErrorOfSet("kernel[0]=1"), HasSubstr("'kernel': expected a list, found a map"));
  EXPECT_THAT(ErrorOfSet("name.x=1"), HasSubstr("'name': expected a map, found 'a'"));
  EXPECT_THAT(ErrorOfSet("kernel.shapes.tokens=1"), HasSubstr("an element is chosen by [0]"));
  EXPECT_THAT(ErrorOfSet("seed"), HasSubstr("expected path=value; for example"));
  EXPECT_THAT(ErrorOfSet("=1"), HasSubstr("character 1 of the path: expected a key"));
  EXPECT_THAT(ErrorOfSet("a..b=1"), HasSubstr("character 3 of the path: expected a key"));
  EXPECT_THAT(ErrorOfSet("a[x]=1"), HasSubstr("the number of an element"));
  EXPECT_THAT(ErrorOfSet("a[1=1"), HasSubstr("expected ]"));
  EXPECT_THAT(ErrorOfSet("a\"b=1"), HasSubstr("expected . [ or ="));
  EXPECT_THAT(ErrorOfSet("\"a=1"), HasSubstr("expected a closing \""));
  EXPECT_THAT(ErrorOfSet("seed="), HasSubstr("expected a value after '='"));
  EXPECT_THAT(ErrorOfSet("seed=]"), AllOf(StartsWith("--set seed=]:"), HasSubstr("not YAML")));
  EXPECT_THAT(ErrorOfSet("seed=[1"), StartsWith("--set seed=[1:"));
  EXPECT_THAT(ErrorOfSet("seed=\xff"), HasSubstr("expected UTF-8"));
  EXPECT_THAT(ErrorOfSet("version=2"), HasSubstr("unknown key 'version'"));
}

TEST(ConfigYamlTest, TestsMayNameArmsOfTheirOwn) {
  const std::string text = File("candidates: [faulty]\n");
  EXPECT_THAT(ErrorOf(text), HasSubstr("expected one of oracle, eager, chunked, fused"));
  ConfigOptions options;
  options.more_arms = {"faulty"};
  EXPECT_THAT(Parsed(text, options).candidates, ElementsAre("faulty"));
}

TEST(ConfigYamlTest, MessagesStayPrintableAndShort) {
  const std::string error = ErrorOf(File("seed: \"" + std::string(5000, 'x') + "\\x07\"\n"));
  EXPECT_LT(error.size(), 300u);
  for (const char x : ErrorOf(File("\"\\x07\\n\": 1\n"))) EXPECT_TRUE(x >= ' ' && x <= '~');
}

}  // namespace
}  // namespace deltagauge
