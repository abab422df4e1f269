// The eight planted faults as candidates of a run, in five gate regimes and two lengths: 80 cases,
// of which 6 are exact no-ops. harness/kernel/planted_faults_test.cc shows which tensor catches
// what; here the whole way counts, from a configuration to an exit code.
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/run/planted_kernel.h"
#include "harness/run/run_test_world.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

// Without decay it does not matter when and how often the state decays.
bool IsNoOp(const CaseReport& of) {
  static const std::set<std::string> kOfDecay = {"extra_decay", "decay_after_write", "gate_late"};
  return of.params.find("gates")->second == "none" && kOfDecay.contains(of.candidate);
}

TEST(PlantedRunTest, EveryFaultThatIsNoNoOpIsCaught) {
  RunWorld world = TestWorld();
  std::vector<std::string> names;
  for (const PlantedKernel& planted : PlantedKernels()) {
    world.candidates.Add({.name = planted.name,
                          .version = "",
                          .description = "faulty",
                          .kernel = planted.kernel,
                          .make_arm = {}});
    names.push_back(planted.name);
  }
  const Config config =
      ParsedConfig(fmt::format("candidates: [{}]\n"
                               "kernel:\n"
                               "  shapes: [{{tokens: [512, 2048], value_heads: 1, key_heads: 1}}]\n"
                               "  regimes: [none, long, medium, strong, spikes]\n",
                               fmt::join(names, ", ")),
                   names);
  const Report report = RunOnce(config, world);
  ASSERT_EQ(report.cases.size(), 80u);
  int caught = 0, no_ops = 0;
  std::map<std::string, int> caught_of;
  for (const CaseReport& of : report.cases) {
    SCOPED_TRACE(of.repro);
    if (IsNoOp(of)) {
      EXPECT_EQ(of.status, Verdict::kPassed) << of.reason;
      ++no_ops;
      continue;
    }
    EXPECT_EQ(of.status, Verdict::kFailed);
    EXPECT_EQ(of.reason_code, "rule");
    EXPECT_THAT(of.reason, HasSubstr("failed: "));
    caught += of.status == Verdict::kFailed ? 1 : 0;
    ++caught_of[of.candidate];
  }
  EXPECT_EQ(caught, 74);
  EXPECT_EQ(no_ops, 6);
  EXPECT_EQ(caught_of.size(), 8u);
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
  EXPECT_EQ(report.summary.verdict, Verdict::kFailed);
  EXPECT_THAT(report.summary.headline, HasSubstr("74 of 80 cases failed"));
}

// What the faults are planted into passes the same cases.
TEST(PlantedRunTest, TheKernelItselfPasses) {
  const Report report =
      RunOnce(ParsedConfig("kernel:\n"
                           "  shapes: [{tokens: [512, 2048], value_heads: 1, key_heads: 1}]\n"
                           "  regimes: [none, long, medium, strong, spikes]\n"),
              TestWorld());
  EXPECT_EQ(report.cases.size(), 10u);
  EXPECT_EQ(report.summary.exit_code, kExitPass) << report.summary.headline;
}

}  // namespace
}  // namespace deltagauge
