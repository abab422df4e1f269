#include "harness/candidate/isolation_shift.h"

#include <stdexcept>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/worker_notes.h"

namespace deltagauge {
namespace {

constexpr double kLimit = 0.01;
constexpr int kQuads = 12;

bool IsInWorker() { return CurrentWorkerNotes() != nullptr; }

IsolationShift ShiftOf(double planted) {
  return MeasureIsolationShift([=] { return IsInWorker() ? 1e6 * (1 + planted) : 1e6; }, {}, kLimit,
                               kQuads);
}

TEST(IsolationShiftTest, WithoutAShiftItPasses) {
  const IsolationShift shift = ShiftOf(0);
  EXPECT_EQ(shift.verdict, Verdict::kPassed);
  EXPECT_DOUBLE_EQ(shift.ratio.point, 1);
  EXPECT_DOUBLE_EQ(shift.times.a_ns, 1e6);
}

TEST(IsolationShiftTest, APlantedShiftFailsInEitherDirection) {
  if (IsolationHere() != Isolation::kAnyBody) GTEST_SKIP() << "no fork on this system";
  EXPECT_EQ(ShiftOf(0.009).verdict, Verdict::kPassed);
  EXPECT_EQ(ShiftOf(0.011).verdict, Verdict::kFailed);
  EXPECT_EQ(ShiftOf(-0.011).verdict, Verdict::kFailed);
  EXPECT_NEAR(ShiftOf(0.03).ratio.point, 1.03, 1e-6);
  EXPECT_DOUBLE_EQ(ShiftOf(0.03).times.a_ns, 1.03e6);
}

TEST(IsolationShiftTest, AWorkerWithoutAnAnswerIsAnError) {
  const auto measure = [] {
    MeasureIsolationShift([]() -> double { throw std::runtime_error("no luck"); }, {}, kLimit, 1);
  };
  EXPECT_THAT(measure, ::testing::ThrowsMessage<std::runtime_error>(
                           "the worker threw an exception: no luck"));
}

}  // namespace
}  // namespace deltagauge
