#include "harness/cli/command_line.h"

#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/run_program_test.h"
#include "harness/kernel/faulty_kernel.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

KernelCase Case(const std::string& fields) {
  return std::get<KernelCase>(ParseCase("kernel:" + fields));
}

// `check` runs a plan of two cases.
Ran RunChecks(const std::vector<std::string>& args, KernelFunction kernel = &GatedDeltaRule,
              bool show_progress = false) {
  return RunProgram(args, {kernel, {{"gates=none", Case("T=9,gates=none")}, {"keys", Case("T=5")}}},
                    show_progress);
}

TEST(CommandLineTest, HelpOfEveryVerbHasAnExample) {
  const Ran top = RunChecks({"--help"});
  EXPECT_EQ(top.code, kExitPass);
  EXPECT_THAT(top.out, AllOf(HasSubstr("Usage"), HasSubstr("Example: deltagauge ")));
  for (const std::string verb : {"run", "list", "repro", "export", "compare", "merge", "doctor",
                                 "check", "targets", "tokenize", "generate", "logits", "synth"}) {
    SCOPED_TRACE(verb);
    EXPECT_THAT(top.out, ContainsRegex("\n  " + verb + " "));
    const Ran ran = RunChecks({verb, "--help"});
    EXPECT_EQ(ran.code, kExitPass);
    EXPECT_THAT(ran.err, IsEmpty());
    EXPECT_THAT(ran.out, HasSubstr("Usage: deltagauge " + verb));
#ifdef DELTAGAUGE_HAS_MODEL
    EXPECT_THAT(ran.out, HasSubstr("Example: deltagauge " + verb));
#else
    EXPECT_THAT(ran.out, HasSubstr("Example: deltagauge "));
#endif
  }
  EXPECT_EQ(RunChecks({"--version"}).out, "deltagauge " DELTAGAUGE_VERSION "\n");
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
      {{"check", "--plugin", "/nowhere/mine.so"}, "/nowhere/mine.so: no such file"},
      {{"check", "--plugin", "a.so", "--target", "AVX2"}, "--plugin"},
      {{"check", "--case", "kernel:T=5"}, "--plugin"},
      {{"check", "--plugin", DELTAGAUGE_EXAMPLE_PLUGIN, "--case", "kernel:gate=none"},
       "did you mean 'gates'?"},
      {{"repro"}, "LINE"},
      {{"repro", "kernel:gate=none"}, "did you mean 'gates'?"},
      {{"repro", "kernel:target=AVX99"}, "target 'AVX99' does not run here"},
      {{"repro", "drift:tokns=5"}, "not a case: character 7: unknown field 'tokns'"},
      {{"repro", "kernel:candidate=fussed"}, "unknown candidate 'fussed'; did you mean 'fused'?"},
      {{"targets", "extra"}, "extra"},
  };
  for (const auto& usage : kCases) ExpectUsageError(usage.args, usage.says);
}

TEST(CommandLineTest, TargetsListsThemAndMarksTheActiveOne) {
  const Ran ran = RunChecks({"targets"});
  EXPECT_EQ(ran.code, kExitPass);
  for (const std::string& target : RunnableTargets()) EXPECT_THAT(ran.out, HasSubstr(target));
  EXPECT_THAT(ran.out, HasSubstr(std::string(ActiveTarget()) + "  active"));
}

TEST(CommandLineTest, CheckPrintsATableAndAVerdict) {
  const Ran ran = RunChecks({"check", "--threads", "2"}, &GatedDeltaRule, true);
  EXPECT_EQ(ran.code, kExitPass) << ran.out;
  EXPECT_THAT(ran.err, StartsWith("\r[1/2] gates=none"));
  EXPECT_THAT(ran.out, AllOf(HasSubstr(std::string(ActiveTarget()) + ", 2 threads"),
                             HasSubstr("gates=none"), HasSubstr("\npassed: all 2 cases, on ")));
}

TEST(CommandLineTest, CheckRunsTheTargetsThatItIsAskedFor) {
  const std::string last = RunnableTargets().back();
  EXPECT_THAT(RunChecks({"check", "--target", last}).out, HasSubstr("2 cases, on " + last + ","));
  const Ran all = RunChecks({"check", "--target", "all"});
  for (const std::string& target : RunnableTargets()) EXPECT_THAT(all.out, HasSubstr(target));
  EXPECT_THAT(all.out, HasSubstr(std::to_string(2 * RunnableTargets().size()) + " cases"));
}

TEST(CommandLineTest, CheckOfAFaultPrintsItsLinesAndExits1) {
  const auto kernel = &FaultyKernel<Fault::kOutputReadsOldState>;
  const Ran ran = RunChecks({"check"}, kernel);
  EXPECT_EQ(ran.code, kExitCorrectness) << ran.out;
  EXPECT_THAT(ran.err, IsEmpty());  // nobody looks, so no progress
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("Worst relative"), HasSubstr("failed (gates=none): R1 output failed"),
                    HasSubstr("  deltagauge repro 'kernel:T=9,gates=none,target="),
                    HasSubstr("\nfailed: 0 of 2 cases passed, 2 failed, on ")));
}

TEST(CommandLineTest, QuietLeavesProblemsAndTheVerdict) {
  const Ran ran = RunChecks({"check", "--quiet"}, &FaultyKernel<Fault::kReturnsZeros>, true);
  EXPECT_EQ(ran.code, kExitCorrectness);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_THAT(ran.out, AllOf(StartsWith("failed (gates=none)"), HasSubstr("repro"),
                             HasSubstr("\nfailed: ")));
}

TEST(CommandLineTest, CheckOfAPluginRunsItInsteadOfTheKernel) {
  const auto never = &FaultyKernel<Fault::kReturnsZeros>;
  const Ran ran = RunChecks({"check", "--plugin", DELTAGAUGE_EXAMPLE_PLUGIN}, never);
  EXPECT_EQ(ran.code, kExitPass) << ran.out;
  EXPECT_THAT(ran.out, AllOf(StartsWith("example 1.0: state_layout kv, "),
                             HasSubstr("\npassed: all 2 cases, on example, in ")));
}

TEST(CommandLineTest, CheckOfAPluginRunsOneCaseAndSaysHowToRepeatIt) {
  const std::vector<std::string> args = {"check", "--plugin", DELTAGAUGE_EXAMPLE_PLUGIN, "--case",
                                         "kernel:T=5,dtype=bfloat16"};
  const Ran ran = RunChecks(args);
  EXPECT_EQ(ran.code, kExitInvalid);  // nothing was checked
  EXPECT_THAT(
      ran.out,
      HasSubstr("skipped (case): the plug-in has no bfloat16\n  deltagauge check --plugin '" +
                args[2] + "' --case 'kernel:T=5,dtype=bfloat16'\n"));
}

TEST(CommandLineTest, CheckOfNothingIsInvalid) {
  const Ran ran = RunProgram({"check"}, {&GatedDeltaRule, {}});
  EXPECT_EQ(ran.code, kExitInvalid);
  EXPECT_THAT(ran.out, HasSubstr("invalid: nothing was checked"));
}

TEST(CommandLineTest, ReproShowsACaseInFull) {
  const Ran ran = RunChecks({"repro", "kernel:T=9,K=16,snapshots=2"});
  EXPECT_EQ(ran.code, kExitPass);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("kernel:T=9,K=16,snapshots=2"), HasSubstr("worst: sequence"),
                             HasSubstr("relative RMS error"), HasSubstr("R7 passed"),
                             HasSubstr("\npassed\n")));
}

TEST(CommandLineTest, ReproOfAFaultSaysWhereAndWhy) {
  const Ran ran = RunChecks({"repro", "kernel:T=9,K=16"}, &FaultyKernel<Fault::kLeavesLastRow>);
  EXPECT_EQ(ran.code, kExitCorrectness);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("R4 output failed"), HasSubstr("token 8"),
                             HasSubstr("a comparison with NaN is false")));
}

TEST(CommandLineTest, ReproOfAVacuousCaseIsInvalid) {
  const Ran ran = RunChecks({"repro", "kernel:T=9,K=16,state=zero,beta=zero"});
  EXPECT_EQ(ran.code, kExitInvalid);
  EXPECT_THAT(ran.out, HasSubstr("100 % of the truth is zero"));
}

TEST(CommandLineTest, ReproOfARefusedCaseIsAnError) {
  const Ran ran = RunChecks({"repro", "kernel:T=9,K=16"}, &FaultyKernel<Fault::kRefusesEverything>);
  EXPECT_EQ(ran.code, kExitInternal);
  EXPECT_THAT(ran.out, HasSubstr("the kernel refused it"));
}

}  // namespace
}  // namespace deltagauge
