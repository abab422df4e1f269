#include <dlfcn.h>

#include "harness/candidate/plugin_library.h"

namespace deltagauge {
namespace {

std::string LoaderMessage() {
  const char* message = dlerror();
  return message == nullptr ? "the loader gave no reason" : message;
}

}  // namespace

LibrarySymbol FindLibrarySymbol(const std::filesystem::path& path, const char* symbol) {
  // RTLD_NOW: a function that is missing should be told here, not end the process at its first
  // call.
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {nullptr, LibraryFlaw::kNotLoaded, LoaderMessage()};
  void* const address = dlsym(library, symbol);
  if (address == nullptr) return {nullptr, LibraryFlaw::kNoSymbol, LoaderMessage()};
  return {address, LibraryFlaw::kNone, ""};
}

}  // namespace deltagauge
