#include "harness/timing/timing_counters.h"

#include "gtest/gtest.h"
#include "harness/timing/timing_control.h"

namespace deltagauge {
namespace {

// Either there are counts that fit the work, or a reason why there are none.
TEST(CountRunTest, CountsOrSaysWhyNot) {
  ControlCall control;
  const RunCounters counters = CountRun(control);
  if (counters.instructions.has_value()) {
    // 100,000 multiply-adds and a pass over a million words, at 2 to 40 words an instruction.
    EXPECT_GT(*counters.instructions, 1e5);
    EXPECT_LT(*counters.instructions, 2e7);
  } else {
    EXPECT_NE(counters.unavailable, "");
  }
  EXPECT_EQ(control.Defect(), "");
}

}  // namespace
}  // namespace deltagauge
