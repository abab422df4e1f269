#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <string>

#include "harness/base/program_path.h"

namespace deltagauge {

std::filesystem::path ProgramPath() {
  constexpr size_t kLongestPath = 32768;  // of the system
  std::wstring path(kLongestPath, L'\0');
  const DWORD size = GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  if (size == 0 || size >= path.size()) return {};
  path.resize(size);
  return std::filesystem::path(path);
}

}  // namespace deltagauge
