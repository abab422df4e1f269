#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <system_error>

#include "harness/candidate/plugin_library.h"

namespace deltagauge {
namespace {

std::string LoaderMessage() {
  return std::system_category().message(static_cast<int>(GetLastError()));
}

}  // namespace

LibrarySymbol FindLibrarySymbol(const std::filesystem::path& path, const char* symbol) {
  const HMODULE library = LoadLibraryW(path.c_str());
  if (library == nullptr) return {nullptr, LibraryFlaw::kNotLoaded, LoaderMessage()};
  const FARPROC address = GetProcAddress(library, symbol);
  if (address == nullptr) return {nullptr, LibraryFlaw::kNoSymbol, LoaderMessage()};
  return {reinterpret_cast<void*>(address), LibraryFlaw::kNone, ""};
}

}  // namespace deltagauge
