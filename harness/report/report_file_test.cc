#include "harness/report/report_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ReportFileTest : public ::testing::Test {
 protected:
  ReportFileTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / (std::string("report_file_") + test->name());
    fs::remove_all(folder_);
    MakeDirectories(folder_.string());
  }
  ~ReportFileTest() override { fs::remove_all(folder_); }

  std::string PathTo(const std::string& name) const { return (folder_ / name).string(); }
  size_t CountFiles() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++count;
    return count;
  }
  static void Append(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::app) << text;
  }

  fs::path folder_;
};

TEST_F(ReportFileTest, WritesTheWholeOrNothing) {
  const std::string path = PathTo("a.json");
  WriteFileAtomically(path, "one");
  WriteFileAtomically(path, "two\n");
  EXPECT_EQ(ReadWholeFile(path, 100), "two\n");
  EXPECT_EQ(CountFiles(), 1u);
  // A folder in its place can't be replaced: the error names it, and no temporary stays.
  MakeDirectories(PathTo("b.json/c"));
  try {
    WriteFileAtomically(PathTo("b.json"), "three");
    ADD_FAILURE() << "written";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), StartsWith(PathTo("b.json") + ": can't be written: "));
  }
  EXPECT_EQ(CountFiles(), 2u);
  EXPECT_THROW(WriteFileAtomically(PathTo("none/a.json"), ""), reference::InputError);
}

TEST_F(ReportFileTest, ReadersNeverSeeHalfAFile) {
  const std::string path = PathTo("a.json");
  const std::string small(10, 'a');
  const std::string large(1000000, 'b');
  WriteFileAtomically(path, small);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) WriteFileAtomically(path, i % 2 == 0 ? large : small);
  });
  int opened = 0;
  for (int i = 0; i < 50; ++i) {
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open()) continue;
    ++opened;
    const std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(text == small || text == large) << text.size();
  }
  writer.join();
#ifdef _WIN32  // where a file can't be opened at the moment that it is replaced
  EXPECT_GT(opened, 0);
#else
  EXPECT_EQ(opened, 50);
#endif
}

TEST_F(ReportFileTest, ReadingHasALimit) {
  WriteFileAtomically(PathTo("a"), "12345");
  EXPECT_THROW(ReadWholeFile(PathTo("a"), 4), reference::InputError);
  EXPECT_THROW(ReadWholeFile(PathTo("b"), 4), reference::InputError);
}

TEST_F(ReportFileTest, LoadsAReportByItsFolderOrFile) {
  const Report report = ExamplePassingReport();
  WriteFileAtomically(PathTo("report.json"), WriteReport(report));
  EXPECT_EQ(WriteReport(LoadReport(folder_.string())), WriteReport(report));
  EXPECT_EQ(WriteReport(LoadReport(PathTo("report.json"))), WriteReport(report));
  EXPECT_THROW(LoadReport(PathTo("other.json")), reference::InputError);
}

TEST_F(ReportFileTest, CasesAreKeptAsTheyEnd) {
  const std::string path = PathTo("cases.jsonl");
  EXPECT_TRUE(ReadCases(path).cases.empty());
  AppendCase(path, ExampleKernelCase(0, 64, "long"));
  AppendCase(path, ExampleKernelCase(1, 65, "long"));
  const SavedCases saved = ReadCases(path);
  EXPECT_FALSE(saved.torn);
  ASSERT_EQ(saved.cases.size(), 2u);
  EXPECT_EQ(WriteCaseLine(saved.cases[1]), WriteCaseLine(ExampleKernelCase(1, 65, "long")));
}

TEST_F(ReportFileTest, ATornLastLineIsLeftOutAndCutOff) {
  const std::string path = PathTo("cases.jsonl");
  const std::string whole = WriteCaseLine(ExampleKernelCase(0, 64, "long")) + "\n";
  for (const size_t torn : {size_t{1}, whole.size() / 2, whole.size() - 1}) {
    fs::remove(path);
    AppendCase(path, ExampleKernelCase(0, 64, "long"));
    Append(path, WriteCaseLine(ExampleKernelCase(1, 65, "long")).substr(0, torn));
    EXPECT_TRUE(ReadCases(path).torn);
    EXPECT_EQ(ReadCases(path).cases.size(), 1u);
    AppendCase(path, ExampleKernelCase(2, 512, "long"));
    const SavedCases saved = ReadCases(path);
    EXPECT_FALSE(saved.torn);
    ASSERT_EQ(saved.cases.size(), 2u);
    EXPECT_EQ(saved.cases[1].id, ExampleKernelCase(2, 512, "long").id);
  }
}

TEST_F(ReportFileTest, AWholeLineThatIsNoCaseIsAnError) {
  const std::string path = PathTo("cases.jsonl");
  Append(path, "{}\n");
  try {
    ReadCases(path);
    ADD_FAILURE() << "read";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cases.jsonl:1#: 'id' is missing"));
  }
}

TEST_F(ReportFileTest, TheLastOfEqualIdsCounts) {
  CaseReport of = ExampleKernelCase(0, 64, "long");
  const std::string first = WriteCaseLine(of) + "\n";
  of.status = Verdict::kFailed;
  const SavedCases saved = ParseCases(first + WriteCaseLine(of) + "\n", "x");
  ASSERT_EQ(saved.cases.size(), 1u);
  EXPECT_EQ(saved.cases[0].status, Verdict::kFailed);
}

TEST(ReportTimeTest, Utc) {
  EXPECT_EQ(FormatUtc(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatUtc(1773221400), "2026-03-11T09:30:00Z");
  EXPECT_EQ(FormatUtc(1709251199), "2024-02-29T23:59:59Z");
  EXPECT_THROW(FormatUtc(-1), std::logic_error);
  for (const int64_t seconds : {int64_t{0}, int64_t{1709251199}, int64_t{253402300799}}) {
    EXPECT_EQ(ParseUtc(FormatUtc(seconds)), seconds);
  }
  for (const char* text : {"", "2026-03-11", "2026-03-11T24:00:00Z", "2026-02-29T00:00:00Z",
                           "2026-03-11 09:30:00Z", "2026-03-11T09:30:00+"}) {
    EXPECT_FALSE(ParseUtc(text).has_value()) << text;
  }
  EXPECT_TRUE(IsDate("2024-02-29"));
  EXPECT_FALSE(IsDate("2023-02-29"));
  EXPECT_FALSE(IsDate("2023-2-9"));
}

TEST(ReportTimeTest, Uuid) {
  EXPECT_EQ(FormatUuid(0, 0), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(FormatUuid(~uint64_t{0}, ~uint64_t{0}), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

}  // namespace
}  // namespace deltagauge
