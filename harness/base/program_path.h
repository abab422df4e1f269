// Where this program lies.
#ifndef DELTAGAUGE_HARNESS_BASE_PROGRAM_PATH_H_
#define DELTAGAUGE_HARNESS_BASE_PROGRAM_PATH_H_

#include <filesystem>

namespace deltagauge {

// The file of the running program, links resolved; empty if the system does not tell.
std::filesystem::path ProgramPath();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_PROGRAM_PATH_H_
