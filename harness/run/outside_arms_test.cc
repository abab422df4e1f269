// Arms from outside, from YAML to a report: each way in which one can't be had, and what becomes of
// one that misbehaves. This program is linked without libtorch; run_model_test.cc is with it.
#include "harness/run/outside_arms.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/candidate_test.h"
#include "harness/run/run_test_world.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kSmallKernel =
    "kernel: {cases: ['kernel:T=5,Hv=2,Hk=1,K=16,V=8', "
    "'kernel:T=5,Hv=2,Hk=1,K=16,V=8,dtype=bfloat16,norm=l2,scale=0.3']}\n";

Config ConfigWith(const std::string& arm) {
  return ParsedConfig("candidates: [fused, {name: mine, " + arm + "}]\n" + kSmallKernel);
}

Report ReportOf(const std::string& arm) { return RunOnce(ConfigWith(arm), TestWorld()); }

std::string ErrorOf(const std::string& arm) {
  try {
    ReportOf(arm);
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

const ArmReport& ArmOf(const Report& report, const std::string& name) {
  for (const ArmReport& arm : report.arms) {
    if (arm.name == name) return arm;
  }
  throw std::logic_error("no arm " + name);
}

const CaseReport& FirstOf(const Report& report, const std::string& candidate) {
  for (const CaseReport& of : report.cases) {
    if (of.candidate == candidate) return of;
  }
  throw std::logic_error("no case of " + candidate);
}

const PreflightFinding* FallbackOf(const Report& report) {
  for (const PreflightFinding& finding : report.preflight) {
    if (finding.code == "fallback") return &finding;
  }
  return nullptr;
}

std::string PluginAt(const char* path) { return fmt::format("plugin: '{}'", path); }

TEST(OutsideArmsTest, APluginRunsBesideTheFusedKernel) {
  const Report report = ReportOf(PluginAt(DELTAGAUGE_EXAMPLE_PLUGIN));
  ASSERT_EQ(report.cases.size(), 4u);
  for (const CaseReport& of : report.cases) {
    const bool takes_it = of.candidate == "fused" || of.params.at("dtype") == "float32";
    EXPECT_EQ(of.status, takes_it ? Verdict::kPassed : Verdict::kSkipped) << of.reason;
    EXPECT_EQ(of.reason_code, takes_it ? "" : "unsupported");
  }
  const CaseReport& mine = FirstOf(report, "mine");
  EXPECT_EQ(mine.correctness->tensors.size(), 2u);
  EXPECT_EQ(mine.correctness->target, "example");
  EXPECT_THAT(ArmOf(report, "mine").description, HasSubstr("decay"));
  EXPECT_EQ(FallbackOf(report), nullptr);
}

TEST(OutsideArmsTest, ACaseInOtherConventionsSaysSo) {
  const EnvironmentVariable conventions("DELTAGAUGE_CONVENTIONS", "1 2 1 1 2 1 2 3");
  const Report report = ReportOf(PluginAt(DELTAGAUGE_CONVENTIONS_PLUGIN));
  const CaseReport& mine = FirstOf(report, "mine");
  EXPECT_EQ(mine.status, Verdict::kPassed) << mine.reason;
  EXPECT_THAT(mine.params.at("run_as"), HasSubstr("decay=exp"));
  EXPECT_FALSE(FirstOf(report, "fused").params.contains("run_as"));
}

TEST(OutsideArmsTest, ARunDoesNotBeginWithoutItsPlugin) {
  EXPECT_THAT(ErrorOf("plugin: no/such.so"), HasSubstr("no/such.so: no such file"));
  EXPECT_THAT(ErrorOf(PluginAt(DELTAGAUGE_NO_LIBRARY)),
              AllOf(HasSubstr(DELTAGAUGE_NO_LIBRARY), HasSubstr("can't be loaded: ")));
  EXPECT_THAT(ErrorOf(PluginAt(DELTAGAUGE_NO_SYMBOL_PLUGIN)),
              HasSubstr(DELTAGAUGE_CANDIDATE_SYMBOL));
}

TEST(OutsideArmsTest, WhatHarmedItsProcessIsNotLetIntoThisOne) {
  for (const char* const fault : {"segfault", "exit 3", "writes before", "status"}) {
    SCOPED_TRACE(fault);
    const EnvironmentVariable bad("DELTAGAUGE_BAD", fault);
    const Config config = ParsedConfig(std::string("candidates: [fused, {name: mine, ") +
                                       PluginAt(DELTAGAUGE_BAD_PLUGIN) + "}]\n" + kSmallKernel +
                                       "performance: {kernel: {tokens: 1}}\n");
    const Report report = RunOnce(config, TestWorld());
    EXPECT_NE(FirstOf(report, "mine").status, Verdict::kPassed);
    const CaseReport& timed = report.cases.back();
    ASSERT_EQ(timed.kind, "timing");
    ASSERT_EQ(timed.candidate, "mine");
    EXPECT_EQ(timed.status, Verdict::kSkipped);
    EXPECT_EQ(timed.reason_code, "dangerous");
  }
}

TEST(OutsideArmsTest, AWrongResultIsNoDanger) {
  const EnvironmentVariable bad("DELTAGAUGE_BAD", "wrong");
  const Config config =
      ParsedConfig(std::string("candidates: [{name: mine, ") + PluginAt(DELTAGAUGE_BAD_PLUGIN) +
                   "}]\n" + kSmallKernel + "performance: {kernel: {tokens: 1}}\n");
  const Report report = RunOnce(config, TestWorld());
  EXPECT_EQ(FirstOf(report, "mine").status, Verdict::kFailed);
  EXPECT_EQ(report.cases.back().reason_code, "correctness");
}

TEST(OutsideArmsTest, WithoutLibtorchThereIsNoOperator) {
  EXPECT_THAT(ErrorOf("torch_op: {}"), HasSubstr("this build has no libtorch"));
}

TEST(OutsideArmsTest, AFallbackIsToldLoudly) {
  RunRequest request;
  const OutFolder out;
  request.config = ConfigWith("torch_op: {}, fallback: eager");
  request.config_path = "test.yaml";
  request.out = out.path();
  std::vector<std::string> notes;
  RunObserver observer;
  observer.note = [&](const std::string& note) { notes.push_back(note); };
  const Report report = RunSession(request, TestWorld(), observer);
  const auto loud = AllOf(HasSubstr("NOT llama::gated_delta_rule, but its fallback eager"),
                          HasSubstr("no libtorch"));
  EXPECT_THAT(ArmOf(report, "mine").description, loud);
  ASSERT_NE(FallbackOf(report), nullptr);
  EXPECT_THAT(FallbackOf(report)->what, loud);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], loud);
  EXPECT_EQ(FirstOf(report, "mine").reason_code, "no_kernel");
}

TEST(OutsideArmsTest, OneThatIsNotThereIsSkippedIfAllowed) {
  const Config config = ParsedConfig(
      std::string("baseline: fused\n"
                  "candidates: [fused, {name: mine, plugin: no/such.so, fallback: skip}]\n") +
      kSmallKernel + "performance: {kernel: {tokens: 1}}\n");
  const Report report = RunOnce(config, TestWorld());
  EXPECT_THAT(ArmOf(report, "mine").description,
              AllOf(HasSubstr("NOT THERE"), HasSubstr("no/such.so: no such file")));
  ASSERT_NE(FallbackOf(report), nullptr);
  EXPECT_THAT(FallbackOf(report)->what, HasSubstr("'mine' is NOT THERE"));
  int skipped = 0;
  for (const CaseReport& of : report.cases) {
    if (of.candidate != "mine") {
      EXPECT_NE(of.reason_code, "not_there");
      continue;
    }
    ++skipped;
    EXPECT_EQ(of.status, Verdict::kSkipped);
    EXPECT_EQ(of.reason_code, "not_there");
    EXPECT_THAT(of.reason, HasSubstr("mine is not there: no/such.so"));
  }
  EXPECT_EQ(skipped, 3);  // two kernel cases, one timed
}

TEST(OutsideArmsTest, WhatIsComparedWithOneThatIsNotThereIsSkipped) {
  const Config config =
      ParsedConfig(std::string("baseline: {name: mine, plugin: no/such.so, fallback: skip}\n"
                               "candidates: [fused]\n") +
                   kSmallKernel + "performance: {kernel: {tokens: 1}}\n");
  const Report report = RunOnce(config, TestWorld());
  EXPECT_EQ(FirstOf(report, "fused").status, Verdict::kPassed);
  EXPECT_EQ(report.cases.back().kind, "timing");
  EXPECT_EQ(report.cases.back().reason_code, "not_there");
}

}  // namespace
}  // namespace deltagauge
