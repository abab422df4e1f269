#include "reference/error_text.h"

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace deltagauge::reference {
namespace {

TEST(ErrorTextTest, QuotedIsSafeToPrint) {
  EXPECT_EQ(Quoted("norm.weight"), "'norm.weight'");
  EXPECT_EQ(Quoted("a\n\x1b\x7f\xff"), "'a\\x0a\\x1b\\x7f\\xff'");
  EXPECT_EQ(Quoted(std::string_view("\0b", 2)), "'\\x00b'");
  EXPECT_EQ(Quoted(std::string(160, 'a')).size(), 162u);
  EXPECT_EQ(Quoted(std::string(1000, 'a')), "'" + std::string(160, 'a') + "...'");
}

TEST(ErrorTextTest, NearestName) {
  constexpr std::array<std::string_view, 3> kNames = {"layers.0.linear_attn.in_proj_qkv.weight",
                                                      "layers.0.linear_attn.in_proj_z.weight",
                                                      "norm.weight"};
  EXPECT_EQ(NearestNameHint("layers.0.linear_attn.in_proj_qvk.weight", kNames),
            "did you mean 'layers.0.linear_attn.in_proj_qkv.weight'?");
  EXPECT_EQ(NearestNameHint("norm.weigth", kNames), "did you mean 'norm.weight'?");
  EXPECT_EQ(NearestNameHint("classifier.bias", kNames), "");
  EXPECT_EQ(NearestNameHint("", kNames), "");
  EXPECT_EQ(NearestNameHint(std::string(100'000, 'a'), kNames), "");
  EXPECT_EQ(NearestNameHint("norm.weight", {}), "");
}

TEST(PathNameTest, IsUtf8ThereAndBack) {
  const std::string name = "k\xc3\xa4rn/\xce\xb4 1.dll";
  EXPECT_EQ(PathName(PathOf(name)), name);
  EXPECT_EQ(PathOf(name).filename(), std::filesystem::path(u8"\u03b4 1.dll"));
  EXPECT_EQ(PathName(PathOf("")), "");
}

}  // namespace
}  // namespace deltagauge::reference
