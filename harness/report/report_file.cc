#include "harness/report/report_file.h"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "harness/report/report_file_os.h"
#include "harness/report/report_json.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using reference::PathOf;

constexpr std::string_view kReportName = "report.json";

// Bytes up to and with the last line feed: what was written whole.
size_t WholeLines(std::string_view text) { return text.rfind('\n') + 1; }

// The same of a file, which is read only if its last line is torn.
uint64_t WholeLinesOf(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(PathOf(path), error);
  if (error || size == 0) return 0;
  std::ifstream file(PathOf(path), std::ios::binary);
  file.seekg(-1, std::ios::end);
  if (file.get() == '\n') return size;
  return WholeLines(ReadWholeFile(path, kMaxCaseFileBytes));
}

}  // namespace

void WriteFileAtomically(const std::string& path, std::string_view contents) {
  // Two threads of one process may write the same file.
  static std::atomic<unsigned> counter{0};
  const std::string temporary =
      path + "." + ProcessSuffix() + "-" + std::to_string(counter++) + ".tmp";
  std::string problem = WriteNewFile(temporary, contents);
  if (problem.empty()) problem = RenameOver(temporary, path);
  if (problem.empty()) return;
  std::error_code ignored;
  fs::remove(PathOf(temporary), ignored);
  throw reference::InputError(path, "can't be written: " + problem);
}

std::string ReadWholeFile(const std::string& path, size_t limit) {
  std::error_code error;
  const auto size = fs::file_size(PathOf(path), error);
  if (error) throw reference::InputError(path, "can't be read: " + error.message());
  if (size > limit) {
    throw reference::InputError(
        path, std::to_string(size) + " bytes, more than " + std::to_string(limit));
  }
  std::ifstream file(PathOf(path), std::ios::binary);
  std::string text(static_cast<size_t>(size), '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) {
    throw reference::InputError(path, "can't be read to its end");
  }
  return text;
}

void MakeDirectories(const std::string& directory) {
  std::error_code error;
  fs::create_directories(PathOf(directory), error);
  if (error) throw reference::InputError(directory, "can't be made: " + error.message());
}

std::string ReportPath(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(PathOf(path), ignored)) return path;
  const bool has_slash = path.ends_with('/');
  return path + (has_slash ? "" : "/") + std::string(kReportName);
}

Report LoadReport(const std::string& path) {
  const std::string file = ReportPath(path);
  return ReadReport(ReadWholeFile(file, kMaxReportBytes), file);
}

void AppendCase(const std::string& path, const CaseReport& case_report) {
  const std::string problem = AppendAt(path, WholeLinesOf(path), WriteCaseLine(case_report) + "\n");
  if (!problem.empty()) throw reference::InputError(path, "can't be written: " + problem);
}

SavedCases ParseCases(std::string_view text, std::string_view where) {
  SavedCases saved;
  std::map<std::string, size_t, std::less<>> places;
  const size_t whole = WholeLines(text);
  saved.torn = whole < text.size();
  size_t number = 0;
  for (size_t begin = 0; begin < whole;) {
    const size_t end = text.find('\n', begin);
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    CaseReport read = ReadCaseLine(line, std::string(where) + ":" + std::to_string(number));
    const auto [place, is_new] = places.try_emplace(read.id, saved.cases.size());
    if (is_new) {
      saved.cases.push_back(std::move(read));
    } else {
      saved.cases[place->second] = std::move(read);
    }
  }
  return saved;
}

SavedCases ReadCases(const std::string& path) {
  std::error_code error;
  if (!fs::exists(PathOf(path), error)) return {};
  return ParseCases(ReadWholeFile(path, kMaxCaseFileBytes), path);
}

}  // namespace deltagauge
