#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "harness/report/report_file_os.h"
#include "reference/error_text.h"

namespace deltagauge {
namespace {

std::string LastError() { return std::system_category().message(static_cast<int>(GetLastError())); }

std::wstring Wide(const std::string& path) { return reference::PathOf(path).wstring(); }

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (is_open()) CloseHandle(handle_);
  }

  HANDLE get() const { return handle_; }
  bool is_open() const { return handle_ != INVALID_HANDLE_VALUE; }
  bool Close() {
    const HANDLE handle = handle_;
    handle_ = INVALID_HANDLE_VALUE;
    return CloseHandle(handle) != 0;
  }

 private:
  HANDLE handle_;
};

bool WriteAll(HANDLE file, std::string_view contents) {
  constexpr size_t kPiece = size_t{1} << 24;
  while (!contents.empty()) {
    DWORD written = 0;
    const auto size = static_cast<DWORD>(std::min(contents.size(), kPiece));
    if (!WriteFile(file, contents.data(), size, &written, nullptr)) return false;
    contents.remove_prefix(written);
  }
  return true;
}

}  // namespace

std::string WriteNewFile(const std::string& path, std::string_view contents) {
  Handle file(CreateFileW(Wide(path).c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW,
                          FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.is_open() || !WriteAll(file.get(), contents) || !FlushFileBuffers(file.get()) ||
      !file.Close()) {
    return LastError();
  }
  return "";
}

// A file that somebody reads, or a virus scanner looks at, can't be replaced at that moment.
std::string RenameOver(const std::string& from, const std::string& to) {
  constexpr int kTries = 200;
  constexpr DWORD kBetween_ms = 10;
  for (int i = 0;; ++i) {
    if (MoveFileExW(Wide(from).c_str(), Wide(to).c_str(),
                    MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
      return "";
    }
    const DWORD error = GetLastError();
    const bool is_busy = error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION;
    if (!is_busy || i == kTries) return std::system_category().message(static_cast<int>(error));
    Sleep(kBetween_ms);
  }
}

std::string AppendAt(const std::string& path, uint64_t length, std::string_view contents) {
  Handle file(CreateFileW(Wide(path).c_str(), GENERIC_WRITE, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                          FILE_ATTRIBUTE_NORMAL, nullptr));
  LARGE_INTEGER end;
  end.QuadPart = static_cast<LONGLONG>(length);
  if (!file.is_open() || !SetFilePointerEx(file.get(), end, nullptr, FILE_BEGIN) ||
      !SetEndOfFile(file.get()) || !WriteAll(file.get(), contents) ||
      !FlushFileBuffers(file.get()) || !file.Close()) {
    return LastError();
  }
  return "";
}

std::string ProcessSuffix() { return std::to_string(GetCurrentProcessId()); }

}  // namespace deltagauge
