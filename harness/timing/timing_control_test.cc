#include "harness/timing/timing_control.h"

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

TEST(ControlCallTest, DoesItsWork) {
  ControlCall control;
  EXPECT_EQ(control.Defect(), "");
  for (int i = 0; i < 3; ++i) control.Run();
  EXPECT_EQ(control.Defect(), "");
  EXPECT_EQ(control.Name(), "control");
}

}  // namespace
}  // namespace deltagauge
