// Where the program's data and its cache lie.
#ifndef DELTAGAUGE_HARNESS_RUN_DATA_FOLDERS_H_
#define DELTAGAUGE_HARNESS_RUN_DATA_FOLDERS_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace deltagauge {

// The folder with the small model and its texts: DELTAGAUGE_DATA if that is set, else
// ../share/deltagauge/data as seen from an installed program, else where it was built. Throws
// reference::InputError if there is none.
std::filesystem::path DataFolder();

// The folder of the shipped configurations: DELTAGAUGE_CONFIGS if that is set, else
// ../share/deltagauge/configs of an installed program, else where it was built.
std::filesystem::path ConfigFolder();

// Where large files that can be made again are kept: DELTAGAUGE_CACHE if that is set, else
// `deltagauge` in the user's folder for caches. Not made by this call.
std::filesystem::path CacheFolder();

// A name of kTextNames or a path, to the file. Throws reference::InputError, with the nearest name
// of a builtin text, if there is no such file.
std::filesystem::path TextFile(std::string_view text);

// All of a file. Throws reference::InputError if it can't be read or is larger than `max_bytes`.
std::string ReadTextFile(const std::filesystem::path& path, size_t max_bytes);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_DATA_FOLDERS_H_
