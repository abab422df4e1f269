// `deltagauge check` as a whole: it takes seconds, so it has a program of its own.
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/command_line.h"
#include "harness/faulty_kernel.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Ran {
  ExitCode code;
  std::string out;
  std::string err;
};

// As at a terminal: progress is shown unless --quiet.
Ran RunProgram(const std::vector<std::string>& args, KernelFunction kernel) {
  std::ostringstream out, err;
  const ExitCode code = RunCommandLine(args, {out, err, true}, kernel);
  return {code, out.str(), err.str()};
}

TEST(CheckCommandTest, TheFusedKernelPasses) {
  const Ran ran = RunProgram({"check", "--threads", "2"}, &GatedDeltaRule);
  EXPECT_EQ(ran.code, kExitPass) << ran.out;
  EXPECT_THAT(ran.err, StartsWith("\r[1/"));
  EXPECT_THAT(ran.out, AllOf(HasSubstr(ActiveTarget()), HasSubstr("gates=spikes"),
                             HasSubstr("\npassed: ")));
}

TEST(CheckCommandTest, AFaultIsReportedWithItsLinesAndExitCode1) {
  const Ran ran = RunProgram({"check", "--quiet"}, &FaultyKernel<Fault::kOutputReadsOldState>);
  EXPECT_EQ(ran.code, kExitCorrectness) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("failed (gates=none): R1 output failed"),
                             HasSubstr("  deltagauge repro 'kernel:T=512,Hv=4,gates=none,target="),
                             HasSubstr("\nfailed: "), Not(HasSubstr("Worst relative"))));
  EXPECT_THAT(ran.err, IsEmpty());
}

}  // namespace
}  // namespace deltagauge
