#include "harness/report/json.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text, const JsonLimits& limits = {}) {
  try {
    ParseJson(text, "a.json", limits);
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(JsonTest, MembersAreSortedAndTextIsEscaped) {
  Json json;
  json["b"] = 2;
  json["a"] = Json::Array{true, nullptr, "q\"\\\n\t\x01\x7f/"};
  EXPECT_EQ(WriteJson(json), R"({"a":[true,null,"q\"\\\n\t\u0001\u007f/"],"b":2})");
  EXPECT_EQ(WriteJson(json, JsonLayout::kIndented),
            "{\n  \"a\": [true, null, \"q\\\"\\\\\\n\\t\\u0001\\u007f/\"],\n  \"b\": 2\n}\n");
}

TEST(JsonTest, InvalidUtf8IsReplaced) {
  EXPECT_EQ(WriteJson(Json("a\xff\xc3(\xe2\x82")), "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\"");
}

TEST(JsonTest, DoublesAreShortestAndReadBackToTheSameBits) {
  const std::vector<std::pair<double, std::string>> table = {
      {0.1, "0.1"},
      {1e300, "1e+300"},
      {5e-324, "5e-324"},
      {-0.0, "-0.0"},
      {1.0, "1"},
      {1.0 / 3, "0.3333333333333333"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"}};
  for (const auto& [value, text] : table) {
    EXPECT_EQ(FormatDouble(value), text);
    const double back = ParseJson(text, "x").AsDouble();
    EXPECT_EQ(back, value);
    EXPECT_EQ(std::signbit(back), std::signbit(value));
  }
  // 9007199254740993 is no double; its neighbours are.
  for (double value = 0x1p-1070; value < 0x1p1000; value *= 7.7) {
    EXPECT_EQ(ParseJson(FormatDouble(value), "x").AsDouble(), value);
  }
  EXPECT_THROW(FormatDouble(std::nan("")), std::logic_error);
  EXPECT_THROW(WriteJson(Json(HUGE_VAL)), std::logic_error);
}

TEST(JsonTest, IntegersAreExact) {
  const std::string text = "[18446744073709551615,9223372036854775807,-9223372036854775808,3]";
  const Json json = ParseJson(text, "x");
  EXPECT_EQ(WriteJson(json), text);
  EXPECT_EQ(json.AsArray()[0].AsUint64(), std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(json.AsArray()[0].FitsInt64());
  EXPECT_EQ(json.AsArray()[2].AsInt64(), std::numeric_limits<int64_t>::min());
  EXPECT_FALSE(json.AsArray()[2].FitsUint64());
  EXPECT_TRUE(Json(uint64_t{3}) == Json(3));
  EXPECT_TRUE(Json(3.0) == Json(3));
  EXPECT_FALSE(Json(3.5) == Json(3));
  EXPECT_FALSE(Json("3") == Json(3));
  EXPECT_THROW(json.AsArray()[1].AsString(), std::logic_error);
}

TEST(JsonTest, RefusesWhatIsNotStrictJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,}", "// c\n1", "NaN", "[Infinity]", "1e999",
                           "'a'", "01", "1 2", "\"\xff\"", "\"\\ud800\"", "{\"a\" 1}", "\"\n\""}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("a.json:")) << text;
  }
  EXPECT_THAT(ErrorOf("{\n  \"a\": tru\n}"), HasSubstr("a.json:2:"));
}

TEST(JsonTest, RefusesADuplicateMember) {
  EXPECT_THAT(ErrorOf(R"({"x":[0,{"a/b":1,"a/b":2}]})"), HasSubstr("a.json#/x/1/a~1b: "));
}

TEST(JsonTest, KeepsItsLimits) {
  EXPECT_THAT(ErrorOf("[[[1]]]", {.depth = 2}), HasSubstr("nested deeper than 2"));
  EXPECT_EQ(ErrorOf("[[1]]", {.depth = 2}), "accepted");
  EXPECT_THAT(ErrorOf("[1,2,3]", {.values = 3}), HasSubstr("more than 3 values"));
  EXPECT_EQ(ErrorOf("[1,2]", {.values = 3}), "accepted");
  EXPECT_THAT(ErrorOf("[1,2]", {.bytes = 4}), HasSubstr("5 bytes, more than 4"));
  EXPECT_THAT(ErrorOf(std::string(1000000, '[')), HasSubstr("nested deeper"));
}

TEST(JsonTest, NothingInItCanEndAScriptElement) {
  const Json json = "</script><!-- & -->";
  const std::string escaped = EscapeJsonForHtml(WriteJson(json));
  EXPECT_EQ(escaped.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(ParseJson(escaped, "x"), json);
}

TEST(JsonPointerTest, Escapes) {
  EXPECT_EQ(JsonPointer().Member("cases").Element(3).Member("a/b~c").text(), "/cases/3/a~1b~0c");
}

}  // namespace
}  // namespace deltagauge
