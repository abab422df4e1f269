#include <dlfcn.h>

#include "reference/shared_library.h"

namespace deltagauge::reference {

std::string LoadSharedLibrary(const std::string& path, SymbolScope scope) {
  // RTLD_NOW: a symbol that is missing should be told here, not end the process at its first call.
  const int flags = RTLD_NOW | (scope == SymbolScope::kGlobal ? RTLD_GLOBAL : RTLD_LOCAL);
  if (dlopen(path.c_str(), flags) != nullptr) return "";
  const char* message = dlerror();
  return message == nullptr ? "the loader gave no reason" : message;
}

}  // namespace deltagauge::reference
