#include "harness/run/run_session.h"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/report/merge.h"
#include "harness/report/report_file.h"
#include "harness/run/run_test_world.h"
#include "kernels/targets.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

int kernel_calls = 0;

Status Counts(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
              RunInfo* info) {
  ++kernel_calls;
  return RunFaultyKernel(Fault::kNone, args, workspace, threads, info);
}

Status Throws(const GatedDeltaRuleArgs&, Workspace, ParallelFor&, RunInfo*) {
  throw std::runtime_error("out of order");
}

constexpr const char* kArms[] = {"counts",  "wrong",        "zeros",    "throws",
                                 "refuses", "other_target", "no_kernel"};
constexpr const char* kSmall =
    "kernel:\n"
    "  shapes: [{tokens: [1, 2, 5], value_heads: 2, key_heads: 1, key_dim: 16, value_dim: 16}]\n"
    "  regimes: [none, medium]\n";
constexpr const char* kGate = "gates: [{metric: kernel.error_ratio, max: 2}]\n";

RunWorld World() {
  RunWorld world = TestWorld();
  const auto add = [&](const char* name, KernelFunction kernel) {
    world.candidates.Add({.name = name,
                          .version = "9",
                          .description = "for tests",
                          .kernel = kernel,
                          .make_arm = {}});
  };
  add("counts", &Counts);
  add("wrong", &FaultyKernel<Fault::kOutputReadsOldState>);
  add("zeros", &FaultyKernel<Fault::kReturnsZeros>);
  add("throws", &Throws);
  add("refuses", &FaultyKernel<Fault::kRefusesEverything>);
  add("other_target", &FaultyKernel<Fault::kReportsOtherTarget>);
  add("no_kernel", nullptr);
  return world;
}

// The cases of kSmall, and one that asks for the target that runs anyway.
Config SmallConfig(const std::string& candidates, const std::string& more = "") {
  const std::string forced =
      fmt::format("  cases: ['kernel:T=5,Hv=2,K=16,V=16,target={}']\n", ActiveTarget());
  return ParsedConfig("candidates: [" + candidates + "]\n" + kSmall + forced + more,
                      {std::begin(kArms), std::end(kArms)});
}

RunRequest Request(const Config& config, const OutFolder& out) {
  RunRequest request;
  request.config = config;
  request.config_path = "test.yaml";
  request.out = out.path();
  return request;
}

// Interrupted once `cases` have finished.
struct Interruption {
  explicit Interruption(size_t cases) : after(cases) {}
  RunWorld World() {
    RunWorld world = deltagauge::World();
    world.interrupted = [this] { return finished >= after; };
    return world;
  }
  RunObserver Observer() {
    RunObserver observer;
    observer.finished = [this](const CaseReport& of) {
      ++finished;
      ids.push_back(of.id);
    };
    observer.note = [this](const std::string& note) { notes.push_back(note); };
    return observer;
  }
  size_t after;
  size_t finished = 0;
  std::vector<std::string> ids;
  std::vector<std::string> notes;
};

std::string ErrorOf(const RunRequest& request, const RunWorld& world) {
  try {
    RunSession(request, world, {});
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

// ---- exit codes ----

struct Outcome {
  const char* candidate;
  int exit_code;
  Verdict gate;
};

void PrintTo(const Outcome& outcome, std::ostream* out) { *out << outcome.candidate; }

class RunSessionExitTest : public ::testing::TestWithParam<Outcome> {};

TEST_P(RunSessionExitTest, OfTheWholeRun) {
  const Outcome& expected = GetParam();
  const Report report = RunOnce(SmallConfig(expected.candidate, kGate), World());
  EXPECT_EQ(report.summary.exit_code, expected.exit_code) << report.summary.headline;
  ASSERT_EQ(report.gates.size(), 1u);
  EXPECT_EQ(report.gates[0].verdict, expected.gate) << report.gates[0].reason;
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.cases.size() % 7, 0u);
  EXPECT_GE(report.cases.size(), 7u);
}

INSTANTIATE_TEST_SUITE_P(
    Candidates, RunSessionExitTest,
    ::testing::Values(Outcome{"counts", kExitPass, Verdict::kPassed},
                      Outcome{"wrong", kExitCorrectness, Verdict::kFailed},
                      Outcome{"zeros", kExitCorrectness, Verdict::kFailed},
                      Outcome{"other_target", kExitInvalid, Verdict::kInvalid},
                      Outcome{"no_kernel", kExitInvalid, Verdict::kSkipped},
                      Outcome{"throws", kExitInternal, Verdict::kError},
                      // One that is right changes nothing about one that is wrong.
                      Outcome{"wrong, counts", kExitCorrectness, Verdict::kFailed},
                      Outcome{"wrong, throws", kExitInternal, Verdict::kError},
                      Outcome{"wrong, other_target", kExitInvalid, Verdict::kInvalid}),
    [](const auto& test) {
      std::string name = test.param.candidate;
      std::erase_if(name, [](char c) { return c == ',' || c == ' ' || c == '_'; });
      return name;
    });

TEST(RunSessionTest, ARefusedCallIsNoPass) {
  const Report report = RunOnce(SmallConfig("refuses"), World());
  EXPECT_NE(report.summary.exit_code, kExitPass);
  EXPECT_THAT(report.cases.at(0).reason, HasSubstr("key_dim"));
}

TEST(RunSessionTest, AFailingGateNamesTheCaseThatDecides) {
  const Report report = RunOnce(SmallConfig("counts, wrong", kGate), World());
  const GateResult& gate = report.gates.at(0);
  EXPECT_EQ(gate.verdict, Verdict::kFailed);
  EXPECT_THAT(gate.repro, AllOf(StartsWith("kernel:"), HasSubstr("candidate=wrong")));
  EXPECT_EQ(gate.cases, 14);
  const RunCase repeated = std::get<RunCase>(ParseRunCase(gate.repro));
  EXPECT_EQ(CaseId(repeated), gate.case_id);
  EXPECT_EQ(CaseOf(report, gate.case_id).status, Verdict::kFailed);
}

TEST(RunSessionTest, TimedCasesOfAFailedCandidateAreSkipped) {
  const Report report =
      RunOnce(SmallConfig("counts, wrong", "performance: {kernel: {tokens: 1}}\n"), World());
  for (const CaseReport& of : report.cases) {
    if (of.kind != "timing") continue;
    EXPECT_EQ(of.status, Verdict::kSkipped);
    EXPECT_EQ(of.reason_code, of.candidate == "wrong" ? "correctness" : "no_libtorch");
    EXPECT_FALSE(of.performance.has_value());
  }
  EXPECT_EQ(report.cases.back().kind, "timing");
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
}

// ---- what the report says ----

TEST(RunSessionTest, TheReportSaysWhereItCameFrom) {
  RunWorld world = World();
  world.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "CI" || name == "GITLAB_CI") return "true";
    if (name == "CI_PROJECT_PATH") return "g/p";
    return std::nullopt;
  };
  const OutFolder out;
  const Report report = RunSession(Request(SmallConfig("counts, fused"), out), world, {});
  EXPECT_EQ(report.created_at, "2026-03-11T09:30:00Z");
  EXPECT_EQ(report.gate_policy.today, kTestDay);
  EXPECT_EQ(report.report_id, "00000000-0000-4001-8000-000000000002");
  EXPECT_EQ(report.run_id.size(), 32u);
  EXPECT_GT(report.duration_s, 0);
  EXPECT_EQ(report.config.name, "test");
  EXPECT_EQ(report.config.path, "test.yaml");
  EXPECT_EQ(report.vcs.head_sha, world.build.commit);
  EXPECT_EQ(report.vcs.repo, "g/p");
  ASSERT_TRUE(report.ci.has_value());
  EXPECT_EQ(report.ci->provider, "gitlab");
  EXPECT_EQ(report.tool.version, "1.2.3");
  EXPECT_EQ(report.machine.fingerprint, "00112233445566aa");
  EXPECT_NE(report.machine.isa_dispatched, "");
  std::vector<std::string> arms;
  for (const ArmReport& arm : report.arms) arms.push_back(arm.name + " " + arm.role);
  EXPECT_THAT(arms,
              ElementsAre("counts candidate", "eager baseline", "fused candidate", "oracle truth"));
  EXPECT_EQ(report.arms.at(0).version, "9");
  for (size_t i = 0; i < report.cases.size(); ++i) {
    EXPECT_EQ(report.cases[i].index, static_cast<int64_t>(i));
  }
}

TEST(RunSessionTest, LeavesItsFiles) {
  const OutFolder out;
  const Report report = RunSession(Request(SmallConfig("wrong", kGate), out), World(), {});
  for (const char* const name : {"report.json", "junit.xml", "summary.md", "report.html"}) {
    EXPECT_TRUE(fs::exists(out.File(name))) << name;
  }
  // Nothing to go on with, nothing half written.
  EXPECT_EQ(std::distance(fs::directory_iterator(out.path()), fs::directory_iterator()), 4);
  const Report read = LoadReport(out.path());
  EXPECT_TRUE(read.complete);
  EXPECT_EQ(read.summary.exit_code, kExitCorrectness);
  EXPECT_EQ(Difference(Timeless(read), Timeless(report)), "");
  EXPECT_EQ(read.report_id, report.report_id);
  const std::string repro = report.gates.at(0).repro;
  EXPECT_THAT(ReadWholeFile(out.File("summary.md"), 1 << 20), HasSubstr(repro));
}

TEST(RunSessionTest, AFolderThatCantBeMadeIsNamed) {
  const OutFolder out;
  MakeDirectories(out.path());
  WriteFileAtomically(out.File("file"), "in the way");
  RunRequest request = Request(SmallConfig("counts"), out);
  request.out = out.File("file") + "/below";
  kernel_calls = 0;
  EXPECT_THAT(ErrorOf(request, World()), HasSubstr(request.out));
  EXPECT_EQ(kernel_calls, 0);  // before anything has run in vain
}

TEST(RunSessionTest, AFileThatCantBeWrittenIsNamed) {
  const OutFolder out;
  MakeDirectories(out.File("cases.jsonl/full"));
  RunRequest request = Request(SmallConfig("counts"), out);
  EXPECT_THAT(ErrorOf(request, World()), HasSubstr(out.File("cases.jsonl")));
}

TEST(RunSessionTest, ASelectionIsNoMistakeOfTheOtherGates) {
  const OutFolder out;
  RunRequest request = Request(
      SmallConfig("counts", "gates: [{metric: kernel.error_ratio, max: 2, at: 'tokens=1'}]\n"),
      out);
  request.only = {"kernel:T=5*"};
  const Report report = RunSession(request, World(), {});
  EXPECT_EQ(report.cases.size(), 3u);
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kSkipped);
  EXPECT_EQ(report.summary.exit_code, kExitPass);
}

// ---- interruption ----

TEST(RunSessionTest, GoesOnAfterAnInterruption) {
  const Config config = SmallConfig("counts, wrong", kGate);
  const std::string uninterrupted = Timeless(RunOnce(config, World()));
  for (const size_t after : {size_t{1}, size_t{7}, size_t{11}}) {
    SCOPED_TRACE(after);
    const OutFolder out;
    Interruption first(after);
    const Report partial = RunSession(Request(config, out), first.World(), first.Observer());
    EXPECT_FALSE(partial.complete);
    EXPECT_EQ(partial.cases.size(), after);
    EXPECT_THAT(partial.incomplete_reason, HasSubstr("interrupted after"));
    EXPECT_EQ(partial.summary.exit_code, after == 1 ? kExitInconclusive : kExitCorrectness);
    const Report on_disk = LoadReport(out.path());
    EXPECT_FALSE(on_disk.complete);
    EXPECT_EQ(Difference(Timeless(on_disk), Timeless(partial)), "");

    Interruption second(100);
    const Report whole = RunSession(Request(config, out), second.World(), second.Observer());
    EXPECT_TRUE(whole.complete);
    EXPECT_EQ(second.ids.size(), 14 - after);
    for (const std::string& id : second.ids) {
      EXPECT_THAT(first.ids, ::testing::Not(::testing::Contains(id)));
    }
    ASSERT_EQ(second.notes.size(), 1u);
    EXPECT_EQ(second.notes[0],
              std::to_string(after) + " of 14 cases were finished before the interruption");
    EXPECT_EQ(Difference(Timeless(whole), uninterrupted), "");
    EXPECT_EQ(Difference(Timeless(LoadReport(out.path())), uninterrupted), "");
  }
}

// Every case passes, but a gate asks for more than the kernel's rules do.
TEST(RunSessionTest, AFailedGateWithholdsTheSpeedToo) {
  const auto timed_with = [](const std::string& gates) {
    const Config config = ParsedConfig(
        "kernel: {shapes: [{tokens: 5, value_heads: 2, key_heads: 2}], regimes: long}\n"
        "performance: {kernel: {tokens: 1}}\n" +
        gates);
    const Report report = RunOnce(config, TestWorld());
    EXPECT_EQ(CaseOf(report, "kernel:").status, Verdict::kPassed);
    return CaseOf(report, "timing:").reason_code;
  };
  EXPECT_EQ(timed_with("gates: [{metric: kernel.output.rel_rmse, max: 1.0e-12}]\n"), "correctness");
  EXPECT_NE(timed_with("gates: [{metric: kernel.output.rel_rmse, max: 1.0e-5}]\n"), "correctness");
  // A timing that is slower than asked says nothing about being right.
  EXPECT_NE(timed_with("gates: [{metric: performance.kernel.speedup, min: 1000}]\n"),
            "correctness");
}

TEST(RunSessionTest, GoesOnBehindTheSameGate) {
  const Config config = SmallConfig("wrong", "performance: {kernel: {tokens: 1}}\n");
  const OutFolder out;
  Interruption first(7);  // all but the timed case
  RunSession(Request(config, out), first.World(), first.Observer());
  const Report whole = RunSession(Request(config, out), World(), {});
  EXPECT_EQ(CaseOf(whole, "timing:").reason_code, "correctness");
}

TEST(RunSessionTest, ATornLineIsRunAgain) {
  const Config config = SmallConfig("counts");
  const OutFolder out;
  Interruption first(3);
  RunSession(Request(config, out), first.World(), first.Observer());
  const std::string saved = ReadWholeFile(out.File("cases.jsonl"), 1 << 20);
  WriteFileAtomically(out.File("cases.jsonl"), saved.substr(0, saved.size() - 40));
  Interruption second(100);
  const Report whole = RunSession(Request(config, out), second.World(), second.Observer());
  EXPECT_EQ(second.ids.size(), 5u);
  EXPECT_EQ(Difference(Timeless(whole), Timeless(RunOnce(config, World()))), "");
}

TEST(RunSessionTest, GoesOnOnlyWithTheSameQuestionAndBuild) {
  const Config config = SmallConfig("counts");
  const auto cases_run_again = [&](const Config& then, const std::string& commit, Resume resume) {
    const OutFolder out;
    Interruption first(3);
    RunSession(Request(config, out), first.World(), first.Observer());
    Interruption second(100);
    RunWorld world = second.World();
    world.build.commit = commit;
    RunRequest request = Request(then, out);
    request.resume = resume;
    EXPECT_TRUE(RunSession(request, world, second.Observer()).complete);
    return second.ids.size();
  };
  const std::string commit = World().build.commit;
  EXPECT_EQ(cases_run_again(config, commit, Resume::kFinishedCases), 4u);
  EXPECT_EQ(cases_run_again(config, commit, Resume::kNothing), 7u);
  EXPECT_EQ(cases_run_again(config, "other", Resume::kFinishedCases), 7u);
  EXPECT_EQ(cases_run_again(SmallConfig("counts", "seed: 5\n"), commit, Resume::kFinishedCases),
            7u);
}

// ---- shards ----

TEST(RunSessionTest, ShardsMergedEqualOneRun) {
  const Config config = SmallConfig(
      "counts, wrong",
      "gates: [{metric: kernel.error_ratio, max: 2},\n"
      "        {metric: kernel.state.rel_rmse, max: 1.0e-5, at: 'tokens=5,gates=none'}]\n");
  const Report whole = RunOnce(config, World());
  for (const int count : {2, 3}) {
    std::vector<NamedReport> shards;
    size_t cases = 0;
    for (int index = 1; index <= count; ++index) {
      const OutFolder out;
      RunRequest request = Request(config, out);
      request.shard = Shard{index, count};
      Report shard = RunSession(request, World(), {});
      EXPECT_TRUE(shard.complete);
      EXPECT_EQ(shard.run_id, whole.run_id);
      EXPECT_LT(shard.cases.size(), whole.cases.size());
      cases += shard.cases.size();
      shards.push_back({"shard " + std::to_string(index), std::move(shard)});
    }
    EXPECT_EQ(cases, whole.cases.size());
    const Report merged = MergeReports(shards, "merged");
    EXPECT_EQ(Difference(Timeless(merged), Timeless(whole)), "");
    EXPECT_EQ(merged.summary.exit_code, kExitCorrectness);
  }
}

// ---- waivers ----

Waiver WaiverOf(const std::string& target, const std::string& until) {
  return {.target = target, .by = "me", .reason = "known", .until = until};
}

TEST(RunSessionTest, AWaiverInForceTurnsFailuresIntoWaived) {
  const OutFolder out;
  RunRequest request = Request(SmallConfig("wrong", kGate), out);
  request.waivers = {WaiverOf("*", "2026-03-11")};
  const Report report = RunSession(request, World(), {});
  EXPECT_EQ(report.summary.exit_code, kExitPass) << report.summary.headline;
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kWaived);
  for (const CaseReport& of : report.cases) {
    EXPECT_EQ(of.status, Verdict::kWaived);
    EXPECT_THAT(of.reason, HasSubstr("waived by me until 2026-03-11: known"));
  }
}

TEST(RunSessionTest, AWaiverCoversOnlyWhatItNames) {
  const OutFolder out;
  RunRequest request = Request(SmallConfig("wrong", kGate), out);
  request.waivers = {WaiverOf("kernel.error_ratio", "2026-12-31")};
  const Report report = RunSession(request, World(), {});
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kWaived);
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
}

TEST(RunSessionTest, AnExpiredWaiverDoesNot) {
  const OutFolder out;
  RunRequest request = Request(SmallConfig("wrong", kGate), out);
  request.waivers = {WaiverOf("*", "2026-03-10")};
  const Report report = RunSession(request, World(), {});
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kFailed);
  ASSERT_TRUE(report.gates.at(0).waiver.has_value());
  EXPECT_EQ(report.gates.at(0).waiver->until, "2026-03-10");
}

TEST(RunSessionTest, AWaiverDoesNotCoverWhatBroke) {
  const OutFolder out;
  RunRequest request = Request(SmallConfig("throws"), out);
  request.waivers = {WaiverOf("*", "2026-12-31")};
  EXPECT_EQ(RunSession(request, World(), {}).summary.exit_code, kExitInternal);
}

TEST(RunSessionTest, AnUnusableWaiverIsRefusedBeforeAnythingRuns) {
  const OutFolder out;
  RunRequest request = Request(SmallConfig("counts"), out);
  request.waivers = {WaiverOf("*", "soon")};
  kernel_calls = 0;
  EXPECT_THAT(ErrorOf(request, World()), HasSubstr("waivers[0]"));
  EXPECT_EQ(kernel_calls, 0);
}

}  // namespace
}  // namespace deltagauge
