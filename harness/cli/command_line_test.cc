#include "harness/cli/command_line.h"

#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

KernelCase Case(const std::string& fields) {
  return std::get<KernelCase>(ParseCase("kernel:" + fields));
}

struct Ran {
  ExitCode code;
  std::string out;
  std::string err;
};

// `check` runs a plan of two cases.
Ran RunProgram(const std::vector<std::string>& args, KernelFunction kernel = &GatedDeltaRule,
               bool show_progress = false) {
  const Subject subject{kernel, {{"gates=none", Case("T=9,gates=none")}, {"keys", Case("T=5")}}};
  std::ostringstream out, err;
  const ExitCode code = RunCommandLine(args, {out, err, show_progress}, subject);
  return {code, out.str(), err.str()};
}

TEST(CommandLineTest, HelpOfEveryVerbHasAnExample) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--help"}, {"check", "--help"}, {"repro", "--help"}, {"targets", "--help"}}) {
    const Ran ran = RunProgram(args);
    EXPECT_EQ(ran.code, kExitPass);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Usage"), HasSubstr("Example: deltagauge ")));
  }
  EXPECT_THAT(RunProgram({"--version"}).out, MatchesRegex("deltagauge [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(CommandLineTest, UsageErrorsAreOneClearLineAndExit64) {
  const struct {
    std::vector<std::string> args;
    const char* says;
  } kCases[] = {
      {{}, "subcommand"},
      {{"chekc"}, "unknown verb 'chekc'; did you mean 'check'?"},
      {{"check", "--target", "AVX99"}, "target 'AVX99' does not run here"},
      {{"check", "--threads", "0"}, "--threads"},
      {{"check", "--threads", "many"}, "--threads"},
      {{"check", "--nonsense"}, "--nonsense"},
      {{"repro"}, "LINE"},
      {{"repro", "kernel:gate=none"}, "did you mean 'gates'?"},
      {{"repro", "kernel:target=AVX99"}, "target 'AVX99' does not run here"},
      {{"targets", "extra"}, "extra"},
  };
  for (const auto& usage : kCases) {
    const Ran ran = RunProgram(usage.args);
    EXPECT_EQ(ran.code, kExitUsage) << usage.says;
    EXPECT_THAT(ran.err, HasSubstr(usage.says));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST(CommandLineTest, TargetsListsThemAndMarksTheActiveOne) {
  const Ran ran = RunProgram({"targets"});
  EXPECT_EQ(ran.code, kExitPass);
  for (const std::string& target : RunnableTargets()) EXPECT_THAT(ran.out, HasSubstr(target));
  EXPECT_THAT(ran.out, HasSubstr(std::string(ActiveTarget()) + "  active"));
}

TEST(CommandLineTest, CheckPrintsATableAndAVerdict) {
  const Ran ran = RunProgram({"check", "--threads", "2"}, &GatedDeltaRule, true);
  EXPECT_EQ(ran.code, kExitPass) << ran.out;
  EXPECT_THAT(ran.err, StartsWith("\r[1/2] gates=none"));
  EXPECT_THAT(ran.out, AllOf(HasSubstr(std::string(ActiveTarget()) + ", 2 threads"),
                             HasSubstr("gates=none"), HasSubstr("\npassed: all 2 cases, on ")));
}

TEST(CommandLineTest, CheckRunsTheTargetsThatItIsAskedFor) {
  const std::string last = RunnableTargets().back();
  EXPECT_THAT(RunProgram({"check", "--target", last}).out, HasSubstr("2 cases, on " + last + ","));
  const Ran all = RunProgram({"check", "--target", "all"});
  for (const std::string& target : RunnableTargets()) EXPECT_THAT(all.out, HasSubstr(target));
  EXPECT_THAT(all.out, HasSubstr(std::to_string(2 * RunnableTargets().size()) + " cases"));
}

TEST(CommandLineTest, CheckOfAFaultPrintsItsLinesAndExits1) {
  const auto kernel = &FaultyKernel<Fault::kOutputReadsOldState>;
  const Ran ran = RunProgram({"check"}, kernel);
  EXPECT_EQ(ran.code, kExitCorrectness) << ran.out;
  EXPECT_THAT(ran.err, IsEmpty());  // nobody looks, so no progress
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("Worst relative"), HasSubstr("failed (gates=none): R1 output failed"),
                    HasSubstr("  deltagauge repro 'kernel:T=9,gates=none,target="),
                    HasSubstr("\nfailed: 0 of 2 cases passed, 2 failed, on ")));
}

TEST(CommandLineTest, QuietLeavesProblemsAndTheVerdict) {
  const Ran ran = RunProgram({"check", "--quiet"}, &FaultyKernel<Fault::kReturnsZeros>, true);
  EXPECT_EQ(ran.code, kExitCorrectness);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_THAT(ran.out, AllOf(StartsWith("failed (gates=none)"), HasSubstr("repro"),
                             HasSubstr("\nfailed: ")));
}

TEST(CommandLineTest, CheckOfNothingIsInvalid) {
  std::ostringstream out, err;
  EXPECT_EQ(RunCommandLine({"check"}, {out, err}, {&GatedDeltaRule, {}}), kExitInvalid);
  EXPECT_THAT(out.str(), HasSubstr("invalid: nothing was checked"));
}

TEST(CommandLineTest, ReproShowsACaseInFull) {
  const Ran ran = RunProgram({"repro", "kernel:T=9,K=16,snapshots=2"});
  EXPECT_EQ(ran.code, kExitPass);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("kernel:T=9,K=16,snapshots=2"), HasSubstr("worst: sequence"),
                             HasSubstr("relative RMS error"), HasSubstr("R7 passed"),
                             HasSubstr("\npassed\n")));
}

TEST(CommandLineTest, ReproOfAFaultSaysWhereAndWhy) {
  const Ran ran = RunProgram({"repro", "kernel:T=9,K=16"}, &FaultyKernel<Fault::kLeavesLastRow>);
  EXPECT_EQ(ran.code, kExitCorrectness);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("R4 output failed"), HasSubstr("token 8"),
                             HasSubstr("a comparison with NaN is false")));
}

TEST(CommandLineTest, ReproOfAVacuousCaseIsInvalid) {
  const Ran ran = RunProgram({"repro", "kernel:T=9,K=16,state=zero,beta=zero"});
  EXPECT_EQ(ran.code, kExitInvalid);
  EXPECT_THAT(ran.out, HasSubstr("100 % of the truth is zero"));
}

TEST(CommandLineTest, ReproOfARefusedCaseIsAnError) {
  const Ran ran =
      RunProgram({"repro", "kernel:T=9,K=16"}, &FaultyKernel<Fault::kRefusesEverything>);
  EXPECT_EQ(ran.code, kExitInternal);
  EXPECT_THAT(ran.out, HasSubstr("the kernel refused it"));
}

}  // namespace
}  // namespace deltagauge
