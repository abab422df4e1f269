// The few calls of the system that report_file.cc needs. Errors are texts in the system's words;
// empty: done.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_FILE_OS_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_FILE_OS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace deltagauge {

// Makes the file, which must not exist, writes it and flushes it to the disk.
std::string WriteNewFile(const std::string& path, std::string_view contents);

// `from` takes the place of `to`, in one step; then the folder's entry is flushed where that
// exists.
std::string RenameOver(const std::string& from, const std::string& to);

// Cuts the file off at `length` bytes, appends and flushes. The file is made if need be.
std::string AppendAt(const std::string& path, uint64_t length, std::string_view contents);

// Unlike those of other processes that run now.
std::string ProcessSuffix();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_FILE_OS_H_
