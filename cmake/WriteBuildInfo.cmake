# Writes OUTPUT, the source of ThisBuild() (harness/run/build_info.h). Run at each build with
#   cmake -DSOURCE=... -DOUTPUT=... -DVERSION=... -DBUILD_TYPE=... -DFLAGS=... -DCOMPILER=...
#         -DHIGHWAY=... -DPLATFORM=... -P WriteBuildInfo.cmake
# The file is touched only if something has changed, so that an idle build stays idle.
find_program(GIT git)
set(commit "")
set(branch "")
set(dirty false)
if(GIT AND EXISTS "${SOURCE}/.git")
  execute_process(COMMAND "${GIT}" -C "${SOURCE}" rev-parse HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND "${GIT}" -C "${SOURCE}" rev-parse --abbrev-ref HEAD
    OUTPUT_VARIABLE branch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND "${GIT}" -C "${SOURCE}" status --porcelain
    OUTPUT_VARIABLE changes ERROR_QUIET)
  if(changes)
    set(dirty true)
  endif()
endif()
foreach(name VERSION BUILD_TYPE FLAGS COMPILER HIGHWAY PLATFORM commit branch)
  string(REPLACE "\\" "\\\\" ${name} "${${name}}")
  string(REPLACE "\"" "\\\"" ${name} "${${name}}")
endforeach()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
#include "harness/run/build_info.h"

namespace deltagauge {

const BuildInfo& ThisBuild() {
  static const BuildInfo kBuild = {.version = "@VERSION@",
                                   .commit = "@commit@",
                                   .branch = "@branch@",
                                   .dirty = @dirty@,
                                   .build_type = "@BUILD_TYPE@",
                                   .flags = "@FLAGS@",
                                   .compiler = "@COMPILER@",
                                   .highway = "@HIGHWAY@",
                                   .platform = "@PLATFORM@"};
  return kBuild;
}

}  // namespace deltagauge
]])
