// Reports on disk: written so that no reader ever sees half of one, and cases as they end.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_FILE_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/report.h"

namespace deltagauge {

inline constexpr size_t kMaxReportBytes = size_t{64} << 20;
inline constexpr size_t kMaxCaseFileBytes = size_t{256} << 20;

// The whole file, or the old one, or none: a temporary beside it, flushed to the disk where the
// system can, then renamed over `path`. Throws reference::InputError naming the path and the
// system's reason, and leaves no temporary behind.
void WriteFileAtomically(const std::string& path, std::string_view contents);

// Throws reference::InputError if it can't be read or is larger than `limit`.
std::string ReadWholeFile(const std::string& path, size_t limit);

// `directory` is made if it isn't there, its parents too.
void MakeDirectories(const std::string& directory);

// report.json in a folder or by its own path.
std::string ReportPath(const std::string& path);
Report LoadReport(const std::string& path);

// DIR/cases.jsonl: one finished case a line, so that an interrupted run can go on. Each append is
// flushed to the disk before it returns. A last line that was torn is cut off first. Throws
// reference::InputError.
void AppendCase(const std::string& path, const CaseReport& case_report);

struct SavedCases {
  std::vector<CaseReport> cases;  // in the order of the file; of equal ids the last
  bool torn = false;              // the last line was not whole and was left out
};

// No file: no cases. A line that is whole and yet no case is an error; so is any bad line but the
// last.
SavedCases ReadCases(const std::string& path);

// The same from the file's text.
SavedCases ParseCases(std::string_view text, std::string_view where);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_FILE_H_
