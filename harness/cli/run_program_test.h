// For tests: the program in this process, with what it says.
#ifndef DELTAGAUGE_HARNESS_CLI_RUN_PROGRAM_TEST_H_
#define DELTAGAUGE_HARNESS_CLI_RUN_PROGRAM_TEST_H_

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/command_line.h"

namespace deltagauge {

struct Ran {
  ExitCode code;
  std::string out;
  std::string err;
};

inline Ran RunProgram(const std::vector<std::string>& args, const Subject& subject = {},
                      bool show_progress = false) {
  std::ostringstream out, err;
  const ExitCode code = RunCommandLine(args, {out, err, show_progress}, subject);
  return {code, out.str(), err.str()};
}

// A mistake of the user: one line on standard error that says what, nothing on standard output.
inline void ExpectUsageError(const std::vector<std::string>& args, const std::string& says,
                             const Subject& subject = {}) {
  const Ran ran = RunProgram(args, subject);
  SCOPED_TRACE(says);
  EXPECT_EQ(ran.code, kExitUsage);
  EXPECT_THAT(ran.err, testing::StartsWith("deltagauge: "));
  EXPECT_THAT(ran.err, testing::HasSubstr(says));
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_THAT(ran.out, testing::IsEmpty());
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_RUN_PROGRAM_TEST_H_
