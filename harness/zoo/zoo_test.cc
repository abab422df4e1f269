// Each fault on a small case that shows it, each variant on a few small cases: that the kernels of
// the zoo do what their tables say. What `quick` makes of them is the verb's to say.
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "harness/kernel/kernel_check.h"
#include "harness/zoo/zoo_kernel.h"

namespace deltagauge::zoo {
namespace {

KernelCase Parsed(const std::string& line) {
  const auto parsed = ParseCase(line);
  const auto* const kernel_case = std::get_if<KernelCase>(&parsed);
  EXPECT_NE(kernel_case, nullptr) << line;
  return kernel_case == nullptr ? KernelCase{} : *kernel_case;
}

TEST(ZooTest, NamesAreUniqueAndTheFaultsSayWhereTheyComeFrom) {
  std::set<std::string_view> names;
  for (const Member& fault : Faults()) {
    EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
    EXPECT_FALSE(fault.origin.empty() || fault.what.empty()) << fault.name;
    EXPECT_NE(fault.fault, Fault::kNone) << fault.name;
    EXPECT_NE(fault.shows_in.empty(), fault.why_missed.empty()) << fault.name;
  }
  for (const Member& variant : Variants()) {
    EXPECT_TRUE(names.insert(variant.name).second) << variant.name;
    EXPECT_EQ(variant.fault, Fault::kNone) << variant.name;
  }
  EXPECT_GE(Faults().size(), 60u);
  EXPECT_GE(Variants().size(), 60u);
}

// The plain kernel passes what the fault fails: it is the fault that is caught.
TEST(ZooTest, EachFaultIsCaughtWhereItShows) {
  const KernelFunction plain = KernelOf(Variants().front());
  std::set<std::string_view> clean;
  for (const Member& fault : Faults()) {
    if (fault.shows_in.empty() || KernelOf(fault) == nullptr) continue;
    SCOPED_TRACE(fault.name);
    const KernelCase c = Parsed(std::string(fault.shows_in));
    const CaseData data = MakeCaseData(c);
    if (clean.insert(fault.shows_in).second) {
      const CheckOutcome outcome = CheckKernel(c, data, plain);
      EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.reason;
    }
    EXPECT_EQ(CheckKernel(c, data, KernelOf(fault)).verdict, Verdict::kFailed) << fault.shows_in;
  }
}

TEST(ZooTest, EachVariantPassesSmallCases) {
  for (const std::string line :
       {"kernel:T=70,Hv=4,Hk=2,K=33,V=20,layout=strided,state_layout=vk,place=in,norm=l2",
        "kernel:lengths=5+0+34,Hv=2,K=32,decay=exp,beta_form=logit,map=tiled,snapshots=3",
        "kernel:T=20,Hv=2,K=16,gates=spikes,check=threads",
        "kernel:T=6,Hv=2,K=8,dtype=bfloat16,check=contagion"}) {
    const KernelCase c = Parsed(line);
    const CaseData data = MakeCaseData(c);
    for (const Member& variant : Variants()) {
      const KernelFunction kernel = KernelOf(variant);
      if (kernel == nullptr) continue;
      const CheckOutcome outcome = CheckKernel(c, data, kernel);
      EXPECT_EQ(outcome.verdict, Verdict::kPassed)
          << variant.name << " on " << line << ": " << outcome.reason;
    }
  }
}

}  // namespace
}  // namespace deltagauge::zoo
