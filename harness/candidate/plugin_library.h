// A symbol of a shared library; the library stays loaded for the rest of the process.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_LIBRARY_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_LIBRARY_H_

#include <cstdint>
#include <filesystem>
#include <string>

namespace deltagauge {

enum class LibraryFlaw : uint8_t { kNone, kNotLoaded, kNoSymbol };

struct LibrarySymbol {
  void* address = nullptr;
  LibraryFlaw flaw = LibraryFlaw::kNone;
  std::string message;  // the loader's own
};

// `path` must have a folder, or the loader would look in its own places.
LibrarySymbol FindLibrarySymbol(const std::filesystem::path& path, const char* symbol);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_LIBRARY_H_
