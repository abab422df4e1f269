// Each way in which a plug-in can misbehave, planted, and what its case says then.
#include "harness/candidate/plugin_check.h"

#include <chrono>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/candidate_test.h"
#include "harness/candidate/plugin_kernel.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DELTAGAUGE_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(DELTAGAUGE_ADDRESS_SANITIZER)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

constexpr const char* kSmallCase = "T=5,K=16,V=8";

CheckOutcome CheckBad(const std::string& fault, const IsolationLimits& limits = {}) {
  const EnvironmentVariable bad("DELTAGAUGE_BAD", fault);
  return CheckOn(DELTAGAUGE_BAD_PLUGIN, CaseOf(kSmallCase), limits);
}

void ExpectVerdict(const std::string& fault, Verdict verdict, const char* reason,
                   const IsolationLimits& limits = {}) {
  SCOPED_TRACE(fault);
  const CheckOutcome outcome = CheckBad(fault, limits);
  EXPECT_EQ(outcome.verdict, verdict) << outcome.reason;
  EXPECT_THAT(outcome.reason, HasSubstr(reason));
}

class PluginIsolationTest : public ::testing::Test {
 protected:
  void TearDown() override {
    // Whatever happened, the next case is as good as ever.
    EXPECT_EQ(CheckBad("").verdict, Verdict::kPassed);
  }
};

TEST(PluginCheckTest, WithoutAFaultTheBadOnePasses) {
  const CheckOutcome outcome = CheckBad("");
  EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.reason;
  EXPECT_EQ(outcome.target, "bad");
  ASSERT_EQ(outcome.tensors.size(), 2u);
  EXPECT_GT(outcome.tensors[0].result.rel_rmse, 0);
}

TEST(PluginCheckTest, TheExamplePassesEveryCheck) {
  for (const char* fields :
       {"T=70,Hv=4,Hk=2,K=24,V=40", "lengths=5+0+7,K=16", "T=9,K=16,snapshots=12",
        "T=9,K=16,check=pieces", "T=6,K=8,check=snapshots", "B=2,T=9,K=16,check=neighbours",
        "T=9,K=16,check=in_place", "T=9,K=16,check=layouts", "T=9,K=16,check=contagion",
        "T=9,K=16,check=threads,threads=3", "T=0,K=16", "T=9,K=16,state=none,place=discard"}) {
    const CheckOutcome outcome = CheckOn(DELTAGAUGE_EXAMPLE_PLUGIN, CaseOf(fields));
    EXPECT_EQ(outcome.verdict, Verdict::kPassed) << fields << ": " << outcome.reason;
  }
}

// float32 loops lose more than the fused kernel promises, but no more than anybody may.
TEST(PluginCheckTest, ItIsJudgedAsAnyKernel) {
  const KernelCase drift = CaseOf("T=2048,Hv=1,K=64,gates=drift");
  const CaseData data = MakeCaseData(drift);
  const CheckOutcome outcome = CheckPlugin(DELTAGAUGE_EXAMPLE_PLUGIN, {}, drift, data);
  EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.reason;
  const Plugin plugin = LoadPlugin(DELTAGAUGE_EXAMPLE_PLUGIN);
  const PluginInUse in_use(plugin, Trap::kNone);
  const CheckOutcome as_fused =
      CheckKernel(drift, data, in_use.kernel(), {.limits = LimitsOf::kFusedKernel});
  EXPECT_EQ(as_fused.verdict, Verdict::kFailed);
}

TEST(PluginCheckTest, AWrongResultFails) { ExpectVerdict("wrong", Verdict::kFailed, "output"); }

TEST(PluginCheckTest, WhatThePluginSaysIsTheReason) {
  ExpectVerdict("status", Verdict::kError, "run gave status 2: without a word");
  ExpectVerdict("status with text", Verdict::kError, "run gave status 2: no more today");
  ExpectVerdict("unsupported", Verdict::kSkipped, "run does not support this: no more today");
}

TEST(PluginCheckTest, BytesThatAreNotItsOwnAreFoundChanged) {
  ExpectVerdict("writes before", Verdict::kFailed, "R6 output: byte -4 from the first element");
}

TEST(PluginCheckTest, ALostRoundingModeIsFound) {
  ExpectVerdict("rounding mode", Verdict::kFailed, "the rounding mode has changed");
}

#if defined(__SSE__)
TEST(PluginCheckTest, FlushedDenormalsAreFound) {
  ExpectVerdict("flushes denormals", Verdict::kFailed, "denormal numbers have become zero");
}
#endif

TEST_F(PluginIsolationTest, SignalsAreErrorsWithTheirPlace) {
  ExpectVerdict("segfault", Verdict::kError, kBadAccess);
  ExpectVerdict("segfault", Verdict::kError, " in run: address 0x0, a null pointer");
  ExpectVerdict("segfault in prepare", Verdict::kError, " in prepare: ");
  ExpectVerdict("abort", Verdict::kError, kAbort);
  ExpectVerdict("abort in release", Verdict::kError, " in release");
  ExpectVerdict("stack", Verdict::kError, kStackOverflow);
}

TEST_F(PluginIsolationTest, EndingTheProcessIsAnError) {
  ExpectVerdict("exit 0", Verdict::kError, "ended the process with exit code 0 in run");
  ExpectVerdict("exit 3", Verdict::kError, "ended the process with exit code 3 in run");
}

TEST_F(PluginIsolationTest, HangingIsAnError) {
  ExpectVerdict("hang", Verdict::kError, "was still running in run after 0.5 s", {.seconds = 0.5});
}

TEST_F(PluginIsolationTest, TakingAllMemoryIsAnError) {
  if (kAddressSanitizer) GTEST_SKIP() << "its malloc ends the process by itself";
  ExpectVerdict("memory", Verdict::kError, "its memory limit of 256 MiB was used up",
                {.memory_bytes = int64_t{256} << 20});
}

TEST_F(PluginIsolationTest, InputsCanNotBeChanged) {
  ExpectVerdict("changes input", Verdict::kError, "'key', 4 bytes from its begin, an input");
  ExpectVerdict("changes state", Verdict::kError,
                "'initial_state', 0 bytes from its begin, an input");
}

TEST_F(PluginIsolationTest, WritingPastTheEndIsCaughtAtOnce) {
  ExpectVerdict("writes after", Verdict::kError, "0 bytes past the end of 'output'");
}

TEST_F(PluginIsolationTest, WhatItStartedIsEndedWithIt) {
  if (IsolationHere() != Isolation::kAnyBody) GTEST_SKIP() << "it starts nothing on this system";
  // The child holds the pipe open; the answer is there all the same, and soon.
  const CheckOutcome outcome = CheckBad("leaves a child", {.seconds = 60});
  EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.reason;
}

}  // namespace
}  // namespace deltagauge
