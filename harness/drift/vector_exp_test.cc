#include "harness/drift/vector_exp.h"

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"
#include "harness/drift/logit_row.h"

namespace deltagauge {
namespace {

double UlpsOff(double x) {
  const double expected = std::exp(x);
  return std::abs(ExpInRange(x) - expected) / UlpAt(expected, LogitType::kFloat64);
}

TEST(VectorExpTest, IsWithinTwoUlpOfTheLibrary) {
  TestRandom random(1);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    worst = std::max(worst, UlpsOff(kLeastExponent * random.Uniform()));
    worst = std::max(worst, UlpsOff(-30 * random.Uniform()));    // where logits are
    worst = std::max(worst, UlpsOff(-1e-4 * random.Uniform()));  // next to 1
  }
  EXPECT_LE(worst, 2);
  EXPECT_GT(worst, 0);
}

// Where the nearest multiple of ln 2 changes, the reduced argument is largest.
TEST(VectorExpTest, HoldsWhereTheReductionTurns) {
  double worst = 0;
  for (int n = 0; n < 1020; ++n) {
    const double turn = -(n + 0.5) * 0.6931471805599453;
    for (const double x : {turn, std::nextafter(turn, 0.0), std::nextafter(turn, -1000.0)}) {
      worst = std::max(worst, UlpsOff(x));
    }
  }
  EXPECT_LE(worst, 2);
}

TEST(VectorExpTest, Ends) {
  EXPECT_EQ(ExpInRange(0), 1);
  EXPECT_EQ(ExpInRange(-0.0), 1);
  EXPECT_GT(ExpInRange(kLeastExponent), 3e-308);
  EXPECT_LT(ExpInRange(kLeastExponent), 4e-308);
}

}  // namespace
}  // namespace deltagauge
