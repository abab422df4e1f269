// What may be run on demand: configurations of one folder, with values set as on a command line.
#ifndef DELTAGAUGE_HARNESS_SERVICE_RUN_CHOICE_H_
#define DELTAGAUGE_HARNESS_SERVICE_RUN_CHOICE_H_

#include <filesystem>
#include <string>
#include <vector>

#include "harness/service/run_queue.h"

namespace deltagauge {

inline constexpr size_t kMaxRunOverrides = 64;
inline constexpr size_t kMaxRunOverrideBytes = 4096;

// `name` is compared with the names of the folder's files ("quick" is quick.yaml); no path is made
// of it. The configuration is read here as the run will read it, so that what can't run is refused
// at once. Values that name a file or a folder are refused, unless the configuration names it
// itself or it is builtin. Throws HttpError.
RunOrder ChooseRun(const std::filesystem::path& folder, const std::string& name,
                   std::vector<std::string> overrides);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_RUN_CHOICE_H_
