#include "harness/run/logits_arm.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/run/case_runner.h"
#include "harness/run/run_test_world.h"
#include "reference/input_error.h"
#include "reference/safetensors.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class LogitsArmTest : public ::testing::Test {
 protected:
  // One row of two tokens.
  std::string File(const std::string& name, const std::string& engine, int64_t position = 0) {
    using reference::TensorType;
    reference::SafetensorsMetadata metadata;
    if (!engine.empty()) metadata["engine"] = engine;
    std::filesystem::create_directories(folder_.path());
    reference::SafetensorsWriter writer(folder_.File(name),
                                        {{"logits", TensorType::kFloat32, {1, 2}},
                                         {"positions", TensorType::kInt64, {1}},
                                         {"token_ids", TensorType::kInt64, {1}}},
                                        metadata);
    const std::array<float, 2> row = {1, 2};
    const std::array<int64_t, 2> integers = {position, 0};
    writer.Write(std::as_bytes(std::span(row)));
    writer.Write(std::as_bytes(std::span(integers)));
    writer.Finish();
    return folder_.File(name);
  }

  CaseReport Run(const std::string& line) {
    const auto parsed = ParseRunCase(line);
    EXPECT_TRUE(std::holds_alternative<RunCase>(parsed)) << line;
    const auto& run_case = std::get<RunCase>(parsed);
    RunServices services;
    services.candidates = &candidates_;
    services.clock = TestWorld().clock;
    services.cancelled = [] { return false; };
    CaseRunner runner(services);
    return runner.Run({CaseId(run_case), run_case, "", 1});
  }

  OutFolder folder_;
  CandidateSet candidates_ = TestWorld().candidates;
};

TEST_F(LogitsArmTest, SaysWhichEngineAndFiles) {
  OutsideArm arm;
  arm.name = "hf";
  arm.logits = {{{"builtin:pydoc", 0}, File("a.safetensors", "transformers 5")},
                {{"builtin:wordnet", 7}, File("b.safetensors", "transformers 5")},
                {{"builtin:pydoc", 9}, File("c.safetensors", "")}};
  const Candidate candidate = MakeLogitsCandidate(arm);
  EXPECT_EQ(candidate.name, "hf");
  EXPECT_EQ(candidate.version, "transformers 5; engine not said");
  EXPECT_EQ(candidate.description, "logits from a.safetensors, b.safetensors, c.safetensors");
  EXPECT_EQ(candidate.kernel, nullptr);
  EXPECT_FALSE(candidate.make_arm);
  ASSERT_NE(candidate.LogitsOf({"builtin:wordnet", 7}), nullptr);
  EXPECT_THAT(candidate.LogitsOf({"builtin:wordnet", 7})->name(), HasSubstr("b.safetensors"));
  EXPECT_EQ(candidate.LogitsOf({"builtin:wordnet", 0}), nullptr);
}

TEST_F(LogitsArmTest, BadFilesAreRefusedBeforeARunBegins) {
  OutsideArm arm;
  arm.name = "hf";
  arm.logits = {{{"builtin:pydoc", 0}, File("a.safetensors", "", /*position=*/1)}};
  EXPECT_THAT([&] { MakeLogitsCandidate(arm); },
              ThrowsMessage<reference::InputError>(HasSubstr("a.safetensors: tensor 'positions'")));
  arm.logits[0].file = folder_.File("absent");
  EXPECT_THAT([&] { MakeLogitsCandidate(arm); },
              ThrowsMessage<reference::InputError>(HasSubstr("absent")));
}

TEST_F(LogitsArmTest, WhatNeedsAKernelOrAnotherTextIsSkipped) {
  OutsideArm arm;
  arm.name = "hf";
  arm.logits = {{{"builtin:pydoc", 0}, File("a.safetensors", "")}};
  candidates_.Add(MakeLogitsCandidate(arm));
  for (const char* const line :
       {"kernel:T=5,Hv=2,Hk=1,K=16,V=16,candidate=hf", "captured:candidate=hf",
        "greedy:candidate=hf", "invariance:candidate=hf", "timing:candidate=hf",
        "prefill:candidate=hf", "decode:candidate=hf"}) {
    const CaseReport report = Run(line);
    EXPECT_EQ(report.status, Verdict::kSkipped) << line;
    EXPECT_EQ(report.reason_code, "logits_only") << line;
    EXPECT_THAT(report.reason, HasSubstr("hf is logits from a file"));
  }
  for (const char* const line :
       {"drift:text=builtin:wordnet,candidate=hf", "agreement:offset=1,candidate=hf"}) {
    const CaseReport report = Run(line);
    EXPECT_EQ(report.status, Verdict::kSkipped) << line;
    EXPECT_EQ(report.reason_code, "no_logits") << line;
  }
  EXPECT_THAT(Run("drift:text=builtin:wordnet,candidate=hf").reason,
              HasSubstr("hf has no logits of builtin:wordnet from token 0 on"));
  // These reach the model, which this program doesn't have.
  EXPECT_EQ(Run("drift:candidate=hf").reason_code, "no_libtorch");
  EXPECT_EQ(Run("agreement:candidate=hf").reason_code, "no_libtorch");
  EXPECT_EQ(Run("greedy:candidate=fused").reason_code, "no_libtorch");
}

}  // namespace
}  // namespace deltagauge
