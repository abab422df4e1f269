#include "harness/release/release_agreement.h"

#include <vector>

#include "gtest/gtest.h"
#include "harness/release/release_example_test.h"

namespace deltagauge {
namespace {

PlatformAgreement Compare(const Report& a, const Report& b) {
  const std::vector<const Report*> of_a = {&a}, of_b = {&b};
  return ComparePlatforms("a", of_a, "b", of_b);
}

TEST(ReleaseAgreementTest, AReportAgreesWithItselfToTheBit) {
  const Report report = ReportOfPlatform("linux-x86_64", "AVX2");
  const PlatformAgreement agreement = Compare(report, report);
  EXPECT_EQ(agreement.cases, 12);
  EXPECT_EQ(agreement.same_inputs, 12);
  EXPECT_EQ(agreement.tensors, 24);
  EXPECT_EQ(agreement.same_tensors, 24);
  EXPECT_EQ(agreement.largest.at("float32").distance, 0);
}

TEST(ReleaseAgreementTest, TheLargestDistanceIsKeptWithItsPlace) {
  const Report a = ReportOfPlatform("linux-x86_64", "AVX2");
  Report b = ReportOfPlatform("linux-x86_64", "AVX2", 1);
  const Report far = ReportOfPlatform("linux-x86_64", "AVX2", 50);
  b.cases[5] = far.cases[5];
  const PlatformAgreement agreement = Compare(a, b);
  EXPECT_EQ(agreement.largest.at("float32").id, b.cases[5].id);
  EXPECT_GT(agreement.largest.at("float32").distance, 1e-6);
  EXPECT_EQ(agreement.same_tensors, 0);
}

TEST(ReleaseAgreementTest, OnlyPassedKernelCasesWithInputsCount) {
  const Report a = ReportOfPlatform("linux-x86_64", "AVX2");
  Report b = a;
  b.cases[0].status = Verdict::kFailed;
  b.cases[1].correctness->input_hash.reset();  // written by an older version
  b.cases[2].kind = "captured";
  b.cases[3].id = "kernel:T=999";
  b.cases[4].correctness->tensors[0].digest.reset();
  const PlatformAgreement agreement = Compare(a, b);
  EXPECT_EQ(agreement.cases, 8);
  EXPECT_EQ(agreement.tensors, 15);
}

TEST(ReleaseAgreementTest, CasesOfSeveralReportsAddUp) {
  const Report whole = ReportOfPlatform("linux-x86_64", "AVX2");
  Report first = whole, second = whole;
  first.cases.resize(5);
  second.cases.erase(second.cases.begin(), second.cases.begin() + 4);
  const std::vector<const Report*> one = {&whole}, two = {&first, &second};
  EXPECT_EQ(ComparePlatforms("a", one, "b", two).cases, 12);
}

TEST(ReleaseAgreementTest, CasesWithOtherInputsAreNotComparedFurther) {
  const Report a = ReportOfPlatform("linux-x86_64", "AVX2");
  Report b = a;
  b.cases[0].correctness->input_hash = "0";
  const PlatformAgreement agreement = Compare(a, b);
  EXPECT_EQ(agreement.other_inputs.size(), 1u);
  EXPECT_EQ(agreement.other_inputs[0].id, a.cases[0].id);
  EXPECT_EQ(agreement.tensors, 22);
}

}  // namespace
}  // namespace deltagauge
