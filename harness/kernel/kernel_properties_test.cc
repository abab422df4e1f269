// The fused kernel on cases that nobody thought of: everything drawn at random from fixed seeds, on
// every target. A failure prints the line that runs it again.
#include <cstdint>

#include "gtest/gtest.h"
#include "harness/kernel/kernel_plan.h"
#include "harness/kernel/kernel_test_cases.h"

namespace deltagauge {
namespace {

// In parts, so that ctest can run them side by side.
class KernelPropertiesTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(KernelPropertiesTest, RandomCasesPass) {
  const auto cases = static_cast<uint64_t>(TestPercent());
  for (uint64_t i = 0; i < cases && !HasFailure(); ++i) {
    ExpectPassesOnAllTargets(RandomKernelCase(GetParam() * 1'000'000 + i));
  }
}

INSTANTIATE_TEST_SUITE_P(Part, KernelPropertiesTest, ::testing::Range<uint64_t>(0, 4));

}  // namespace
}  // namespace deltagauge
