// Libraries loaded at run time, for the rest of the process. The operating system's part is in
// shared_library_posix.cc.
#ifndef DELTAGAUGE_REFERENCE_SHARED_LIBRARY_H_
#define DELTAGAUGE_REFERENCE_SHARED_LIBRARY_H_

#include <cstdint>
#include <string>

namespace deltagauge::reference {

enum class SymbolScope : uint8_t {
  kLocal,  // seen by the library itself
  kGlobal  // seen by every library that is loaded later
};

// `path` is a path, or a bare name that the loader looks up in its own places. Returns an empty
// string, or the loader's message. Loading a library again is no error and has no effect.
std::string LoadSharedLibrary(const std::string& path, SymbolScope scope);

// The path by which a library of this file name, without folder, was loaded; empty if it was not.
std::string PathOfLoadedLibrary(const std::string& name);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SHARED_LIBRARY_H_
