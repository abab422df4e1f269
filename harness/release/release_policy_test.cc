#include "harness/release/release_policy.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  try {
    ParseReleasePolicy(text, "p.yaml");
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

// A policy that needs one more line to be wrong.
std::string With(const std::string& line) {
  return "version: 1\nname: r\nplatforms: [{name: linux-x86_64}]\n" + line + "\n";
}

TEST(ReleasePolicyTest, ReadsEveryKey) {
  const ReleasePolicy policy = ParseReleasePolicy(
      "version: 1\n"
      "name: r\n"
      "max_age_days: 3\n"
      "tree: any\n"
      "waivers: refused\n"
      "inconclusive: accepted\n"
      "platforms:\n"
      "  - name: linux-x86_64\n"
      "    configs: [quick, release]\n"
      "    candidates: fused\n"
      "    models: ['builtin:qwen3_5-tiny']\n"
      "    targets: [AVX2, SSE4]\n"
      "    gates: [kernel.error_ratio, model.kld.mean]\n"
      "  - {name: windows-x86_64}\n"
      "agreement: {min_cases: 7, float32: 1.0e-6, bfloat16: 0.002}\n",
      "p.yaml");
  EXPECT_EQ(policy.name, "r");
  EXPECT_EQ(policy.max_age_days, 3);
  EXPECT_EQ(policy.tree, TreePolicy::kAny);
  EXPECT_EQ(policy.waivers, Acceptance::kRefused);
  EXPECT_EQ(policy.inconclusive, Acceptance::kAccepted);
  ASSERT_EQ(policy.platforms.size(), 2u);
  const PlatformPolicy& linux_x86 = policy.platforms[0];
  EXPECT_EQ(linux_x86.name, "linux-x86_64");
  EXPECT_THAT(linux_x86.configs, ElementsAre("quick", "release"));
  EXPECT_THAT(linux_x86.candidates, ElementsAre("fused"));
  EXPECT_THAT(linux_x86.models, ElementsAre("builtin:qwen3_5-tiny"));
  EXPECT_THAT(linux_x86.targets, ElementsAre("AVX2", "SSE4"));
  EXPECT_THAT(linux_x86.gates, ElementsAre("kernel.error_ratio", "model.kld.mean"));
  EXPECT_EQ(policy.platforms[1], (PlatformPolicy{"windows-x86_64", {}, {}, {}, {}, {}}));
  EXPECT_EQ(policy.agreement, (AgreementPolicy{7, 1e-6, 0.002}));
}

TEST(ReleasePolicyTest, DefaultsAreStrict) {
  const ReleasePolicy policy = ParseReleasePolicy(With(""), "p.yaml");
  EXPECT_EQ(policy.tree, TreePolicy::kClean);
  EXPECT_EQ(policy.inconclusive, Acceptance::kRefused);
  EXPECT_EQ(policy.max_age_days, 14);
}

TEST(ReleasePolicyTest, TheShippedPoliciesAreSound) {
  for (const char* const name : {"release", "quick", "change"}) {
    SCOPED_TRACE(name);
    const ReleasePolicy policy =
        LoadReleasePolicy(std::string(DELTAGAUGE_CONFIGS "/") + name + "_policy.yaml");
    EXPECT_EQ(policy.name, name);
    ASSERT_GE(policy.platforms.size(), 2u);
    EXPECT_EQ(policy.platforms[0].name, "linux-x86_64");
    EXPECT_EQ(policy.tree, TreePolicy::kClean);
    EXPECT_GE(policy.agreement.min_cases, 100);
    for (const PlatformPolicy& platform : policy.platforms) {
      EXPECT_FALSE(platform.configs.empty());
      EXPECT_FALSE(platform.gates.empty());
    }
  }
}

TEST(ReleasePolicyTest, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(ErrorOf(With("max_age_day: 3")),
            "p.yaml:4:1: unknown key 'max_age_day'; did you mean 'max_age_days'?");
  EXPECT_EQ(ErrorOf(With("tree: clear")),
            "p.yaml:4:7: 'tree': expected a name, found 'clear'; did you mean 'clean'?");
  EXPECT_EQ(ErrorOf(With("max_age_days: 1.5")),
            "p.yaml:4:15: 'max_age_days': expected a whole number from 0 to 36500, found '1.5'");
  EXPECT_EQ(
      ErrorOf(With("max_age_days: '3'")),
      "p.yaml:4:15: 'max_age_days': expected a whole number from 0 to 36500, found the string "
      "'3'");
  EXPECT_EQ(ErrorOf(With("agreement: {float32: nan}")),
            "p.yaml:4:22: 'float32': expected a number from 0 to 1, found 'nan'");
  EXPECT_EQ(ErrorOf(With("agreement: 3")), "p.yaml:4:12: 'agreement': expected a map, found '3'");
  EXPECT_EQ(ErrorOf("version: 1\nname: r\n"),
            "p.yaml:1:1: key 'platforms' is missing; what has to be shown, and where");
  EXPECT_EQ(ErrorOf("name: r\nplatforms: [{name: a}]\n"),
            "p.yaml:1:1: key 'version' is missing; begin with version: 1");
  EXPECT_EQ(ErrorOf("version: 2\nname: r\nplatforms: [{name: a}]\n"),
            "p.yaml:1:10: 'version': expected a whole number from 1 to 1, found '2'");
  EXPECT_EQ(ErrorOf("version: 1\nname: [a, b]\nplatforms: [{name: a}]\n"),
            "p.yaml:2:7: 'name': expected a name, found a list of 2");
  EXPECT_EQ(ErrorOf("[1]"), "p.yaml:1:1: expected a map, found a list of 1; begin with version: 1");
}

TEST(ReleasePolicyTest, ErrorsInPlatforms) {
  const auto platforms = [](const std::string& text) {
    return ErrorOf("version: 1\nname: r\nplatforms: " + text + "\n");
  };
  EXPECT_EQ(platforms("[]"),
            "p.yaml:3:12: 'platforms': expected a list of 1 to 64, found a list of 0");
  EXPECT_EQ(platforms("[a]"), "p.yaml:3:13: 'platforms': expected a map, found 'a'");
  EXPECT_THAT(platforms("[{configs: [quick]}]"), HasSubstr("key 'name' is missing"));
  EXPECT_EQ(platforms("[{name: a}, {name: a}]"), "p.yaml:3:24: platform 'a' comes twice");
  EXPECT_EQ(platforms("[{name: a, targets: [AVX2, AVX2]}]"),
            "p.yaml:3:39: 'targets': 'AVX2' comes twice");
  EXPECT_EQ(platforms("[{name: a, gates: [model.kld.meen]}]"),
            "p.yaml:3:31: unknown metric 'model.kld.meen'; did you mean 'model.kld.mean'?");
  EXPECT_EQ(platforms("[{name: a, models: {}}]"),
            "p.yaml:3:31: 'models': expected a list of at most 256, found a map");
  EXPECT_EQ(platforms("[{name: a, model: b}]"),
            "p.yaml:3:23: unknown key 'model'; did you mean 'models'?");
  std::string many = "[{name: a, targets: [";
  for (int i = 0; i < 257; ++i) many += "t" + std::to_string(i) + ", ";
  EXPECT_THAT(platforms(many + "]}]"), HasSubstr("expected a list of at most 256"));
}

TEST(ReleasePolicyTest, EveryMistakeIsTold) {
  const std::string error = ErrorOf(With("tree: x\nwaivers: y"));
  EXPECT_THAT(error, HasSubstr("p.yaml:4:7"));
  EXPECT_THAT(error, HasSubstr("p.yaml:5:10"));
}

TEST(ReleasePolicyTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THROW(LoadReleasePolicy("/no/such/policy.yaml"), reference::InputError);
}

}  // namespace
}  // namespace deltagauge
