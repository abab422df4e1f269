#include "harness/timing/doctor.h"

#include <cmath>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

Examination Healthy() {
  Examination examination;
  examination.machine.cpu_model = "AMD EPYC";
  examination.machine.fingerprint = "0123456789abcdef";
  examination.same.verdict = Verdict::kPassed;
  examination.same.noise.aa_floor = 0.002;
  examination.same.noise.mde = 0.003;
  examination.same.a.median_ns = 3e5;
  examination.same.a.counters.unavailable = "not available: forbidden";
  examination.fma = {.best = 80e9, .median = 79e9, .repetitions = 10};
  examination.stream = {.best = 12e9, .median = 11e9, .repetitions = 10};
  examination.stream_bytes = 64 << 20;
  return examination;
}

std::string TextOf(const Examination& examination) {
  std::ostringstream out;
  Describe(examination, out);
  return out.str();
}

TEST(DoctorTest, AHealthyMachine) {
  const Examination examination = Healthy();
  EXPECT_EQ(DoctorVerdict(examination), Verdict::kPassed);
  EXPECT_NEAR(SmallestFoundSlowdown(examination), std::expm1(0.023), 1e-12);
  const std::string text = TextOf(examination);
  EXPECT_THAT(text, HasSubstr("AMD EPYC (0123456789abcdef)"));
  EXPECT_THAT(text, HasSubstr("80.0 GFLOP/s at best"));
  EXPECT_THAT(text, HasSubstr("12.0 GB/s at best, 11.0 in the median, over 64 MiB"));
  EXPECT_THAT(text, HasSubstr("A/A floor            0.20 %"));
  EXPECT_THAT(text, HasSubstr("slowdowns from about 2.3 % on"));
  EXPECT_THAT(text, HasSubstr("not available: forbidden"));
  EXPECT_THAT(text, HasSubstr("passed for changes of 2.0 %: this machine can tell such changes"));
  EXPECT_THAT(text, Not(HasSubstr("warning")));
}

TEST(DoctorTest, ANoisyMachineAndWhatToChange) {
  Examination examination = Healthy();
  examination.same.verdict = Verdict::kInconclusive;
  examination.same.noise.aa_floor = 0.05;
  examination.same.reason = "a call differs from itself by 5.1 %";
  examination.machine.governor = std::string("powersave");
  examination.findings = PreflightFindings(examination.machine);
  EXPECT_NEAR(SmallestFoundSlowdown(examination), std::expm1(0.053), 1e-12);
  const std::string text = TextOf(examination);
  EXPECT_THAT(text, HasSubstr("warning: the CPU frequency governor is 'powersave'; set it to"));
  EXPECT_THAT(text, HasSubstr("inconclusive for changes of 2.0 %: too noisy"));
  EXPECT_THAT(text, HasSubstr("  a call differs from itself by 5.1 %"));
}

TEST(DoctorTest, ExaminesThisMachine) {
  std::ostringstream out;
  const Verdict verdict = RunDoctor({.budget_s = 1.5, .min_effect = 0.5, .threads = 1}, out);
  EXPECT_THAT(verdict, AnyOf(Verdict::kPassed, Verdict::kInconclusive, Verdict::kInvalid));
  EXPECT_THAT(out.str(), HasSubstr("A/A floor"));
}

}  // namespace
}  // namespace deltagauge
