// What this program was built from and with.
#ifndef DELTAGAUGE_HARNESS_RUN_BUILD_INFO_H_
#define DELTAGAUGE_HARNESS_RUN_BUILD_INFO_H_

#include <string>

namespace deltagauge {

struct BuildInfo {
  std::string version;     // "0.1.0"
  std::string commit;      // 40 hex digits; empty: not built from a repository
  std::string branch;      // empty: unknown
  bool dirty = false;      // the sources differed from the commit
  std::string build_type;  // "Release"
  std::string flags;
  std::string compiler;  // "g++ 12.2.0"
  std::string highway;   // version
  std::string platform;  // "linux-x86_64"
};

// As of the last build of this file; cmake/WriteBuildInfo.cmake looks each time something is built.
const BuildInfo& ThisBuild();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_BUILD_INFO_H_
