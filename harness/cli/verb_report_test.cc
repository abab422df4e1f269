// export, compare, merge and doctor's usage, on the golden reports.
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/run_program_test.h"
#include "harness/report/json.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Golden(const std::string& name) { return DELTAGAUGE_REPORT_FIXTURES "/" + name; }

TEST(VerbExportTest, GivesTheGoldenFileOfEveryFormat) {
  const struct {
    std::vector<std::string> options;
    const char* golden;
  } kFormats[] = {
      {{"pytorch-v3"}, "golden_pytorch_v3.jsonl"},
      {{"github-action-benchmark"}, "golden_smaller.json"},
      {{"github-action-benchmark", "--bigger"}, "golden_bigger.json"},
      {{"bencher"}, "golden_bencher.json"},
      {{"google-benchmark"}, "golden_google_benchmark.json"},
      {{"prometheus"}, "golden_prometheus.txt"},
      {{"junit"}, "golden_junit.xml"},
      {{"ctrf"}, "golden_ctrf.json"},
      {{"markdown"}, "golden_summary.md"},
  };
  for (const auto& [options, golden] : kFormats) {
    SCOPED_TRACE(golden);
    std::vector<std::string> args = {"export", Golden("golden_report_failing.json"), "--format"};
    args.insert(args.end(), options.begin(), options.end());
    const Ran ran = RunProgram(args);
    EXPECT_EQ(ran.code, kExitPass);
    EXPECT_THAT(ran.err, IsEmpty());
    EXPECT_TRUE(ran.out == reference::ReadFile(Golden(golden)));
  }
  const Ran ran = RunProgram({"export", Golden("golden_report.json"), "--format", "openmetrics"});
  EXPECT_EQ(ran.code, kExitPass);
  EXPECT_THAT(ran.out, testing::EndsWith("# EOF\n"));
  // With the program's own script and styles, where the golden page has placeholders.
  const Ran page = RunProgram({"export", Golden("golden_report.json"), "--format", "html"});
  EXPECT_EQ(page.code, kExitPass);
  EXPECT_THAT(page.out, AllOf(HasSubstr("<html"), HasSubstr("</html>")));
}

TEST(VerbExportTest, WritesAFileAndPrintsNothing) {
  const reference::TemporaryFolder folder;
  const std::string out = (folder / "bmf.json").string();
  const Ran ran = RunProgram(
      {"export", Golden("golden_report_failing.json"), "--format", "bencher", "--out", out});
  EXPECT_EQ(ran.code, kExitPass);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(reference::ReadFile(out), reference::ReadFile(Golden("golden_bencher.json")));
}

TEST(VerbExportTest, AnonymousNamesNoMachine) {
  for (const std::string format : {"html", "ctrf", "junit", "pytorch-v3", "prometheus"}) {
    SCOPED_TRACE(format);
    const std::vector<std::string> plain = {"export", Golden("golden_report.json"), "--format",
                                            format};
    std::vector<std::string> anonymous = plain;
    anonymous.emplace_back("--anonymous");
    const std::string text = RunProgram(anonymous).out;
    EXPECT_NE(text, RunProgram(plain).out);
    for (const char* const name : {"bench-1", "6.1.0-18-amd64", "branch=\"main\""}) {
      EXPECT_THAT(text, Not(HasSubstr(name)));
    }
  }
}

TEST(VerbExportTest, UsageErrorsNameWhatIsWrong) {
  const reference::TemporaryFolder folder;
  const std::string absent = (folder / "absent.json").string();
  const std::string report = Golden("golden_report.json");
  ExpectUsageError({"export", absent, "--format", "junit"}, absent + ": can't be read");
  ExpectUsageError({"export", report, "--format", "junti"},
                   "--format 'junti' is unknown; did you mean 'junit'?");
  ExpectUsageError({"export", report}, "--format is required");
  ExpectUsageError({"export", "--format", "junit"}, "REPORT is required");
  ExpectUsageError({"export", Golden("golden_junit.xml"), "--format", "junit"},
                   "golden_junit.xml");  // no report
  ExpectUsageError(
      {"export", report, "--format", "junit", "--out", (folder / "no" / "junit.xml").string()},
      "junit.xml");
}

TEST(VerbCompareTest, AReportWithItselfIsTheSame) {
  const std::string report = Golden("golden_report.json");
  const Ran text = RunProgram({"compare", report, report});
  EXPECT_EQ(text.code, kExitPass) << text.out;
  EXPECT_THAT(text.out, Not(IsEmpty()));
  const Ran markdown = RunProgram({"compare", report, report, "--format", "markdown"});
  EXPECT_EQ(markdown.code, kExitPass);
  EXPECT_THAT(markdown.out, HasSubstr("#"));
  const Ran json = RunProgram({"compare", report, report, "--format", "json"});
  EXPECT_EQ(json.code, kExitPass);
  EXPECT_TRUE(ParseJson(json.out, "standard output").IsObject());
}

TEST(VerbCompareTest, ACaseThatFailsNowIsTheExitCode) {
  const reference::TemporaryFolder folder;
  Report worse = LoadReport(Golden("golden_report.json"));
  worse.report_id = "11111111-2222-4333-8444-555555555555";
  CaseReport& broken = worse.cases.at(0);
  ASSERT_EQ(broken.kind, "kernel");
  broken.status = Verdict::kFailed;
  broken.reason = "R1 output failed";
  broken.reason_code = "rule";
  const std::string path = (folder / "worse.json").string();
  reference::WriteFile(path, WriteReport(worse));
  const Ran ran = RunProgram({"compare", Golden("golden_report.json"), path});
  EXPECT_EQ(ran.code, kExitCorrectness) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr(broken.id));
}

TEST(VerbCompareTest, UsageErrorsNameWhatIsWrong) {
  const std::string report = Golden("golden_report.json");
  ExpectUsageError({"compare", report}, "HEAD is required");
  ExpectUsageError({"compare", report, report, "--format", "jsn"},
                   "--format 'jsn' is unknown; did you mean 'json'?");
  ExpectUsageError({"compare", report, "/no/such/report"}, "/no/such/report: can't be read");
}

TEST(VerbMergeTest, ShardsBecomeTheWholeRun) {
  const reference::TemporaryFolder folder;
  const std::string config = (folder / "tiny.yaml").string();
  reference::WriteFile(config,
                       "version: 1\n"
                       "name: tiny\n"
                       "kernel:\n"
                       "  shapes:\n"
                       "    - {tokens: [3, 5, 7], value_heads: 1, key_heads: 1, key_dim: 16}\n"
                       "gates:\n"
                       "  - {metric: kernel.output.rel_rmse, max: 2.0e-6}\n");
  const auto path = [&](const char* name) { return (folder / name).string(); };
  for (const char* const shard : {"1/2", "2/2"}) {
    const Ran ran = RunProgram(
        {"run", config, "--shard", shard, "--out", path(shard[0] == '1' ? "first" : "second")});
    EXPECT_EQ(ran.code, kExitPass) << ran.out << ran.err;
  }
  EXPECT_EQ(RunProgram({"run", config, "--out", path("whole")}).code, kExitPass);
  const Ran merged = RunProgram({"merge", path("first"), path("second"), "--out", path("merged")});
  EXPECT_EQ(merged.code, kExitPass) << merged.err;
  EXPECT_THAT(merged.out, AllOf(HasSubstr("passed: all "), HasSubstr(path("merged"))));
  const Report whole = LoadReport(path("whole"));
  const Report of_shards = LoadReport(path("merged"));
  ASSERT_EQ(of_shards.cases.size(), whole.cases.size());
  for (size_t i = 0; i < whole.cases.size(); ++i) {
    EXPECT_EQ(of_shards.cases[i].id, whole.cases[i].id);
  }
  EXPECT_EQ(of_shards.parent_report_ids.size(), 2u);
  EXPECT_EQ(of_shards.summary.headline, whole.summary.headline);
  EXPECT_TRUE(std::filesystem::is_regular_file(folder / "merged" / "report.html"));

  ExpectUsageError({"merge", path("first")}, "--out is required");
  ExpectUsageError({"merge", path("absent"), "--out", path("x")}, "absent");
  const Ran half = RunProgram({"merge", path("first"), path("first"), "--out", path("x")});
  EXPECT_EQ(half.code, kExitInconclusive);
  EXPECT_THAT(half.out, HasSubstr("incomplete: of 2 shards, 2 is missing"));
}

TEST(VerbDoctorTest, UsageErrorsNameTheOption) {
  ExpectUsageError({"doctor", "--budget", "0"}, "--budget");
  ExpectUsageError({"doctor", "--threads", "257"}, "--threads");
  ExpectUsageError({"doctor", "--min-effect", "2"}, "--min-effect");
}

}  // namespace
}  // namespace deltagauge
