#include "reference/utf8.h"

#include <string>

#include "gtest/gtest.h"
#include "reference/byte_alphabet.h"

namespace deltagauge::reference {
namespace {

std::string Of(char32_t code_point) {
  std::string text;
  AppendUtf8(code_point, text);
  return text;
}

TEST(Utf8Test, EveryScalarValueReadsBack) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c == 0xD800) c = 0xE000;
    const std::string text = Of(c);
    const Utf8Step step = ReadUtf8(text, 0);
    ASSERT_TRUE(step.valid) << uint32_t{c};
    ASSERT_EQ(step.code_point, c);
    ASSERT_EQ(step.length, text.size());
  }
}

TEST(Utf8Test, KnownEncodings) {
  EXPECT_EQ(Of('a'), "a");
  EXPECT_EQ(Of(0xE9), "\xc3\xa9");
  EXPECT_EQ(Of(0x20AC), "\xe2\x82\xac");
  EXPECT_EQ(Of(0x1F600), "\xf0\x9f\x98\x80");
}

TEST(Utf8Test, FindsTheFirstInvalidByte) {
  EXPECT_EQ(FindInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("a\xc3\xa9z"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("a\xc3\xa9\xc3"), 3u);     // cut
  EXPECT_EQ(FindInvalidUtf8("\x80"), 0u);              // a continuation alone
  EXPECT_EQ(FindInvalidUtf8("ab\xc0\xaf"), 2u);        // overlong
  EXPECT_EQ(FindInvalidUtf8("\xe0\x9f\xbf"), 0u);      // overlong
  EXPECT_EQ(FindInvalidUtf8("\xf0\x8f\xbf\xbf"), 0u);  // overlong
  EXPECT_EQ(FindInvalidUtf8("abc\xed\xa0\x80"), 3u);   // a surrogate
  EXPECT_EQ(FindInvalidUtf8("\xf4\x90\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(FindInvalidUtf8("\xf5\x80\x80\x80"), 0u);
  EXPECT_EQ(FindInvalidUtf8("a\xff"), 1u);
}

// The Unicode Standard, table 3-11 and its neighbours.
TEST(Utf8Test, OneReplacementForEachMaximalSubpart) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(ReplaceInvalidUtf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            std::string("a") + r + r + r + "b" + r + "c" + r + r + "d");
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            r + r + r + r + r + r + r + r + std::string("A"));
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80\x41"), r + r + r + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x9F\x98"), r);
  EXPECT_EQ(ReplaceInvalidUtf8("\xc3\xa9"), "\xc3\xa9");
}

TEST(ByteAlphabetTest, KnownLetters) {
  EXPECT_EQ(LetterOfByte('a'), U'a');
  EXPECT_EQ(LetterOfByte(0), char32_t{0x100});
  EXPECT_EQ(LetterOfByte('\n'), char32_t{0x10A});
  EXPECT_EQ(LetterOfByte(' '), char32_t{0x120});
  EXPECT_EQ(LetterOfByte(0x7F), char32_t{0x121});
  EXPECT_EQ(LetterOfByte(0xA0), char32_t{0x142});
  EXPECT_EQ(LetterOfByte(0xAD), char32_t{0x143});  // the last
  EXPECT_EQ(LetterOfByte(0xE9), char32_t{0xE9});
}

TEST(ByteAlphabetTest, EachByteHasALetterOfItsOwn) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    EXPECT_EQ(BytesOfPiece(PieceOfBytes(one)), one) << byte;
    all += one;
  }
  EXPECT_EQ(BytesOfPiece(PieceOfBytes(all)), all);
}

TEST(ByteAlphabetTest, OtherCharactersSpellNothing) {
  for (const char32_t c : {0x20, 0x7F, 0xA0, 0xAD, 0x144, 0x4E00, 0x1F600}) {
    std::string piece = "ab";
    AppendUtf8(c, piece);
    EXPECT_EQ(BytesOfPiece(piece), std::nullopt) << uint32_t{c};
  }
}

}  // namespace
}  // namespace deltagauge::reference
