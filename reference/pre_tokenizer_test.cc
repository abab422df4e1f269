#include "reference/pre_tokenizer.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/pattern_syntax.h"
#include "reference/small_tokenizer_test.h"
#include "reference/unicode_text.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> Pieces(const PreTokenizer& pre_tokenizer, std::string_view text) {
  PieceReader reader(pre_tokenizer);
  reader.Start(text);
  std::vector<std::string> pieces;
  while (const auto piece = reader.Next()) pieces.emplace_back(*piece);
  return pieces;
}

std::vector<std::string> QwenPieces(std::string_view text) {
  return Pieces(PreTokenizer(kQwenPattern, "pattern"), ToNfc(text));
}

std::string ErrorOf(std::string_view pattern) {
  try {
    PreTokenizer(pattern, "t.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

// From tokenizers 0.23.3.
TEST(PreTokenizerTest, QwenVectors) {
  EXPECT_THAT(QwenPieces("Hello, world!  12345"),
              ElementsAre("Hello", ",", " world", "!", " ", " ", "1", "2", "3", "4", "5"));
  EXPECT_THAT(
      QwenPieces("I'll can't WE'RE 'Sx a'\u017fb"),
      ElementsAre("I", "'ll", " can", "'t", " WE", "'RE", " '", "Sx", " a", "'\u017f", "b"));
  EXPECT_THAT(QwenPieces("x =  y;\n\n  z\t\tw  "),
              ElementsAre("x", " =", " ", " y", ";\n\n", " ", " z", "\t", "\tw", "  "));
  EXPECT_THAT(QwenPieces("\n\n \n a...\r\nb"), ElementsAre("\n\n \n", " a", "...\r\n", "b"));
  EXPECT_THAT(QwenPieces("foo_bar(baz)->x\n"),
              ElementsAre("foo", "_bar", "(baz", ")->", "x", "\n"));
  EXPECT_THAT(QwenPieces("1\u0663\u00bd\u2167"), ElementsAre("1", "\u0663", "\u00bd", "\u2167"));
  EXPECT_THAT(QwenPieces("\u0301a  \u0301 cafe\u0301 \u0915\u094d\u0937"),
              ElementsAre("\u0301a", " ", " \u0301", " caf\u00e9", " \u0915\u094d\u0937"));
  EXPECT_THAT(QwenPieces("\u00a0x\u3000\u3000y"), ElementsAre("\u00a0x", "\u3000", "\u3000y"));
}

TEST(PreTokenizerTest, WhiteSpaceIsUnicodesAndNoMore) {
  const PreTokenizer space(R"(\s)", "pattern");
  const PreTokenizer in_class(R"([\s])", "pattern");
  const PreTokenizer other(R"(\S)", "pattern");
  const PreTokenizer negated(R"([^\S])", "pattern");
  int count = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c == 0xD800) c = 0xE000;
    if (c > 0x3100 && c % 251 != 0) continue;  // beyond the last one a sample will do
    std::string text = "..";
    AppendUtf8(c, text);
    // "." is no match of \s: it parts ".." from the character only if that one is a match.
    const size_t expected = IsWhiteSpace(c) ? 2 : 1;
    EXPECT_EQ(Pieces(space, text).size(), expected) << uint32_t{c};
    EXPECT_EQ(Pieces(in_class, text).size(), expected) << uint32_t{c};
    EXPECT_EQ(Pieces(negated, text).size(), expected) << uint32_t{c};
    EXPECT_EQ(Pieces(other, text).size(), 3u) << uint32_t{c};  // each is a piece, matched or not
    count += IsWhiteSpace(c) ? 1 : 0;
  }
  EXPECT_EQ(count, 25);
  EXPECT_THAT(Pieces(space, "a\u180eb"), ElementsAre("a\u180eb"));  // PCRE2's \s has it
}

TEST(PreTokenizerTest, CaseFoldingFollowsUnicode) {
  const PreTokenizer folded("(?i:'s|'k)", "pattern");
  EXPECT_THAT(Pieces(folded, "a's'S'\u017f'K'\u212a'\u00df"),
              ElementsAre("a", "'s", "'S", "'\u017f", "'K", "'\u212a", "'\u00df"));
}

TEST(PreTokenizerTest, WhatLiesBetweenMatchesIsAPiece) {
  EXPECT_THAT(Pieces(PreTokenizer("[0-9]+", "pattern"), "ab12c345"),
              ElementsAre("ab", "12", "c", "345"));
  EXPECT_THAT(Pieces(PreTokenizer("x", "pattern"), "abc"), ElementsAre("abc"));
  EXPECT_THAT(Pieces(PreTokenizer("x", "pattern"), ""), ElementsAre());
}

TEST(PreTokenizerTest, PiecesAreTheWholeText) {
  const PreTokenizer qwen(kQwenPattern, "pattern");
  PieceReader reader(qwen);
  Splitmix random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = AwkwardText(random);
    std::string joined;
    reader.Start(text);
    while (const auto piece = reader.Next()) {
      ASSERT_FALSE(piece->empty());
      joined += *piece;
    }
    ASSERT_EQ(joined, text);
  }
}

TEST(PreTokenizerTest, LongRunsAreNoTrouble) {
  const PreTokenizer qwen(kQwenPattern, "pattern");
  const std::string spaces(3'000'000, ' ');
  EXPECT_THAT(Pieces(qwen, spaces + "x"), ElementsAre(spaces.substr(1), " x"));
  EXPECT_EQ(Pieces(qwen, "\n" + spaces).size(), 2u);
  EXPECT_EQ(Pieces(qwen, std::string(3'000'000, 'x')).size(), 1u);
}

TEST(PreTokenizerTest, EndlessBacktrackingIsStopped) {
  const PreTokenizer pattern("(?:a|a|aa)+b", "t.json");
  EXPECT_THAT(Pieces(pattern, "aaab"), ElementsAre("aaab"));
  try {
    Pieces(pattern, std::string(60, 'a') + "cb");  // without a b nothing is tried at all
    FAIL() << "went through";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), StartsWith("t.json: the pattern fails on the text from its byte 0"));
  }
}

TEST(PatternSyntaxTest, PassesWhatMeansTheSame) {
  const std::map<std::string, std::string> cases = {
      {R"(\s+(?!\S)|\s)", R"(\p{White_Space}+(?!\P{White_Space})|\p{White_Space})"},
      {R"([^\s\d]?\D{1,3}a{2}b{3,})", R"([^\p{White_Space}\p{Nd}]?\P{Nd}{1,3}a{2}b{3,})"},
      {R"((a|b)(?:c)(?=d)\\\.\\s)", R"((a|b)(?:c)(?=d)\\\.\\s)"},
      {R"([-a-z\]\\^-][\p{Lu}-])", R"([-a-z\]\\^-][\p{Lu}-])"},
      {"(?i:'ll|'d)?x*+y+?\u00e9[\u00e0-\u00ff]", "(?i:'ll|'d)?x*+y+?\u00e9[\u00e0-\u00ff]"},
  };
  for (const auto& [pattern, expected] : cases) {
    EXPECT_EQ(ToPcrePattern(pattern, "t.json"), expected);
    EXPECT_EQ(ErrorOf(pattern), "no error") << pattern;
  }
}

TEST(PatternSyntaxTest, RefusesTheRest) {
  const std::map<std::string, std::string> cases = {
      {"a.b", "unknown '.' at byte 1"},
      {"^a", "unknown '^' at byte 0"},
      {"a$", "unknown '$' at byte 1"},
      {R"(a\w)", "unknown escape at byte 1"},
      {R"(\Qa)", "unknown escape at byte 0"},
      {R"(\1)", "unknown escape at byte 0"},
      {R"(\x41)", "unknown escape at byte 0"},
      {"a\\", "unknown escape at byte 1"},
      {R"(\pL)", "a property without {...} at byte 0"},
      {R"(\p{L)", "a property without {...} at byte 0"},
      {R"(\p{Han})", "a property that isn't a general category at byte 0"},
      {R"(\p{^L})", "a property that isn't a general category at byte 0"},
      {"(?<=a)b", "unknown kind of group at byte 0"},
      {"(?i)a", "unknown kind of group at byte 0"},
      {"(*UTF)a", "unknown kind of group at byte 0"},
      {"(?#a)", "unknown kind of group at byte 0"},
      {"(?i:[a])", "not an ASCII literal in (?i:...) at byte 4"},
      {"(?i:\u00e9)", "not an ASCII literal in (?i:...) at byte 4"},
      {"(?i:as|aSt)", "'st' in (?i:...) at byte 9"},
      {"(?i:a", "a group without an end at byte 0"},
      {"a{,3}", "not a count from 0 to 1000 at byte 2"},
      {"a{1001}", "not a count from 0 to 1000 at byte 2"},
      {"a{99999999999}", "not a count from 0 to 1000 at byte 2"},
      {"a{2}?", "a lazy or possessive interval at byte 4"},
      {"a{2,3}+", "a lazy or possessive interval at byte 6"},
      {"a{2", "unknown interval at byte 3"},
      {"[a", "a class without an end at byte 0"},
      {"[a-", "a class without an end at byte 0"},
      {"[]a]", "a class that begins with ']' at byte 0"},
      {"[[:alpha:]]", "'[' in a class at byte 1"},
      {"[a&&b]", "'&&' in a class at byte 2"},
      {R"([\s-z])", "a range whose ends aren't characters at byte 0"},
      {R"([a-\s])", "a range whose ends aren't characters at byte 0"},
      {"[a-z-9]", "a doubtful '-' in a class at byte 4"},
      {"\xff", "invalid UTF-8 at byte 0"},
      {"a**b", "PCRE2 refuses the pattern"},
      {"(a", "PCRE2 refuses the pattern"},
      {"a)", "PCRE2 refuses the pattern"},
      {"[z-a]", "PCRE2 refuses the pattern"},
      {"a*", "the pattern may match no character at all"},
      {"", "the pattern may match no character at all"},
      {std::string(5000, 'a'), "the pattern has 5000 bytes; expected at most 4096"},
  };
  for (const auto& [pattern, expected] : cases) {
    EXPECT_THAT(ErrorOf(pattern), StartsWith("t.json: ")) << pattern;
    EXPECT_THAT(ErrorOf(pattern), HasSubstr(expected)) << pattern;
  }
}

}  // namespace
}  // namespace deltagauge::reference
