#include "harness/base/nearest_name.h"

#include <array>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"gates", "keys", "beta", "target"};

TEST(NearestNameTest, FindsTypingMistakes) {
  EXPECT_EQ(NearestName("gate", kNames), "gates");
  EXPECT_EQ(NearestName("kyes", kNames), "keys");  // a swap is one edit
  EXPECT_EQ(NearestName("traget", kNames), "target");
  EXPECT_EQ(NearestName("bea", kNames), "beta");
}

TEST(NearestNameTest, DoesNotGuessWildly) {
  EXPECT_EQ(NearestName("xyzzy", kNames), "");
  EXPECT_EQ(NearestName("", kNames), "");
  EXPECT_EQ(NearestName(std::string(100000, 'a'), kNames), "");
}

TEST(NameHintTest, OffersOneNameOrAllOfThem) {
  EXPECT_EQ(NameHint("gate", kNames), "did you mean 'gates'?");
  EXPECT_EQ(NameHint("xyzzy", kNames), "expected one of gates, keys, beta, target");
}

}  // namespace
}  // namespace deltagauge
