#include "harness/timing/preflight.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Pinned to one CPU of a quiet machine of four.
Machine Quiet() {
  Machine machine;
  machine.threads = machine.cores = 4;
  machine.affinity_count = 1;
  machine.governor = "performance";
  machine.boost = false;
  machine.smt = false;
  machine.virtualisation = "none";
  machine.load_avg = 0.1;
  machine.steal_pct = 0;
  machine.mhz_before = 3000;
  machine.mhz_after = 2950;
  machine.env_threads = {{"OMP_NUM_THREADS", "1"}, {"OMP_PROC_BIND", "true"}};
  return machine;
}

std::vector<std::string> CodesWith(void (*edit)(Machine&)) {
  Machine machine = Quiet();
  edit(machine);
  std::vector<std::string> codes;
  for (const PreflightFinding& finding : PreflightFindings(machine)) {
    EXPECT_FALSE(finding.what.empty());
    const bool is_warning = finding.severity == PreflightFinding::Severity::kWarning;
    EXPECT_TRUE(!is_warning || !finding.advice.empty());
    codes.push_back(std::string(is_warning ? "!" : "").append(finding.code));
  }
  return codes;
}

TEST(PreflightTest, AQuietMachineAndAnUnknownOne) {
  EXPECT_THAT(PreflightFindings(Quiet()), IsEmpty());
  EXPECT_THAT(PreflightFindings(Machine()), IsEmpty());
}

TEST(PreflightTest, EachFinding) {
  EXPECT_THAT(CodesWith([](Machine& m) { m.governor = std::string("powersave"); }),
              ElementsAre("!governor"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.mhz_after = 2800; }), ElementsAre("!frequency"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.boost = true; }), ElementsAre("boost"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.load_avg = 0.6; }), ElementsAre("!load"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.steal_pct = 1.1; }), ElementsAre("!steal"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.cgroup_quota = 2; }), ElementsAre("!quota"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.affinity_count = 4; }), ElementsAre("affinity"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.smt = true; }), ElementsAre("smt"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.virtualisation = std::string("kvm"); }),
              ElementsAre("virtualisation"));
  EXPECT_THAT(CodesWith([](Machine& m) { m.ftz = true; }), ElementsAre("denormals"));
  EXPECT_THAT(CodesWith([](Machine& m) {
                m.env_threads = {{"OMP_NUM_THREADS", "2"}};
              }),
              ElementsAre("!threads"));
}

// A load of 3 is nothing on 64 CPUs.
TEST(PreflightTest, LoadIsForTheSizeOfTheMachine) {
  EXPECT_THAT(CodesWith([](Machine& m) {
                m.threads = 64;
                m.load_avg = 3;
              }),
              IsEmpty());
}

TEST(PreflightViolationTest, OnlyWarningsAndOnlyIfStrict) {
  Machine machine = Quiet();
  machine.boost = true;
  EXPECT_EQ(PreflightViolation(PreflightFindings(machine), PreflightPolicy::kStrict), "");
  machine.governor = std::string("powersave");
  EXPECT_EQ(PreflightViolation(PreflightFindings(machine), PreflightPolicy::kWarn), "");
  EXPECT_THAT(PreflightViolation(PreflightFindings(machine), PreflightPolicy::kStrict),
              HasSubstr("'powersave'"));
}

}  // namespace
}  // namespace deltagauge
