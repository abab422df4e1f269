// verdict: on three reports in a folder, with a policy and a manifest beside them.
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/run_program_test.h"
#include "harness/release/release_example_test.h"
#include "harness/report/json.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "harness/run/run_session.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class VerbVerdictTest : public testing::Test {
 protected:
  VerbVerdictTest() {
    reference::WriteFile(folder_ / "policy.yaml",
                         "version: 1\n"
                         "name: three\n"
                         "platforms:\n"
                         "  - {name: linux-x86_64, gates: [kernel.error_ratio]}\n"
                         "  - {name: linux-aarch64}\n"
                         "  - {name: windows-x86_64}\n"
                         "agreement: {min_cases: 12}\n");
    for (const NamedReport& named : GoodReports()) {
      std::filesystem::create_directories(folder_ / named.name);
      Report report = named.report;
      report.created_at = FormatUtc(ThisWorld().unix_seconds());
      reference::WriteFile(folder_ / named.name / "report.json", WriteReport(report));
    }
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  Ran Verdict(std::vector<std::string> more) const {
    std::vector<std::string> args = {"verdict", "--policy", Path("policy.yaml")};
    args.insert(args.end(), more.begin(), more.end());
    for (const char* report : {"linux", "arm", "windows"}) args.push_back(Path(report));
    return RunProgram(args);
  }

  reference::TemporaryFolder folder_;
};

TEST_F(VerbVerdictTest, GoAndNoGoAreExitCodes) {
  const Ran go = Verdict({});
  EXPECT_EQ(go.code, kExitPass) << go.out << go.err;
  EXPECT_THAT(go.out, AllOf(HasSubstr("windows-x86_64"), HasSubstr("go: 3 reports of commit ")));
  const Ran no_go = Verdict({"--commit", "fedcba987654"});
  EXPECT_EQ(no_go.code, kExitInvalid);
  EXPECT_THAT(no_go.out, AllOf(HasSubstr("other_commit: "), HasSubstr("no-go: 3 reasons")));
  const Ran two =
      RunProgram({"verdict", "--policy", Path("policy.yaml"), Path("linux"), Path("arm")});
  EXPECT_EQ(two.code, kExitInvalid);
  EXPECT_THAT(two.out, HasSubstr("missing_platform: windows-x86_64: no report"));
}

TEST_F(VerbVerdictTest, HasThreeForms) {
  EXPECT_THAT(Verdict({"--format", "markdown"}).out, StartsWith("## Release: go\n"));
  const Json json = ParseJson(Verdict({"--format", "json"}).out, "out");
  EXPECT_EQ(json.Find("verdict")->AsString(), "go");
}

TEST_F(VerbVerdictTest, AManifestIsVerified) {
  EXPECT_EQ(Verdict({"--manifest", Path("manifest.json")}).code, kExitPass);
  Ran check = RunProgram({"verdict", "--check", Path("manifest.json")});
  EXPECT_EQ(check.code, kExitPass) << check.out;
  EXPECT_THAT(check.out, AllOf(StartsWith("4 of 4 files are as they were on "),
                               HasSubstr("the verdict then: go")));
  reference::WriteFile(folder_ / "arm" / "report.json",
                       reference::ReadFile(folder_ / "arm" / "report.json") + " ");
  check = RunProgram({"verdict", "--check", Path("manifest.json")});
  EXPECT_EQ(check.code, kExitInvalid);
  EXPECT_THAT(check.out, HasSubstr("arm/report.json: changed\n3 of 4 files"));
}

TEST_F(VerbVerdictTest, UsageErrorsNameWhatIsWrong) {
  const std::string policy = Path("policy.yaml");
  ExpectUsageError({"verdict", Path("linux")}, "--policy is required");
  ExpectUsageError({"verdict", "--policy", Path("gone.yaml"), Path("linux")}, "gone.yaml");
  ExpectUsageError({"verdict", "--policy", policy, Path("gone")}, "gone: can't be read");
  ExpectUsageError({"verdict", "--policy", policy, Path("linux"), "--format", "jsno"},
                   "--format 'jsno' is unknown; did you mean 'json'?");
  ExpectUsageError({"verdict", "--policy", policy, Path("linux"), "--commit", "main"},
                   "--commit 'main' is no commit");
  ExpectUsageError({"verdict", "--check", Path("m.json"), Path("linux")},
                   "--check takes no reports");
  ExpectUsageError({"verdict", "--check", Path("gone.json")}, "gone.json");
  reference::WriteFile(folder_ / "policy.yaml", "version: 1\nname: x\nplatfroms: []\n");
  const Ran ran = Verdict({});
  EXPECT_EQ(ran.code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("policy.yaml:3:1: unknown key 'platfroms'"));
}

}  // namespace
}  // namespace deltagauge
