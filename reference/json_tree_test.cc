#include "reference/json_tree.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"

namespace deltagauge::reference {
namespace {

JsonValue Parse(std::string_view text) { return ParseJson(text, "a.json", {}); }

std::string ErrorOf(std::string_view text, const JsonLimits& limits = {}) {
  try {
    ParseJson(text, "a.json", limits);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(JsonTreeTest, ReadsEachKind) {
  const JsonValue root = Parse(R"({"a": [1, -2.5, "x\u00e9", true, null], "b": {"c": 1e3}})");
  ASSERT_EQ(root.kind, JsonKind::kObject);
  const JsonValue* a = root.Find("a");
  ASSERT_NE(a, nullptr);
  ASSERT_EQ(a->members.size(), 5u);
  EXPECT_EQ(a->members[0].value.kind, JsonKind::kInteger);
  EXPECT_EQ(a->members[0].value.integer, 1);
  EXPECT_EQ(a->members[0].value.number, 1);
  EXPECT_EQ(a->members[1].value.kind, JsonKind::kNumber);
  EXPECT_EQ(a->members[1].value.number, -2.5);
  EXPECT_EQ(a->members[2].value.text, "x\xc3\xa9");
  EXPECT_TRUE(a->members[3].value.boolean);
  EXPECT_EQ(a->members[4].value.kind, JsonKind::kNull);
  EXPECT_EQ(root.Find("b")->Find("c")->number, 1000);
  EXPECT_EQ(root.Find("c"), nullptr);
  EXPECT_EQ(a->Find("a"), nullptr);
}

TEST(JsonTreeTest, IntegersThatDoNotFitAreNumbers) {
  EXPECT_EQ(Parse("9223372036854775807").kind, JsonKind::kInteger);
  EXPECT_EQ(Parse("9223372036854775808").kind, JsonKind::kNumber);
  EXPECT_EQ(Parse("18446744073709551616").kind, JsonKind::kNumber);
  EXPECT_EQ(Parse("-9223372036854775808").kind, JsonKind::kInteger);
}

TEST(JsonTreeTest, DescribesWhatWasFound) {
  EXPECT_EQ(Describe(Parse("7")), "the number 7");
  EXPECT_EQ(Describe(Parse("0.5")), "the number 0.5");
  EXPECT_EQ(Describe(Parse(R"("a'\n")")), "the string 'a'\\x0a'");
  EXPECT_EQ(Describe(Parse("[1,2]")), "a list of 2");
  EXPECT_EQ(Describe(Parse("{}")), "an object");
  EXPECT_EQ(Describe(Parse("null")), "null");
  EXPECT_EQ(Describe(Parse("false")), "false");
}

TEST(JsonTreeTest, BadJsonNamesLineAndColumn) {
  EXPECT_THAT(ErrorOf("{\n  \"a\": 1,\n  x\n}"), testing::StartsWith("a.json:3:3: expected JSON"));
  EXPECT_THAT(ErrorOf(""), testing::StartsWith("a.json:1:1: expected JSON"));
  EXPECT_THAT(ErrorOf("{} {}"), testing::StartsWith("a.json:1:4: "));
  EXPECT_THAT(ErrorOf("[1"), testing::HasSubstr("unexpected end of input"));
  EXPECT_THAT(ErrorOf("1e999"), testing::HasSubstr("number overflow"));
  EXPECT_THAT(ErrorOf("\"\xff\""), testing::HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(ErrorOf("NaN"), testing::StartsWith("a.json:1:1: "));
}

TEST(JsonTreeTest, NothingHidesBehindAZeroByte) {
  EXPECT_EQ(ErrorOf(std::string_view("{}\0 {}", 6)),
            "a.json:1:3: expected JSON, found a zero byte");
  EXPECT_THAT(ErrorOf(std::string_view("\0", 1)), testing::StartsWith("a.json:1:1: "));
}

TEST(JsonTreeTest, AKeyTwiceIsAnError) {
  EXPECT_EQ(ErrorOf(R"({"a": 1, "b": {"a": 2}})"), "no error");
  EXPECT_EQ(ErrorOf(R"({"b": {"a": 2, "c": 1, "a": 2}})"),
            "a.json: expected each key once in an object, found 'a' twice");
  EXPECT_THAT(ErrorOf(R"({"a": 1, "\u0061": 2})"), testing::HasSubstr("'a' twice"));
}

TEST(JsonTreeTest, Limits) {
  const JsonLimits limits = {.max_bytes = 20, .max_values = 4, .max_depth = 2};
  EXPECT_EQ(ErrorOf("[1, 2, 3]", limits), "no error");
  EXPECT_THAT(ErrorOf("[1, 2, 3, 4]", limits), testing::HasSubstr("at most 4 JSON values"));
  EXPECT_EQ(ErrorOf("[[1]]", limits), "no error");
  EXPECT_THAT(ErrorOf("[[[]]]", limits), testing::HasSubstr("at most 2 lists and objects"));
  EXPECT_EQ(ErrorOf(std::string(19, ' ') + "1", limits), "no error");
  EXPECT_THAT(ErrorOf(std::string(20, ' ') + "1", limits), testing::HasSubstr("at most 20 bytes"));
}

TEST(JsonTreeTest, NestingDoesNotOverflowTheStack) {
  const JsonLimits limits = {.max_bytes = size_t{1} << 24, .max_values = size_t{1} << 24};
  EXPECT_THAT(ErrorOf(std::string(8'000'000, '['), limits), testing::HasSubstr("at most 16"));
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += R"({"a":)";
  EXPECT_THAT(ErrorOf(objects, limits), testing::HasSubstr("at most 16"));
}

TEST(JsonTreeTest, ErrorsStayShort) {
  EXPECT_LT(ErrorOf("[\"" + std::string(100'000, 'a')).size(), 400u);
  const std::string key(10'000, 'k');
  EXPECT_LT(ErrorOf("{\"" + key + "\":1,\"" + key + "\":1}").size(), 400u);
}

}  // namespace
}  // namespace deltagauge::reference
