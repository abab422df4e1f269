#include <dlfcn.h>
#include <link.h>

#include "reference/shared_library.h"

namespace deltagauge::reference {

std::string LoadSharedLibrary(const std::string& path, SymbolScope scope) {
  // RTLD_NOW: a symbol that is missing should be told here, not end the process at its first call.
  const int flags = RTLD_NOW | (scope == SymbolScope::kGlobal ? RTLD_GLOBAL : RTLD_LOCAL);
  if (dlopen(path.c_str(), flags) != nullptr) return "";
  const char* message = dlerror();
  return message == nullptr ? "the loader gave no reason" : message;
}

std::string PathOfLoadedLibrary(const std::string& name) {
  void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return "";
  link_map* map = nullptr;
  const bool is_known = dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr;
  std::string path = is_known ? map->l_name : "";
  dlclose(library);
  return path;
}

}  // namespace deltagauge::reference
