// run, list and repro on kernel cases: what needs no model.
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/run_program_test.h"
#include "harness/config/run_case.h"
#include "harness/report/json.h"
#include "harness/report/report_file.h"
#include "harness/report/run_step.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::string_view kTiny = R"(version: 1
name: tiny
kernel:
  shapes:
    - {tokens: [3, 5], value_heads: 2, key_heads: 1, key_dim: 16, value_dim: 16}
  regimes: [long]
gates:
  - {metric: kernel.output.rel_rmse, max: 2.0e-6}
)";

class VerbRunTest : public testing::Test {
 protected:
  VerbRunTest() { reference::WriteFile(config_, kTiny); }

  const reference::TemporaryFolder folder_;
  const std::string config_ = (folder_ / "tiny.yaml").string();
  const std::string out_ = (folder_ / "out").string();
};

TEST_F(VerbRunTest, RunPrintsTheVerdictAndWhereTheReportIs) {
  const Ran ran = RunProgram({"run", config_, "--out", out_});
  EXPECT_EQ(ran.code, kExitPass) << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("passed: all 2 cases and 1 gate"), HasSubstr("(exit code 0)"),
                    HasSubstr(out_ + "/report.json"), HasSubstr(out_ + "/report.html")));
  for (const char* const file : {"report.json", "report.html", "junit.xml", "summary.md"}) {
    EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::path(out_) / file)) << file;
  }
  const Report report = LoadReport(out_);
  EXPECT_EQ(report.config.name, "tiny");
  EXPECT_EQ(report.cases.size(), 2u);
  EXPECT_EQ(report.summary.exit_code, kExitPass);
}

TEST_F(VerbRunTest, AGateThatFailsIsTheExitCode) {
  const Ran ran = RunProgram({"run", config_, "--out", out_, "--set", "gates[0].max=1e-12"});
  EXPECT_EQ(ran.code, kExitCorrectness);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed"), HasSubstr("(exit code 1)"),
                             HasSubstr("kernel.output.rel_rmse")));
  EXPECT_EQ(LoadReport(out_).summary.exit_code, kExitCorrectness);
}

TEST_F(VerbRunTest, ProgressIsALineOfJsonForEachCase) {
  const Ran ran = RunProgram({"run", config_, "--out", out_, "--progress-json"});
  EXPECT_EQ(ran.code, kExitPass) << ran.err;
  std::istringstream lines(ran.out);
  std::vector<int64_t> done;
  std::string line;
  while (std::getline(lines, line)) {
    const auto step = ReadRunStep(line);
    if (!step) break;
    EXPECT_EQ(step->total, 2);
    EXPECT_THAT(step->case_id, HasSubstr("kernel:"));
    if (done.empty() || done.back() != step->done) done.push_back(step->done);
  }
  EXPECT_THAT(done, ElementsAre(0, 1));
  const Json end = ParseJson(line, "line");
  EXPECT_EQ(end.Find("event")->AsString(), "end");
  EXPECT_EQ(end.Find("verdict")->AsString(), "passed");
  EXPECT_EQ(end.Find("exit_code")->AsInt64(), 0);
  EXPECT_EQ(end.Find("report_id")->AsString(), LoadReport(out_).report_id);
  EXPECT_FALSE(std::getline(lines, line)) << line;
  ExpectUsageError({"run", config_, "--progress-json", "--quiet"}, "--quiet");
}

TEST_F(VerbRunTest, QuietIsOneWord) {
  const Ran passed = RunProgram({"run", config_, "--out", out_, "--quiet"}, {}, true);
  EXPECT_EQ(passed.out, "passed\n");
  EXPECT_THAT(passed.err, IsEmpty());
  const Ran failed = RunProgram(
      {"run", config_, "--out", out_, "--quiet", "--set", "gates[0].max=1e-12"}, {}, true);
  EXPECT_EQ(failed.out, "failed\n");
  EXPECT_EQ(failed.code, kExitCorrectness);
  EXPECT_THAT(failed.err, IsEmpty());
}

TEST_F(VerbRunTest, JsonIsTheReport) {
  const Ran ran = RunProgram({"run", config_, "--out", out_, "--json"}, {}, true);
  EXPECT_EQ(ran.code, kExitPass);
  EXPECT_THAT(ran.err, IsEmpty());
  const Json json = ParseJson(ran.out, "standard output");
  ASSERT_NE(json.Find("cases"), nullptr);
  EXPECT_EQ(json.Find("cases")->AsArray().size(), 2u);
  EXPECT_EQ(ran.out, reference::ReadFile(std::filesystem::path(out_) / "report.json"));
}

TEST_F(VerbRunTest, ProgressGoesToStandardErrorAndIsClearedAway) {
  const Ran ran = RunProgram({"run", config_, "--out", out_}, {}, true);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("[1/2] kernel"), HasSubstr("[2/2] kernel")));
  EXPECT_EQ(ran.err.back(), '\r');
  EXPECT_THAT(ran.out, Not(HasSubstr("\r")));
}

TEST_F(VerbRunTest, OnlyAndShardChooseCases) {
  const auto lines = [&](const std::vector<std::string>& options) {
    std::vector<std::string> args = {"list", config_};
    args.insert(args.end(), options.begin(), options.end());
    std::istringstream out(RunProgram(args).out);
    std::vector<std::string> ids;
    for (std::string line; std::getline(out, line);) {
      if (line.find("kernel:") == 0) ids.push_back(line);
    }
    return ids;
  };
  const std::vector<std::string> all = lines({});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(lines({"--only", "*T=5*"}), ElementsAre(all[1]));
  EXPECT_EQ(lines({"--only", "kernel"}), all);
  std::vector<std::string> shards = lines({"--shard", "1/2"});
  EXPECT_EQ(shards.size(), 1u);
  for (const std::string& id : lines({"--shard", "2/2"})) shards.push_back(id);
  EXPECT_THAT(shards, testing::UnorderedElementsAreArray(all));
  EXPECT_EQ(RunProgram({"run", config_, "--out", out_, "--only", "*T=5*"}).code, kExitPass);
  EXPECT_EQ(LoadReport(out_).cases.size(), 1u);
}

// Each line of `list` is a case that repro takes, and the last one counts them.
TEST_F(VerbRunTest, ListedLinesParse) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"list", config_}, {"list"}}) {  // quick.yaml too
    const Ran ran = RunProgram(args);
    EXPECT_EQ(ran.code, kExitPass) << ran.err;
    std::istringstream out(ran.out);
    size_t cases = 0;
    std::string last;
    for (std::string line; std::getline(out, line); last = line) {
      const auto parsed = ParseRunCase(line);
      if (const auto* const run_case = std::get_if<RunCase>(&parsed)) {
        EXPECT_EQ(PrintRunCase(*run_case), line);
        ++cases;
      }
    }
    EXPECT_THAT(last, MatchesRegex(std::to_string(cases) + " cases: .*; about .*"));
    EXPECT_GE(cases, 2u);
  }
}

TEST_F(VerbRunTest, WaiversAreReadAndKept) {
  const std::string waivers = (folder_ / "waivers.json").string();
  reference::WriteFile(waivers, R"([{"target": "kernel.output.rel_rmse", "by": "A. Person",
                                     "reason": "known", "until": "2999-12-31"}])");
  const Ran ran = RunProgram({"run", config_, "--out", out_, "--waivers", waivers});
  EXPECT_EQ(ran.code, kExitPass) << ran.err;
  const Report report = LoadReport(out_);
  ASSERT_EQ(report.waivers.size(), 1u);
  EXPECT_EQ(report.waivers[0].by, "A. Person");
  const struct {
    const char* json;
    const char* says;
  } kBad[] = {
      {"{}", "not an array"},
      {"[1]", "an element is no object"},
      {R"([{"target": 1}])", "'target' is no string"},
      {R"([{"targte": "x"}])", "unknown member 'targte'"},
      {"[", "waivers.json"},
  };
  for (const auto& [json, says] : kBad) {
    reference::WriteFile(waivers, json);
    ExpectUsageError({"run", config_, "--out", out_, "--waivers", waivers}, says);
  }
}

TEST_F(VerbRunTest, UsageErrorsNameWhatIsWrong) {
  const std::string absent = (folder_ / "absent.yaml").string();
  const std::string broken = (folder_ / "broken.yaml").string();
  reference::WriteFile(broken, "version: 1\nname: broken\nkernl: {}\n");
  const struct {
    std::vector<std::string> args;
    std::string says;
  } kBad[] = {
      {{absent}, absent + ": can't open the file"},
      {{broken}, broken + ":3:1: unknown key 'kernl'; did you mean 'kernel'?"},
      {{config_, "--set", "foo=1"}, "--set foo=1: unknown key 'foo'"},
      {{config_, "--set", "foo"}, "--set foo: expected path=value"},
      {{config_, "--only", "nothing"}, "--only nothing: no case matches"},
      {{config_, "--shard", "3/2"}, "--shard 3/2: expected i/n"},
      {{config_, "--shard", "half"}, "--shard half: expected i/n"},
  };
  for (const auto& bad : kBad) {
    std::vector<std::string> args = bad.args;
    args.insert(args.begin(), "list");
    ExpectUsageError(args, bad.says);
    args[0] = "run";
    args.insert(args.end(), {"--out", out_});
    ExpectUsageError(args, bad.says);
  }
  ExpectUsageError({"run", config_, "--out", out_, "--waivers", absent},
                   absent + ": can't be read");
  // The folder is a file.
  ExpectUsageError({"run", config_, "--out", config_}, "tiny.yaml");
}

}  // namespace
}  // namespace deltagauge
