// Arms from outside, as configurations describe them.
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/config/config_yaml.h"
#include "harness/config/run_plan.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Config Parsed(const std::string& text) { return ParseConfig(text, "configs/a.yaml", {}, nullptr); }

std::string ErrorOf(const std::string& text) {
  try {
    Parsed(text);
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string File(const std::string& more) {
  return std::string("version: 1\nname: a\nkernel: {shapes: [{tokens: [1, 65]}]}\n").append(more);
}

TEST(ConfigOutsideTest, ReadsArmsFromOutside) {
  const Config config = Parsed(File(
      "baseline: {name: executorch, torch_op: {}, fallback: eager}\n"
      "candidates: [fused, {name: mine, plugin: lib/mine.so, translation: inside}, executorch]\n"
      "gates: [{metric: kernel.error_ratio, max: 2, candidate: mine}]\n"));
  EXPECT_EQ(config.baseline, "executorch");
  EXPECT_THAT(config.candidates, ElementsAre("fused", "mine", "executorch"));
  EXPECT_THAT(config.outside,
              ElementsAre(OutsideArm{.name = "executorch",
                                     .plugin = "",
                                     .torch_op = TorchOpConfig{.library = "",
                                                               .op = "llama::gated_delta_rule"},
                                     .fallback = Fallback::kEager,
                                     .translation = Translation::kOutside},
                          OutsideArm{.name = "mine",
                                     .plugin = "configs/lib/mine.so",  // relative to its file
                                     .torch_op = std::nullopt,
                                     .fallback = Fallback::kNone,
                                     .translation = Translation::kInside}));
  EXPECT_EQ(ParseConfig(ResolvedConfig(config), "resolved.json", {}, nullptr), config);
  const Config one = Parsed(File("candidates: {name: mine, plugin: /x.so, fallback: skip}\n"));
  EXPECT_EQ(one.outside.at(0).fallback, Fallback::kSkip);
  EXPECT_EQ(one.outside.at(0).plugin, "/x.so");
  EXPECT_EQ(ParseConfig(ResolvedConfig(one), "resolved.json", {}, nullptr), one);
}

// Configurations without such arms are what they were.
TEST(ConfigOutsideTest, NamesStayNamesInResolvedConfigurations) {
  const std::string resolved = ResolvedConfig(Parsed(File("")));
  EXPECT_THAT(resolved, HasSubstr(R"("candidates": ["fused"])"));
  EXPECT_THAT(resolved, Not(HasSubstr("outside")));
}

TEST(ConfigOutsideTest, ABaselineAmongTheCandidatesIsComparedWithNothing) {
  const Config config =
      Parsed(File("candidates: [fused, eager]\n"
                  "performance: {kernel: {tokens: 1}}\n"));
  int kernel = 0;
  int timing = 0;
  for (const PlanEntry& entry : BuildPlan(config)) {
    if (CandidateOf(entry.run_case) != "eager") continue;
    ++(KindOf(entry.run_case) == RunKind::kKernel ? kernel : timing);
  }
  EXPECT_GT(kernel, 0);
  EXPECT_EQ(timing, 0);
}

TEST(ConfigOutsideTest, RefusesWrongArmsFromOutside) {
  const auto error_of = [](const std::string& arm) {
    return ErrorOf(File("candidates: [" + arm + "]\n"));
  };
  EXPECT_THAT(error_of("{plugin: x.so}"), HasSubstr("4:14: key 'name' is missing"));
  EXPECT_THAT(error_of("{name: fused, plugin: x.so}"),
              HasSubstr("4:21: 'fused' is an arm of our own"));
  EXPECT_THAT(error_of("{name: a}"), HasSubstr("either a plugin, a torch_op or logits"));
  EXPECT_THAT(error_of("{name: a, plugin: x.so, torch_op: {}}"),
              HasSubstr("either a plugin, a torch_op or logits"));
  EXPECT_THAT(error_of("{name: a, plugin: x.so, fallback: eager}"),
              HasSubstr("eager is no fallback of a plugin or of logits"));
  EXPECT_THAT(error_of("{name: a, torch_op: {op: 'llama::gated_delta_rul'}}"),
              AllOf(HasSubstr("unknown operator 'llama::gated_delta_rul'"),
                    HasSubstr("did you mean 'llama::gated_delta_rule'?")));
  EXPECT_THAT(error_of("{name: a, plugin: x.so, version: 1}"), HasSubstr("unknown key 'version'"));
  EXPECT_THAT(error_of("{name: a, plugin: x.so}, {name: a, plugin: y.so}"),
              HasSubstr("4:39: 'a' is described twice"));
  EXPECT_THAT(
      ErrorOf(File("gates: [{metric: kernel.error_ratio, max: 2, candidate: {name: a}}]\n")),
      HasSubstr("describe it under baseline or candidates"));
}

TEST(ConfigOutsideTest, ReadsLogitsOfOtherEngines) {
  const Config config =
      Parsed(File("candidates:\n"
                  "  - name: hf\n"
                  "    logits:\n"
                  "      - {text: builtin:pydoc, file: hf.safetensors}\n"
                  "      - {text: {path: book.txt, offset: 100}, file: /far/book.safetensors}\n"));
  EXPECT_THAT(config.candidates, ElementsAre("hf"));
  const std::vector<LogitsConfig> expected = {{{"builtin:pydoc", 0}, "configs/hf.safetensors"},
                                              {{"configs/book.txt", 100}, "/far/book.safetensors"}};
  EXPECT_EQ(config.outside.at(0).logits, expected);
  EXPECT_EQ(ParseConfig(ResolvedConfig(config), "resolved.json", {}, nullptr), config);
}

TEST(ConfigOutsideTest, RefusesLogitsThatCantBe) {
  const auto error_of = [](const std::string& arm) {
    return ErrorOf(File("candidates: [" + arm + "]\n"));
  };
  const std::string one = "{text: builtin:pydoc, file: a.st}";
  EXPECT_THAT(error_of("{name: a, logits: []}"),
              HasSubstr("either a plugin, a torch_op or logits"));
  EXPECT_THAT(error_of("{name: a, plugin: x.so, logits: [" + one + "]}"),
              HasSubstr("either a plugin, a torch_op or logits"));
  EXPECT_THAT(error_of("{name: a, logits: [{text: builtin:pydoc}]}"),
              HasSubstr("key 'file' is missing"));
  EXPECT_THAT(error_of("{name: a, logits: [{file: a.st}]}"), HasSubstr("key 'text' is missing"));
  EXPECT_THAT(error_of("{name: a, logits: [{text: builtin:pydocs, file: a.st}]}"),
              HasSubstr("did you mean 'builtin:pydoc'?"));
  EXPECT_THAT(error_of("{name: a, logits: [" + one + ", " + one + "]}"),
              HasSubstr("two files for builtin:pydoc"));
  EXPECT_THAT(ErrorOf(File("baseline: {name: a, logits: [" + one + "]}\n")),
              HasSubstr("'a' is logits from a file, which can't be compared with"));
}

}  // namespace
}  // namespace deltagauge
