#include "harness/report/run_step.h"

#include <limits>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

TEST(RunStepTest, IsReadAsItWasWritten) {
  const RunStep step = {3, 40, "kernel:T=65,\"x\"", "greedy", 0.25, 12.5};
  const std::string line = WriteRunStep(step);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(ReadRunStep(line), step);
}

TEST(RunStepTest, WhatIsNoNumberIsNone) {
  RunStep step;
  step.seconds_left = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ReadRunStep(WriteRunStep(step)), RunStep());
}

TEST(RunStepTest, OtherLinesAreNoSteps) {
  for (const char* const line : {"", "passed", "[]", "{}", R"({"event": "end"})", R"({"event": 1})",
                                 R"({"event": "progress", "done": 3} more)"}) {
    EXPECT_FALSE(ReadRunStep(line)) << line;
  }
  const auto strange = ReadRunStep(R"({"event": "progress", "done": "3", "case": 4, "total": 2})");
  ASSERT_TRUE(strange);
  EXPECT_EQ(strange->done, 0);
  EXPECT_EQ(strange->case_id, "");
  EXPECT_EQ(strange->total, 2);
}

}  // namespace
}  // namespace deltagauge
