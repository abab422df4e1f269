#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <cstdlib>
#include <string>
#include <system_error>

#include "harness/base/host_lock.h"
#include "reference/input_error.h"

namespace deltagauge {

std::filesystem::path RunLockPath() {
  const wchar_t* const folder = _wgetenv(L"ProgramData");
  return (folder == nullptr ? std::filesystem::temp_directory_path()
                            : std::filesystem::path(folder)) /
         "deltagauge-run.lock";
}

// The file is open for nobody else: that is the lock.
std::optional<HostLock> HostLock::Try(const std::filesystem::path& path) {
  const HANDLE file = CreateFileW(path.c_str(), GENERIC_READ, 0, nullptr, OPEN_ALWAYS,
                                  FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file != INVALID_HANDLE_VALUE) return HostLock(reinterpret_cast<intptr_t>(file));
  const DWORD error = GetLastError();
  if (error == ERROR_SHARING_VIOLATION) return std::nullopt;
  throw reference::InputError(
      path.string(), "can't be opened: " + std::system_category().message(static_cast<int>(error)),
      "its lock keeps runs on one machine apart");
}

HostLock::~HostLock() {
  if (handle_ != kNone) CloseHandle(reinterpret_cast<HANDLE>(handle_));
}

}  // namespace deltagauge
