#include "reference/unicode_text.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

TEST(UnicodeTextTest, NfcOfKnownText) {
  EXPECT_EQ(ToNfc("cafe\u0301"), "caf\u00e9");
  EXPECT_EQ(ToNfc("\u212b \u212a \u037e"), "\u00c5 K ;");            // singletons
  EXPECT_EQ(ToNfc("\u1100\u1161\u11a8"), "\uac01");                  // Hangul
  EXPECT_EQ(ToNfc("\u0958"), "\u0915\u093c");                        // composition exclusion
  EXPECT_EQ(ToNfc("a\u0301\u0323"), "\u1ea1\u0301");                 // order of marks
  EXPECT_EQ(ToNfc("\ufb01 \u00bd \u2167"), "\ufb01 \u00bd \u2167");  // no compatibility
  EXPECT_EQ(ToNfc(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
  EXPECT_EQ(ToNfc(""), "");
}

TEST(UnicodeTextTest, IsNfcAgreesWithToNfc) {
  for (const char* const text : {"", "abc", "\u00e9", "e\u0301", "\u212b", "\u1100\u1161", "\u0301",
                                 "\u65e5", "\u0958", "\u02ff", "\u0300"}) {
    EXPECT_EQ(IsNfc(text), ToNfc(text) == text) << text;
  }
}

// What IsNfc's short cut rests on: below U+0300 nothing changes, whatever stands beside it.
TEST(UnicodeTextTest, BelowTheFirstMarkAllTextIsNfc) {
  std::string text;
  for (char32_t c = 0; c < 0x300; ++c) {
    AppendUtf8(c, text);
    for (const char32_t next : {U'A', char32_t{0xE9}, char32_t{0x2FF}}) {
      AppendUtf8(next, text);
      AppendUtf8(c, text);
    }
  }
  EXPECT_EQ(ToNfc(text), text);
  EXPECT_TRUE(IsNfc(text));
}

TEST(UnicodeTextTest, WhiteSpaceHas25CodePoints) {
  std::set<char32_t> expected = {0x9,  0xA,    0xB,    0xC,    0xD,    0x20,   0x85,
                                 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
  for (char32_t c = 0x2000; c <= 0x200A; ++c) expected.insert(c);
  ASSERT_EQ(expected.size(), 25u);
  std::set<char32_t> found;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (IsWhiteSpace(c)) found.insert(c);
  }
  EXPECT_EQ(found, expected);
}

TEST(UnicodeTextTest, WordCharacters) {
  for (const char32_t c : {U'a', U'_', U'7', char32_t{0xE9}, char32_t{0x301}, char32_t{0x200D},
                           char32_t{0x4E00}, char32_t{0x663}, char32_t{0x2167}, char32_t{0x24B6}}) {
    EXPECT_TRUE(IsWordCharacter(c)) << uint32_t{c};
  }
  for (const char32_t c : {U' ', U'-', U'<', char32_t{0xBD}, char32_t{0x200B}, char32_t{0x2019}}) {
    EXPECT_FALSE(IsWordCharacter(c)) << uint32_t{c};
  }
}

}  // namespace
}  // namespace deltagauge::reference
