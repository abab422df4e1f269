#include "harness/run/case_runner.h"

#include <stdexcept>
#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/run/run_test_world.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

Status Throws(const GatedDeltaRuleArgs&, Workspace, ParallelFor&, RunInfo*) {
  throw std::runtime_error("out of order");
}

class CaseRunnerTest : public ::testing::Test {
 protected:
  CaseRunnerTest() {
    Add("good", &FaultyKernel<Fault::kNone>);
    Add("wrong", &FaultyKernel<Fault::kIgnoresScale>);
    Add("throws", &Throws);
    Add("other_target", &FaultyKernel<Fault::kReportsOtherTarget>);
    Add("no_kernel", nullptr);
    services_.candidates = &candidates_;
    services_.clock = TestWorld().clock;
    services_.cancelled = [] { return false; };
  }

  void Add(const std::string& name, KernelFunction kernel) {
    candidates_.Add(
        {.name = name, .version = "", .description = "", .kernel = kernel, .make_arm = {}});
  }

  static PlanEntry Entry(const std::string& line) {
    const RunCase run_case = std::get<RunCase>(ParseRunCase(line));
    return {.id = CaseId(run_case), .run_case = run_case, .pass = "", .estimated_s = 1};
  }

  CandidateSet candidates_;
  RunServices services_;
};

constexpr const char* kKernel = "kernel:T=5,Hv=2,Hk=1,K=16,V=16,seed=7,candidate=";

std::string OnActiveTarget(const std::string& candidate) {
  return kKernel + candidate + ",target=" + ActiveTarget();
}

TEST_F(CaseRunnerTest, SaysWhatRanAndHow) {
  CaseRunner runner(services_);
  const PlanEntry entry = Entry(std::string(kKernel) + "good");
  const CaseReport report = runner.Run(entry);
  EXPECT_EQ(report.status, Verdict::kPassed) << report.reason;
  EXPECT_EQ(report.reason, "");
  EXPECT_EQ(report.reason_code, "");
  EXPECT_EQ(report.id, entry.id);
  EXPECT_EQ(report.kind, "kernel");
  EXPECT_EQ(report.candidate, "good");
  EXPECT_EQ(report.seed, 7u);
  EXPECT_EQ(report.params.at("tokens"), "5");
  EXPECT_EQ(std::get<RunCase>(ParseRunCase(report.repro)), entry.run_case);
  ASSERT_TRUE(report.correctness.has_value());
  EXPECT_EQ(report.correctness->check, "accuracy");
  EXPECT_NE(report.correctness->target, "");
  ASSERT_EQ(report.correctness->tensors.size(), 2u);
  EXPECT_EQ(report.correctness->tensors[0].name, "output");
  EXPECT_THAT(report.correctness->tensors[0].shape, ElementsAre(1, 2, 5, 16));
  EXPECT_THAT(report.correctness->tensors[1].shape, ElementsAre(1, 2, 16, 16));
  EXPECT_THAT(report.metrics, Contains(Field(&Metric::name, "kernel.error_ratio")));
}

TEST_F(CaseRunnerTest, AWrongKernelFails) {
  CaseRunner runner(services_);
  const CaseReport report = runner.Run(Entry(std::string(kKernel) + "wrong"));
  EXPECT_EQ(report.status, Verdict::kFailed);
  EXPECT_EQ(report.reason_code, "rule");
  EXPECT_THAT(report.reason, HasSubstr("output failed"));
}

TEST_F(CaseRunnerTest, AnExceptionIsAnError) {
  CaseRunner runner(services_);
  const CaseReport report = runner.Run(Entry(std::string(kKernel) + "throws"));
  EXPECT_EQ(report.status, Verdict::kError);
  EXPECT_EQ(report.reason_code, "exception");
  EXPECT_EQ(report.reason, "out of order");
}

TEST_F(CaseRunnerTest, AnUnknownCandidateIsAnError) {
  CaseRunner runner(services_);
  const CaseReport report = runner.Run(Entry(std::string(kKernel) + "god"));
  EXPECT_EQ(report.status, Verdict::kError);
  EXPECT_THAT(report.reason, AllOf(HasSubstr("unknown candidate 'god'"), HasSubstr("good")));
}

TEST_F(CaseRunnerTest, TheWrongCodeIsInvalid) {
  CaseRunner runner(services_);
  const CaseReport report = runner.Run(Entry(OnActiveTarget("other_target")));
  EXPECT_EQ(report.status, Verdict::kInvalid);
  EXPECT_EQ(report.reason_code, "vacuous");
  EXPECT_THAT(report.reason, HasSubstr("OTHER"));
}

TEST_F(CaseRunnerTest, WithoutAKernelThereIsNothingToSay) {
  CaseRunner runner(services_);
  const CaseReport report = runner.Run(Entry(std::string(kKernel) + "no_kernel"));
  EXPECT_EQ(report.status, Verdict::kSkipped);
  EXPECT_EQ(report.reason_code, "no_kernel");
  EXPECT_FALSE(report.correctness.has_value());
}

TEST_F(CaseRunnerTest, SpeedCountsOnlyBehindAGreenGate) {
  for (const char* const candidate : {"wrong", "throws", "other_target"}) {
    SCOPED_TRACE(candidate);
    CaseRunner runner(services_);
    runner.Run(Entry(OnActiveTarget(candidate)));
    for (const char* const kind : {"timing:", "prefill:", "decode:"}) {
      const CaseReport report = runner.Run(Entry(std::string(kind) + "candidate=" + candidate));
      EXPECT_EQ(report.status, Verdict::kSkipped);
      EXPECT_EQ(report.reason_code, "correctness");
      EXPECT_THAT(report.reason, HasSubstr(candidate));
      EXPECT_FALSE(report.performance.has_value());
      EXPECT_TRUE(report.metrics.empty());
    }
  }
}

TEST_F(CaseRunnerTest, TheGateIsOfTheCandidateThatFailed) {
  CaseRunner runner(services_);
  runner.Run(Entry(std::string(kKernel) + "wrong"));
  runner.Run(Entry(std::string(kKernel) + "good"));
  const CaseReport report = runner.Run(Entry("timing:tokens=1,candidate=good"));
  EXPECT_NE(report.reason_code, "correctness");
}

TEST_F(CaseRunnerTest, KnowsWhatFailedBeforeAnInterruption) {
  CaseReport before;
  before.kind = "drift";
  before.candidate = "good";
  before.status = Verdict::kFailed;
  CaseRunner runner(services_);
  runner.Resume(Entry("drift:candidate=good"), before);
  EXPECT_EQ(runner.Run(Entry("timing:candidate=good")).reason_code, "correctness");
}

TEST_F(CaseRunnerTest, ASlowCandidateMayBeTimedAgain) {
  CaseReport before;
  before.kind = "prefill";
  before.candidate = "good";
  before.status = Verdict::kFailed;
  CaseRunner runner(services_);
  runner.Resume(Entry("prefill:candidate=good"), before);
  EXPECT_NE(runner.Run(Entry("timing:candidate=good")).reason_code, "correctness");
}

// This program is linked without libtorch; run_model_test.cc is with it.
TEST_F(CaseRunnerTest, WithoutLibtorchModelsAreSkipped) {
  CaseRunner runner(services_);
  for (const char* const kind : {"captured:", "drift:", "agreement:", "greedy:", "invariance:",
                                 "timing:", "prefill:", "decode:"}) {
    const CaseReport report = runner.Run(Entry(kind));
    EXPECT_EQ(report.status, Verdict::kSkipped) << kind;
    EXPECT_EQ(report.reason_code, "no_libtorch") << kind;
  }
  EXPECT_TRUE(runner.models().Models().empty());
  EXPECT_EQ(runner.models().LibtorchVersion(), "");
}

}  // namespace
}  // namespace deltagauge
