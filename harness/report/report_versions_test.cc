// Reports that earlier versions wrote are read, judged, exported, compared and written again.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/compare.h"
#include "harness/report/export_report.h"
#include "harness/report/gates.h"
#include "harness/report/merge.h"
#include "harness/report/report_example.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"

namespace deltagauge {
namespace {

struct KeptReport {
  std::string version;  // "1.0.0"
  std::string path;
};

// fixtures/report_schema_1_0_0.json, ...
std::vector<KeptReport> KeptReports() {
  std::vector<KeptReport> kept;
  for (const auto& entry : std::filesystem::directory_iterator(DELTAGAUGE_FIXTURES)) {
    const std::string stem = entry.path().stem().string();
    constexpr std::string_view kPrefix = "report_schema_";
    if (!stem.starts_with(kPrefix)) continue;
    std::string version = stem.substr(kPrefix.size());
    std::replace(version.begin(), version.end(), '_', '.');
    kept.push_back({version, entry.path().string()});
  }
  return kept;
}

// "1.1.0" is one step after "1.0.0": each version before ours that another program may have
// written.
TEST(ReportVersionsTest, EveryEarlierMinorVersionIsKept) {
  const std::string ours(kReportSchemaVersion);
  const int minor = std::stoi(ours.substr(ours.find('.') + 1));
  std::vector<std::string> versions;
  for (const KeptReport& kept : KeptReports()) versions.push_back(kept.version);
  for (int earlier = 0; earlier < minor; ++earlier) {
    EXPECT_THAT(versions, testing::Contains("1." + std::to_string(earlier) + ".0"));
  }
}

TEST(ReportVersionsTest, KeptReportsMeanWhatTheyMeant) {
  const Report now = ExampleFailingReport();
  for (const KeptReport& kept : KeptReports()) {
    SCOPED_TRACE(kept.version);
    const Report then = LoadReport(kept.path);
    EXPECT_EQ(then.schema_version, kept.version);
    ASSERT_EQ(then.cases.size(), now.cases.size());
    for (size_t i = 0; i < now.cases.size(); ++i) {
      EXPECT_EQ(then.cases[i].id, now.cases[i].id);
      EXPECT_EQ(then.cases[i].status, now.cases[i].status);
      EXPECT_EQ(then.cases[i].metrics, now.cases[i].metrics);
    }
    EXPECT_EQ(then.summary.headline, now.summary.headline);
    // As it was, to the byte: its version too.
    EXPECT_EQ(WriteReport(then), ReadWholeFile(kept.path, kMaxReportBytes));
    Report judged = then;
    JudgeReport(GatesOf(then.gates), &judged);
    EXPECT_EQ(judged.summary.exit_code, then.summary.exit_code);
    const std::vector<NamedReport> alone = {{"then", then}};
    EXPECT_EQ(MergeReports(alone, "merged").summary.headline, then.summary.headline);
  }
}

TEST(ReportVersionsTest, KeptReportsAreExportedAndCompared) {
  const Report now = ExampleFailingReport();
  for (const KeptReport& kept : KeptReports()) {
    SCOPED_TRACE(kept.version);
    const Report then = LoadReport(kept.path);
    for (const auto& [format, name] : NamesOf<ExportFormat>()) {
      EXPECT_FALSE(ExportReport(then, format).empty()) << name;
    }
    const ReportComparison comparison = CompareReports(then, now, {});
    EXPECT_EQ(comparison.cases.size(), now.cases.size());
    EXPECT_EQ(comparison.exit_code, kExitPass) << ComparisonText(comparison);
  }
}

}  // namespace
}  // namespace deltagauge
