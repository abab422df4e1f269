// A good set of reports is a go; with each fault planted alone, a no-go for that reason.
#include "harness/release/release_verdict.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/release/release_example_test.h"

namespace deltagauge {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct World {
  ReleasePolicy policy = ExamplePolicy();
  std::vector<NamedReport> reports = GoodReports();
  ReleaseQuestion question = {ExampleNow(), ""};

  Report& of(size_t i) { return reports.at(i).report; }
  ReleaseVerdict Verdict() const { return JudgeRelease(policy, reports, question); }
};

std::vector<std::string> FlawsOf(const ReleaseVerdict& verdict) {
  std::vector<std::string> names;
  for (const ReleaseReason& reason : verdict.reasons)
    names.emplace_back(ReleaseFlawName(reason.flaw));
  return names;
}

TEST(ReleaseVerdictTest, GoodReportsAreAGo) {
  const ReleaseVerdict verdict = World().Verdict();
  EXPECT_TRUE(verdict.IsGo()) << ReleaseText(verdict);
  EXPECT_EQ(verdict.exit_code(), kExitPass);
  EXPECT_EQ(verdict.commit, ExampleEnvelope().tool.commit);
  ASSERT_EQ(verdict.platforms.size(), 3u);
  EXPECT_EQ(verdict.platforms[1].platform, "linux-aarch64");
  EXPECT_THAT(verdict.platforms[1].targets, ElementsAre("NEON"));
  EXPECT_EQ(verdict.platforms[1].passed, 12);
  EXPECT_EQ(verdict.agreement.size(), 3u);  // each with each
  EXPECT_EQ(verdict.agreement[0].cases, 12);
  EXPECT_EQ(verdict.agreement[0].same_inputs, 12);
}

TEST(ReleaseVerdictTest, NoReportsAreANoGo) {
  World world;
  world.reports.clear();
  const ReleaseVerdict verdict = world.Verdict();
  EXPECT_THAT(FlawsOf(verdict),
              ElementsAre("missing_platform", "missing_platform", "missing_platform"));
  EXPECT_EQ(verdict.exit_code(), kExitInvalid);
}

struct Fault {
  const char* flaw;
  ExitCode code;
  std::function<void(World&)> plant;
};

CaseReport& FirstKernelCase(Report& report) {
  for (CaseReport& of : report.cases) {
    if (of.kind == "kernel") return of;
  }
  throw std::logic_error("no kernel case");
}

void FailFirstCase(World& world) {
  CaseReport& of = FirstKernelCase(world.of(1));
  of.status = Verdict::kFailed;
  of.reason = "R1";
  Summarize(&world.of(1));
}

// A gate that is passed, in the report of a platform.
GateResult& FirstGate(World& world, size_t report, const std::string& metric) {
  for (GateResult& gate : world.of(report).gates) {
    if (gate.metric == metric) return gate;
  }
  throw std::logic_error("no gate of " + metric);
}

const Fault kFaults[] = {
    {"no_platform", kExitInvalid,
     [](World& w) {
       w.reports.push_back({"mac", w.of(2)});
       w.reports.back().report.tool.platform = "darwin-aarch64";
       w.reports.back().report.report_id = "another";
     }},
    {"stale", kExitInvalid, [](World& w) { w.of(1).created_at = "2026-02-01T00:00:00Z"; }},
    {"stale", kExitInvalid, [](World& w) { w.of(1).created_at = "2026-03-13T00:00:00Z"; }},
    {"stale", kExitInvalid, [](World& w) { w.of(1).created_at = "yesterday"; }},
    {"other_commit", kExitInvalid, [](World& w) { w.question.commit = "0123456789abcdee"; }},
    {"other_commit", kExitInvalid, [](World& w) { w.question.commit = "012345"; }},
    {"other_commit", kExitInvalid, [](World& w) { w.of(1).tool.commit = "fedcba9876543210"; }},
    {"other_commit", kExitInvalid, [](World& w) { w.of(1).tool.commit = ""; }},
    {"dirty_tree", kExitInvalid, [](World& w) { w.of(1).tool.dirty = true; }},
    {"incomplete_run", kExitInvalid,
     [](World& w) {
       w.of(1).shard = ShardReport{1, 2};
     }},
    {"incomplete_run", kExitInvalid,
     [](World& w) { w.of(1).gate_policy.no_case = NoCase::kIsSkipped; }},
    {"invalid_run", kExitInvalid,
     [](World& w) {
       FirstKernelCase(w.of(1)).status = Verdict::kInvalid;
       Summarize(&w.of(1));
     }},
    {"invalid_run", kExitInvalid,
     [](World& w) {
       FirstKernelCase(w.of(1)).status = Verdict::kError;
       Summarize(&w.of(1));
     }},
    {"failed_run", kExitCorrectness, FailFirstCase},
    {"invalid_run", kExitInvalid, [](World& w) { w.of(1).summary.exit_code = 1; }},
    {"invalid_run", kExitInvalid, [](World& w) { w.of(1).summary.exit_code = 999; }},
    {"inconclusive_run", kExitInconclusive,
     [](World& w) {
       w.of(0).cases.back().status = Verdict::kInconclusive;
       Summarize(&w.of(0));
     }},
    {"waived_run", kExitCorrectness,
     [](World& w) {
       w.policy.waivers = Acceptance::kRefused;
       FirstKernelCase(w.of(1)).status = Verdict::kWaived;
     }},
    {"missing_platform", kExitInvalid, [](World& w) { w.reports.pop_back(); }},
    {"missing_config", kExitInvalid,
     [](World& w) { w.policy.platforms[1].configs.push_back("release"); }},
    {"missing_candidate", kExitInvalid,
     [](World& w) { w.policy.platforms[1].candidates.push_back("other"); }},
    {"missing_model", kExitInvalid,
     [](World& w) { w.policy.platforms[1].models.push_back("builtin:qwen3_5-tiny"); }},
    {"missing_target", kExitInvalid,
     [](World& w) { w.policy.platforms[1].targets.push_back("SVE2"); }},
    {"missing_gate", kExitInvalid,
     [](World& w) { w.policy.platforms[1].gates.push_back("model.kld.mean"); }},
    {"missing_gate", kExitInvalid,
     [](World& w) {  // there, but it looked at nothing
       w.policy.platforms[1].gates.push_back("model.agreement.mismatch");
     }},
    {"other_config", kExitInvalid, [](World& w) { w.of(1).config.sha256 = std::string(64, 'a'); }},
    {"repeated_report", kExitInvalid, [](World& w) { w.of(2).report_id = w.of(1).report_id; }},
    {"too_few_shared", kExitInvalid, [](World& w) { w.policy.agreement.min_cases = 13; }},
};

TEST(ReleaseVerdictTest, EachPlantedFaultIsItsOwnReason) {
  for (const Fault& fault : kFaults) {
    const auto index = &fault - kFaults;
    SCOPED_TRACE(std::string(fault.flaw) + " #" + std::to_string(index));
    World world;
    fault.plant(world);
    const ReleaseVerdict verdict = world.Verdict();
    EXPECT_FALSE(verdict.IsGo());
    EXPECT_THAT(FlawsOf(verdict), Each(std::string(fault.flaw))) << ReleaseText(verdict);
    EXPECT_EQ(verdict.exit_code(), fault.code);
    EXPECT_THAT(ReleaseText(verdict), HasSubstr(fault.flaw));
    EXPECT_THAT(ReleaseMarkdown(verdict), HasSubstr(std::string("| ") + fault.flaw));
    for (const ReleaseReason& reason : verdict.reasons) EXPECT_THAT(reason.what, Not(IsEmpty()));
  }
}

TEST(ReleaseVerdictTest, ASummaryThatSaysOtherwiseHelpsNobody) {
  World world;
  const SummaryReport summary = world.of(1).summary;
  FailFirstCase(world);
  world.of(1).summary = summary;
  const ReleaseVerdict verdict = world.Verdict();
  EXPECT_THAT(FlawsOf(verdict), ElementsAre("invalid_run", "failed_run"));
  EXPECT_THAT(verdict.reasons[0].what, HasSubstr("come to exit code 1, its summary says 0"));
}

TEST(ReleaseVerdictTest, AGateThatDidNotPassIsNamed) {
  World world;
  GateResult& gate = FirstGate(world, 1, "kernel.error_ratio");
  gate.verdict = Verdict::kFailed;
  gate.reason = "3 > 2";
  Summarize(&world.of(1));
  const ReleaseVerdict verdict = world.Verdict();
  EXPECT_THAT(FlawsOf(verdict), ElementsAre("failed_run", "gate_not_passed"));
  EXPECT_EQ(verdict.exit_code(), kExitCorrectness);
  gate.verdict = Verdict::kError;
  Summarize(&world.of(1));
  EXPECT_EQ(world.Verdict().exit_code(), kExitInvalid);
  gate.verdict = Verdict::kWaived;
  Summarize(&world.of(1));
  EXPECT_TRUE(world.Verdict().IsGo());
}

TEST(ReleaseVerdictTest, WhatAPolicyAcceptsIsNoReason) {
  World world;
  world.policy.inconclusive = Acceptance::kAccepted;
  world.policy.tree = TreePolicy::kAny;
  world.policy.max_age_days = 100;
  world.of(0).cases.back().status = Verdict::kInconclusive;
  Summarize(&world.of(0));
  world.of(1).tool.dirty = true;
  world.of(2).created_at = "2026-01-01T00:00:00Z";
  world.question.commit = ExampleEnvelope().tool.commit.substr(0, 7);
  EXPECT_TRUE(world.Verdict().IsGo()) << ReleaseText(world.Verdict());
  // An interrupted run is inconclusive, too, but nothing that timings could be forgiven.
  world.of(1).complete = false;
  world.of(1).incomplete_reason = "interrupted";
  EXPECT_THAT(FlawsOf(world.Verdict()), Contains("incomplete_run"));
}

TEST(ReleaseVerdictTest, ReportsOfAPlatformAddUp) {
  World world;
  world.policy.platforms[1].targets = {"NEON", "SVE2"};
  Report second = ReportOfPlatform("linux-aarch64", "SVE2", 1);
  second.report_id = "second";
  world.reports.push_back({"arm2", second});
  const ReleaseVerdict verdict = world.Verdict();
  EXPECT_TRUE(verdict.IsGo()) << ReleaseText(verdict);
  EXPECT_THAT(verdict.platforms[1].reports, ElementsAre("arm", "arm2"));
}

TEST(ReleaseVerdictTest, OtherInputsAndOutputsAreFound) {
  World world;
  FirstKernelCase(world.of(1)).correctness->input_hash = "ffffffffffffffff";
  ReleaseVerdict verdict = world.Verdict();
  EXPECT_THAT(FlawsOf(verdict), ElementsAre("other_inputs", "other_inputs"));  // to both others
  EXPECT_EQ(verdict.exit_code(), kExitCorrectness);
  EXPECT_THAT(verdict.reasons[0].hint, HasSubstr("deltagauge repro 'kernel:"));

  world = World();
  world.reports[2].report = ReportOfPlatform("windows-x86_64", "AVX2", 100);  // 1e-5 of each
  verdict = world.Verdict();
  EXPECT_THAT(FlawsOf(verdict), ElementsAre("other_outputs", "other_outputs"));
  EXPECT_EQ(verdict.exit_code(), kExitCorrectness);
  EXPECT_THAT(ReleaseText(verdict), HasSubstr("at most 4e-06 is allowed"));

  world = World();
  TensorDigest& digest = *FirstKernelCase(world.of(2)).correctness->tensors[0].digest;
  digest.hash = "other";
  digest.sketch[0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(FlawsOf(world.Verdict()), ElementsAre("other_outputs", "other_outputs"));
}

TEST(ReleaseVerdictTest, BFloat16HasItsOwnLimit) {
  World world;
  world.reports[2].report = ReportOfPlatform("windows-x86_64", "AVX2", 100);
  for (NamedReport& named : world.reports) {
    for (CaseReport& of : named.report.cases) {
      if (!of.correctness) continue;
      for (TensorResult& tensor : of.correctness->tensors) tensor.dtype = "bfloat16";
    }
  }
  EXPECT_TRUE(world.Verdict().IsGo());
  world.policy.agreement.bfloat16 = 1e-7;
  EXPECT_THAT(FlawsOf(world.Verdict()), Each(std::string("other_outputs")));
}

TEST(ReleaseVerdictTest, AnOldReportSaysNoPlatform) {
  World world;
  world.of(1).tool.platform.reset();
  EXPECT_THAT(FlawsOf(world.Verdict()), ElementsAre("no_platform", "missing_platform"));
}

TEST(ReleaseVerdictTest, JsonHoldsAllOfIt) {
  World world;
  world.of(1).tool.dirty = true;
  const Json json = ReleaseJson(world.Verdict());
  EXPECT_EQ(json.Find("verdict")->AsString(), "no-go");
  EXPECT_EQ(json.Find("exit_code")->AsInt64(), 5);
  EXPECT_EQ(json.Find("platforms")->AsArray().size(), 3u);
  EXPECT_EQ(json.Find("agreement")->AsArray().size(), 3u);
  const Json& reason = json.Find("reasons")->AsArray().at(0);
  EXPECT_EQ(reason.Find("flaw")->AsString(), "dirty_tree");
  EXPECT_EQ(reason.Find("report")->AsString(), "arm");
  EXPECT_EQ(ParseJson(WriteJson(json), "verdict"), json);
}

TEST(ReleaseVerdictTest, MarkdownIsNotBrokenByNames) {
  World world;
  world.reports[1].name = "a|b`<script>";
  world.of(1).tool.dirty = true;
  EXPECT_THAT(ReleaseMarkdown(world.Verdict()), HasSubstr("a\\|b\\`&lt;script\\>"));
}

}  // namespace
}  // namespace deltagauge
