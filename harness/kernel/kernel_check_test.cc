// Each check is shown a kernel that has the fault it looks for.
#include "harness/kernel/kernel_check.h"

#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/thread_pool.h"
#include "harness/kernel/faulty_kernel.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

KernelCase Case(const std::string& line) {
  const auto parsed = ParseCase(line);
  if (const auto* error = std::get_if<CaseError>(&parsed)) {
    ADD_FAILURE() << line << ": " << error->Message();
    return {};
  }
  return std::get<KernelCase>(parsed);
}

CheckOutcome Check(const std::string& line, KernelFunction kernel) {
  const KernelCase c = Case(line);
  return CheckKernel(c, MakeCaseData(c), kernel);
}

struct FaultCase {
  const char* name;
  KernelFunction kernel;
  const char* line;
  Rule rule;
  Verdict verdict = Verdict::kFailed;
};

void PrintTo(const FaultCase& fault, std::ostream* out) { *out << fault.name; }

template <Fault fault>
constexpr FaultCase Shown(const char* name, const char* line, Rule rule,
                          Verdict verdict = Verdict::kFailed) {
  return {name, &FaultyKernel<fault>, line, rule, verdict};
}

const FaultCase kFaults[] = {
    // Memory.
    Shown<Fault::kWritesPastRow>("WritesPastRow", "kernel:T=5,K=8,layout=strided", Rule::kGuards),
    Shown<Fault::kWritesPastRow>("WritesPastLastRow", "kernel:T=5,K=8,Hv=1", Rule::kGuards),
    Shown<Fault::kWritesPastState>("WritesPastState", "kernel:T=5,K=8,Hv=1", Rule::kGuards),
    Shown<Fault::kNormalizesInPlace>("NormalizesInPlace", "kernel:T=5,K=8", Rule::kGuards),
    Shown<Fault::kWritesPastWorkspace>("WritesPastWorkspace", "kernel:T=5,K=8", Rule::kGuards),
    Shown<Fault::kLeavesLastRow>("LeavesLastRow", "kernel:T=5,K=8", Rule::kFinite),
    // Repetition and threads.
    Shown<Fault::kReadsWorkspace>("ReadsWorkspace", "kernel:T=5,K=8", Rule::kRepeatable),
    Shown<Fault::kDependsOnThread>("DependsOnThread", "kernel:T=5,K=8,Hv=4,check=threads",
                                   Rule::kRepeatable),
    Shown<Fault::kDropsTaskPerThread>(
        "DropsTaskPerThread", "kernel:T=5,K=8,Hv=4,threads=4,check=threads", Rule::kRepeatable),
    Shown<Fault::kDependsOnAlignment>("DependsOnAlignment", "kernel:T=5,K=8,check=layouts",
                                      Rule::kRepeatable),
    Shown<Fault::kDependsOnBatch>("DependsOnBatch", "kernel:B=2,T=5,K=8,check=neighbours",
                                  Rule::kRepeatable),
    Shown<Fault::kDependsOnPlace>("DependsOnPlace", "kernel:T=5,K=8,check=in_place",
                                  Rule::kRepeatable),
    // Flow.
    Shown<Fault::kForgetsState>("ForgetsState", "kernel:T=5,K=8,check=pieces", Rule::kElementwise),
    Shown<Fault::kSnapshotOffByOne>("SnapshotOffByOne", "kernel:T=5,K=8,check=snapshots",
                                    Rule::kElementwise),
    Shown<Fault::kSnapshotOffByOne>("SnapshotOffByOneInAccuracy", "kernel:T=5,K=8,snapshots=3",
                                    Rule::kElementwise),
    Shown<Fault::kEmptySlotsAreZero>("EmptySlotsAreZero", "kernel:T=5,K=8,check=snapshots",
                                     Rule::kRepeatable),
    Shown<Fault::kTouchesIdleState>("TouchesIdleState", "kernel:T=0,K=8", Rule::kRepeatable),
    Shown<Fault::kTouchesIdleState>("TouchesIdleStateAmongOthers", "kernel:lengths=3+0+2,K=8",
                                    Rule::kRepeatable),
    // Contagion.
    Shown<Fault::kMixesColumns>("MixesColumns", "kernel:T=9,K=8,check=contagion", Rule::kFinite),
    Shown<Fault::kMixesHeads>("MixesHeads", "kernel:T=9,K=8,check=contagion", Rule::kFinite),
    Shown<Fault::kMixesSequences>("MixesSequences", "kernel:B=2,T=5,K=8,check=neighbours",
                                  Rule::kRepeatable),
    Shown<Fault::kReadsAhead>("ReadsAhead", "kernel:T=9,K=8,check=contagion", Rule::kFinite),
    Shown<Fault::kCleansesOnReset>("CleansesOnReset", "kernel:T=30,K=8,gates=reset,check=contagion",
                                   Rule::kFinite),
    Shown<Fault::kCleansesOnReset>("CleansesDamagedState",
                                   "kernel:T=30,K=8,gates=reset,state=nonfinite", Rule::kFinite),
    Shown<Fault::kSwallowsNaN>("SwallowsNaN", "kernel:T=9,K=8,check=contagion", Rule::kFinite),
    // Conventions.
    Shown<Fault::kIgnoresHeadMap>("IgnoresHeadMap", "kernel:T=9,K=8,Hv=4,Hk=2,map=tiled",
                                  Rule::kElementwise),
    Shown<Fault::kIgnoresStateLayout>("IgnoresStateLayout", "kernel:T=9,K=8,state_layout=vk",
                                      Rule::kElementwise),
    Shown<Fault::kIgnoresStateLayout>("IgnoresStateLayoutInLayouts", "kernel:T=9,K=8,check=layouts",
                                      Rule::kElementwise),
    Shown<Fault::kIgnoresDecayForm>("IgnoresDecayForm", "kernel:T=9,K=8,decay=exp",
                                    Rule::kElementwise),
    Shown<Fault::kIgnoresBetaForm>("IgnoresBetaForm", "kernel:T=9,K=8,beta_form=logit",
                                   Rule::kElementwise),
    Shown<Fault::kIgnoresNorm>("IgnoresNorm", "kernel:T=9,K=8,norm=l2", Rule::kElementwise),
    Shown<Fault::kClampsNorm>("ClampsNorm", "kernel:T=9,K=8,norm=l2,keys=small",
                              Rule::kElementwise),
    Shown<Fault::kIgnoresScale>("IgnoresScale", "kernel:T=9,K=8", Rule::kElementwise),
    Shown<Fault::kTruncatesBFloat16>("TruncatesBFloat16", "kernel:T=9,K=8,dtype=bfloat16",
                                     Rule::kElementwise),
    // Accuracy.
    Shown<Fault::kReturnsZeros>("ReturnsZeros", "kernel:T=9,K=8", Rule::kElementwise),
    Shown<Fault::kPrefixDifferences>("PrefixDifferences", "kernel:T=65,K=64,gates=spikes",
                                     Rule::kElementwise),
    Shown<Fault::kStateInBFloat16>("StateInBFloat16", "kernel:T=9,K=8", Rule::kElementwise),
    Shown<Fault::kOutputReadsOldState>("OutputReadsOldState", "kernel:T=9,K=8", Rule::kElementwise),
    // Refusal.
    Shown<Fault::kRefusesEverything>("RefusesEverything", "kernel:T=9,K=8", Rule::kNotVacuous,
                                     Verdict::kError),
    Shown<Fault::kRefusesEverything>("RefusesEverythingInPieces", "kernel:T=9,K=8,check=pieces",
                                     Rule::kNotVacuous, Verdict::kError),
};

class FaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, IsFoundByItsCheckAndOnlyThere) {
  const FaultCase& fault = GetParam();
  // Without the fault the same case passes, so it is the fault that was found.
  const CheckOutcome sound = Check(fault.line, &FaultyKernel<Fault::kNone>);
  EXPECT_EQ(sound.verdict, Verdict::kPassed) << sound.reason;

  const CheckOutcome outcome = Check(fault.line, fault.kernel);
  EXPECT_EQ(outcome.verdict, fault.verdict);
  EXPECT_FALSE(outcome.reason.empty());
  bool rule_spoke = false;
  for (const Finding& finding : outcome.findings) {
    rule_spoke |= finding.rule == fault.rule && finding.verdict == fault.verdict;
  }
  EXPECT_TRUE(rule_spoke) << InfoOf(fault.rule).id << " said nothing; the reason was "
                          << outcome.reason;
}

INSTANTIATE_TEST_SUITE_P(All, FaultTest, ::testing::ValuesIn(kFaults),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(KernelCheckTest, AKernelWithoutFaultPassesEveryCheck) {
  for (const NamedValue<CheckKind>& check : NamesOf<CheckKind>()) {
    for (const char* more : {"B=2,T=17,K=16,V=5,Hv=4,Hk=2", "B=2,T=6,K=5,dtype=bfloat16",
                             "B=2,T=9,K=8,gates=spikes,norm=l2,beta_form=logit,decay=exp"}) {
      const std::string line = std::string("kernel:") + more + ",check=" + std::string(check.name);
      const CheckOutcome outcome = Check(line, &FaultyKernel<Fault::kNone>);
      EXPECT_EQ(outcome.verdict, Verdict::kPassed) << line << ": " << outcome.reason;
      EXPECT_EQ(outcome.target, ActiveTarget());
      EXPECT_GE(outcome.findings.size(), 5u);
    }
  }
}

TEST(KernelCheckTest, AnotherTargetThanTheForcedOneIsInvalid) {
  const std::string line = std::string("kernel:T=5,K=8,target=") + ActiveTarget();
  const CheckOutcome outcome = Check(line, &FaultyKernel<Fault::kReportsOtherTarget>);
  EXPECT_EQ(outcome.verdict, Verdict::kInvalid);
  EXPECT_THAT(outcome.reason, HasSubstr("but OTHER ran"));
}

TEST(KernelCheckTest, ATargetThatDoesNotRunHereIsSkipped) {
  const CheckOutcome outcome = Check("kernel:T=5,target=AVX99", &FaultyKernel<Fault::kNone>);
  EXPECT_EQ(outcome.verdict, Verdict::kSkipped);
  EXPECT_THAT(outcome.reason, HasSubstr(RunnableTargets().front()));
}

TEST(KernelCheckTest, VacuousCasesAreInvalid) {
  const auto verdict = [](const char* line) {
    return Check(line, &FaultyKernel<Fault::kNone>).verdict;
  };
  EXPECT_EQ(verdict("kernel:T=0,place=discard"), Verdict::kInvalid);         // nothing comes out
  EXPECT_EQ(verdict("kernel:T=5,beta=zero,state=zero"), Verdict::kInvalid);  // all zeros
  EXPECT_EQ(verdict("kernel:T=5,check=neighbours"), Verdict::kInvalid);      // no neighbour
  EXPECT_EQ(verdict("kernel:T=0,check=pieces"), Verdict::kInvalid);
  EXPECT_EQ(verdict("kernel:T=0,check=contagion"), Verdict::kInvalid);
}

TEST(KernelCheckTest, CasesThatDoNotFitTogetherAreErrors) {
  KernelCase c;
  c.key_heads = 3;
  EXPECT_EQ(CheckKernel(c).verdict, Verdict::kError);
}

TEST(KernelCheckTest, AccuracyReportsItsFiguresBesideThoseOfTheReferences) {
  const CheckOutcome outcome = Check("kernel:T=9,K=16", &FaultyKernel<Fault::kNone>);
  ASSERT_EQ(outcome.tensors.size(), 2u);
  for (const TensorReport& tensor : outcome.tensors) {
    EXPECT_GT(tensor.result.rel_rmse, 0);
    EXPECT_LT(tensor.result.rel_rmse, 1e-6);
    EXPECT_GT(tensor.recurrent.rel_rmse, 0);
    EXPECT_GT(tensor.chunked.rel_rmse, 0);
    EXPECT_GT(tensor.result.ulp_max, 0);
    EXPECT_FALSE(tensor.digest.hash.empty());
  }
}

std::vector<std::string> Messages(const CheckOutcome& outcome) {
  std::vector<std::string> messages;
  for (const Finding& finding : outcome.findings) messages.push_back(finding.Message());
  return messages;
}

// What one kernel's check leaves in the data must not colour another's.
TEST(KernelCheckTest, KernelsThatShareDataAreJudgedAsEachAlone) {
  const std::vector<KernelFunction> kernels = {
      &FaultyKernel<Fault::kSwallowsNaN>, &FaultyKernel<Fault::kNone>,
      &FaultyKernel<Fault::kSnapshotOffByOne>, &FaultyKernel<Fault::kIgnoresScale>};
  for (const std::string line :
       {"kernel:T=6,K=8,Hv=4,Hk=2,check=contagion", "kernel:T=6,K=8,check=snapshots",
        "kernel:lengths=5+0+6,K=8,snapshots=2", "kernel:T=9,K=8,check=pieces"}) {
    const KernelCase c = Case(line);
    const CaseData shared = MakeCaseData(c);
    for (const KernelFunction kernel : kernels) {
      const CheckOutcome alone = CheckKernel(c, MakeCaseData(c), kernel);
      EXPECT_EQ(Messages(CheckKernel(c, shared, kernel)), Messages(alone)) << line;
      const CheckOutcome bare = CheckKernel(c, shared, kernel, {.figures = Figures::kJudged});
      EXPECT_EQ(Messages(bare), Messages(alone)) << line;
      for (const TensorReport& tensor : bare.tensors) {
        EXPECT_EQ(tensor.result.ulp_max, 0);
        EXPECT_TRUE(tensor.digest.hash.empty());
      }
    }
  }
}

// Under ThreadSanitizer, too.
TEST(KernelCheckTest, KernelsThatRunAtTheSameTimeMayShareData) {
  struct Shared {
    KernelCase kernel_case = Case("kernel:T=5,K=8,check=contagion");
    CaseData data = MakeCaseData(kernel_case);
  };
  const Shared shared;
  ThreadPool pool(3);
  const auto check = [](const void* context, int /*task*/, int /*thread*/) {
    const auto& s = *static_cast<const Shared*>(context);
    EXPECT_EQ(CheckKernel(s.kernel_case, s.data, &FaultyKernel<Fault::kNone>).reason, "");
  };
  pool.Run(6, check, &shared);
}

}  // namespace
}  // namespace deltagauge
