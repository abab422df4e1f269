#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "harness/report/json.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// "report.json:3:14", counted from 1, of a byte's offset.
std::string PlaceOf(std::string_view where, std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::string(where) + ":" + std::to_string(line) + ":" +
         std::to_string(before.size() - line_begin + 1);
}

// Where the two readings of a number differ (below the smallest double), the number is 0 or the
// nearest; what is above the largest is none.
std::optional<double> DoubleOf(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && at == end) return value;
  value = std::strtod(text.c_str(), nullptr);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// A number without fraction and exponent, as the integer that it is, if 64 bits hold it.
std::optional<Json> IntegerOf(std::string_view text) {
  const char* const end = text.data() + text.size();
  int64_t value = 0;
  if (text == "-0") return Json(0);
  if (const auto [at, error] = std::from_chars(text.data(), end, value);
      error == std::errc() && at == end) {
    return Json(value);
  }
  uint64_t large = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, large);
      error == std::errc() && at == end) {
    return Json(large);
  }
  return std::nullopt;
}

// Builds the value from RapidJSON's events. Its iterative parser keeps a stack of its own, so depth
// costs heap, and this stops it at the limits before any is used up.
class Builder {
 public:
  using Size = rapidjson::SizeType;

  Builder(std::string_view where, const JsonLimits& limits) : where_(where), limits_(limits) {}

  bool Null() { return Add(Json()); }
  bool Bool(bool value) { return Add(Json(value)); }
  // The parser gives numbers as text: the standard library reads them to the last bit.
  bool RawNumber(const char* text, Size size, bool) {
    const std::string number(text, size);
    if (number.find_first_of(".eE") == std::string::npos) {
      if (auto integer = IntegerOf(number)) return Add(std::move(*integer));
    }
    const auto value = DoubleOf(number);
    if (!value) Refuse(Here(), "the number " + number + " is too large");
    return Add(Json(*value));
  }
  bool String(const char* text, Size size, bool) { return Add(Json(std::string(text, size))); }
  bool Int(int value) { return Add(Json(value)); }
  bool Uint(unsigned value) { return Add(Json(value)); }
  bool Int64(int64_t value) { return Add(Json(value)); }
  bool Uint64(uint64_t value) { return Add(Json(value)); }
  bool Double(double value) { return Add(Json(value)); }

  bool StartObject() { return Open(Json::MakeObject()); }
  bool StartArray() { return Open(Json::MakeArray()); }
  bool EndObject(Size) { return Close(); }
  bool EndArray(Size) { return Close(); }

  bool Key(const char* text, Size size, bool) {
    Count();
    levels_.back().name.assign(text, size);
    return true;
  }

  Json Take() { return std::move(root_); }

 private:
  struct Level {
    Json value;
    std::string name;  // of the member to come
  };

  JsonPointer Here() const {
    JsonPointer pointer;
    for (const Level& level : levels_) pointer = Step(pointer, level);
    return pointer;
  }

  static JsonPointer Step(const JsonPointer& pointer, const Level& level) {
    return level.value.IsArray() ? pointer.Element(level.value.AsArray().size())
                                 : pointer.Member(level.name);
  }

  [[noreturn]] void Refuse(const JsonPointer& at, const std::string& what) const {
    throw reference::InputError(std::string(where_) + "#" + at.text(), what);
  }

  void Count() {
    if (++values_ > limits_.values) {
      Refuse(Here(), "more than " + std::to_string(limits_.values) + " values");
    }
  }

  bool Add(Json value) {
    Count();
    Place(std::move(value));
    return true;
  }

  void Place(Json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.IsArray()) {
      level.value.Append(std::move(value));
    } else if (!level.value.AddMember(level.name, std::move(value))) {
      Refuse(Here(), "this member is there twice");
    }
  }

  bool Open(Json empty) {
    Count();
    if (levels_.size() >= limits_.depth) {
      Refuse(Here(), "nested deeper than " + std::to_string(limits_.depth) + " levels");
    }
    levels_.push_back({std::move(empty), {}});
    return true;
  }

  bool Close() {
    Json value = std::move(levels_.back().value);
    levels_.pop_back();
    Place(std::move(value));
    return true;
  }

  std::string_view where_;
  JsonLimits limits_;
  size_t values_ = 0;
  std::vector<Level> levels_;
  Json root_;
};

}  // namespace

Json ParseJson(std::string_view text, std::string_view where, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw reference::InputError(
        std::string(where),
        std::to_string(text.size()) + " bytes, more than " + std::to_string(limits.bytes));
  }
  // Validating, on the heap instead of the stack, numbers as they are written.
  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  Builder builder(where, limits);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (result.IsError()) {
    throw reference::InputError(
        PlaceOf(where, text, result.Offset()),
        std::string("not JSON: ") + rapidjson::GetParseError_En(result.Code()));
  }
  // The parser takes U+0000 for the end of the text.
  if (stream.Tell() != text.size()) {
    throw reference::InputError(PlaceOf(where, text, stream.Tell()), "not JSON: a NUL character");
  }
  return builder.Take();
}

}  // namespace deltagauge
