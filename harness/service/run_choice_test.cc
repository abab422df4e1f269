#include "harness/service/run_choice.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/service/run_stage_test.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunChoiceTest : public RunServiceTest {
 protected:
  void SetUp() override {
    RunServiceTest::SetUp();
    reference::WriteFile((configs_ / "model.yaml").string(),
                         "version: 1\nname: model\nmodels:\n"
                         "  - {path: builtin:qwen3_5-tiny, texts: [own.txt], drift: {}}\n");
    std::filesystem::create_directory(configs_ / "sub");
    reference::WriteFile((configs_ / "sub" / "other.yaml").string(), kTiny);
  }

  std::string Refusal(const std::string& config, const std::vector<std::string>& overrides) {
    try {
      ChooseRun(configs_.path(), config, overrides);
      return "";
    } catch (const HttpError& error) {
      return error.code();
    }
  }
};

TEST_F(RunChoiceTest, NamesAreComparedNotOpened) {
  EXPECT_EQ(Refusal("tiny", {}), "");
  for (const char* const name : {"none", "tiny.yaml", "./tiny", "sub/other", "sub/../tiny",
                                 "tiny_policy", "Tiny", "/etc/passwd", "tiny\n", ""}) {
    EXPECT_EQ(Refusal(name, {}), "no_such_config") << name;
  }
}

TEST_F(RunChoiceTest, ValuesThatNameFilesAreRefusedHoweverTheyAreWritten) {
  EXPECT_EQ(Refusal("model", {"models[0].tokens=64"}), "");
  EXPECT_EQ(Refusal("model", {"models[0].texts=[builtin:pydoc]"}), "");
  for (const char* const text :
       {"models[0].path=/etc", "models[0].texts=[/etc/passwd]", "models[0].texts[0]=other.txt",
        "models[0].texts[0]={path: /etc/passwd}",
        "models=[{path: /etc, texts: [builtin:pydoc], drift: {}}]",
        "models[0]={path: builtin:qwen3_5-tiny, texts: [\"\\x2fetc\"], drift: {}}"}) {
    EXPECT_EQ(Refusal("model", {text}), "names_a_file") << text;
  }
  EXPECT_EQ(Refusal("tiny", {"extends=/etc/passwd"}), "not_understood");
}

TEST_F(RunChoiceTest, WhatCannotRunIsRefusedAtOnce) {
  EXPECT_EQ(Refusal("tiny", {"sead=3"}), "not_understood");
  EXPECT_EQ(Refusal("tiny", {"seed"}), "not_understood");
  EXPECT_EQ(Refusal("tiny", {"--out=x"}), "not_understood");
  EXPECT_EQ(Refusal("tiny", {"kernel.shapes=[]"}), "not_understood");
  EXPECT_EQ(Refusal("tiny", {std::string("seed=3\0", 7)}), "bad_member");
  EXPECT_EQ(Refusal("tiny", {"seed=3\nname: x"}), "bad_member");
  EXPECT_EQ(Refusal("tiny", {"name=" + std::string(kMaxRunOverrideBytes, 'x')}), "bad_member");
  EXPECT_EQ(Refusal("tiny", std::vector<std::string>(kMaxRunOverrides + 1, "seed=3")),
            "bad_member");
}

TEST_F(RunChoiceTest, BodiesThatAreNoWishAreRefused) {
  for (const char* const body :
       {"", "[]", "{}", R"({"config": ""})", R"({"config": 3})", R"({"config": ["tiny"]})",
        R"({"config": "tiny", "overrides": "seed=3"})", R"({"config": "tiny", "overrides": [3]})",
        R"({"config": "tiny", "code": "x"})"}) {
    EXPECT_EQ(Post(body).status, 400) << body;
  }
  EXPECT_EQ(Post(R"({"config": "sub/other"})").status, 422);
  EXPECT_THAT(JsonOf(Post(R"({"config": "tny"})")).Find("error")->AsObject().at("hint").AsString(),
              HasSubstr("'tiny'"));
  EXPECT_THAT(stage_.orders(), IsEmpty());
}

}  // namespace
}  // namespace deltagauge
