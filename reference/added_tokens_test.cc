#include "reference/added_tokens.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge::reference {
namespace {

AddedToken Token(int32_t id, std::string content) {
  AddedToken token;
  token.id = id;
  token.content = std::move(content);
  return token;
}

// "ab[7]c": text, and the ids of tokens in brackets.
std::string Split(const std::vector<AddedToken>& tokens, std::string_view text) {
  AddedTokenMatcher matcher;
  for (const AddedToken& token : tokens) matcher.Add(token);
  std::string parts;
  for (const auto& part : matcher.Split(text)) {
    parts += part.id ? '[' : '(';
    parts += part.id ? std::to_string(*part.id) : std::string(part.text);
    parts += part.id ? ']' : ')';
  }
  return parts;
}

TEST(AddedTokensTest, LeftmostThenLongest) {
  const std::vector<AddedToken> tokens = {Token(1, "<a"), Token(2, "<a>"), Token(3, "a>b"),
                                          Token(4, "<a><")};
  EXPECT_EQ(Split(tokens, "x<a>by"), "(x)[2](by)");
  EXPECT_EQ(Split(tokens, "<a<a><a>"), "[1][4](a>)");
  EXPECT_EQ(Split(tokens, "xa>b"), "(x)[3]");
  EXPECT_EQ(Split(tokens, "<<"), "(<<)");
  EXPECT_EQ(Split(tokens, ""), "");
  EXPECT_EQ(Split({}, "abc"), "(abc)");
}

TEST(AddedTokensTest, AMatchThatFailsLateIsTakenBack) {
  const std::vector<AddedToken> tokens = {Token(1, "<|abc|>"), Token(2, "|a"), Token(3, "<")};
  EXPECT_EQ(Split(tokens, "<|abd|>"), "[3][2](bd|>)");
  EXPECT_EQ(Split(tokens, "<|ab<|abc|>"), "[3][2](b)[1]");
}

TEST(AddedTokensTest, StripTakesWhiteSpaceAlong) {
  AddedToken left = Token(1, "<l>");
  left.lstrip = true;
  AddedToken right = Token(2, "<r>");
  right.rstrip = true;
  const std::vector<AddedToken> tokens = {left, right, Token(3, "<n>")};
  EXPECT_EQ(Split(tokens, "a \u3000<l> b"), "(a)[1]( b)");
  EXPECT_EQ(Split(tokens, "a <r>\u00a0\n b"), "(a )[2](b)");
  EXPECT_EQ(Split(tokens, "<r>  <l>  <n>"), "[2][1](  )[3]");
  EXPECT_EQ(Split(tokens, " <l>"), "[1]");
  EXPECT_EQ(Split(tokens, "<r> "), "[2]");
}

TEST(AddedTokensTest, SingleWordsStandAlone) {
  AddedToken word = Token(1, "yes");
  word.single_word = true;
  const std::vector<AddedToken> tokens = {word};
  EXPECT_EQ(Split(tokens, "yes yes,no"), "[1]( )[1](,no)");
  EXPECT_EQ(Split(tokens, "eyes yesno"), "(eyes yesno)");
  EXPECT_EQ(Split(tokens, "\u00e9yes yes\u0301 yes_"), "(\u00e9yes yes\u0301 yes_)");
}

}  // namespace
}  // namespace deltagauge::reference
