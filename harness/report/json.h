// JSON values: strict on the way in, sorted and shortest on the way out.
//
// What is written is RFC 8259 JSON in UTF-8: members sorted by their name, doubles in the shortest
// form that reads back to the same bits. Numbers that JSON has no form for (NaN, infinities) are
// the caller's business, see report_json.h.
#ifndef DELTAGAUGE_HARNESS_REPORT_JSON_H_
#define DELTAGAUGE_HARNESS_REPORT_JSON_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace deltagauge {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;

  Json() = default;                                             // null
  Json(std::nullptr_t) {}                                       // NOLINT: values convert
  Json(bool value) : value_(value) {}                           // NOLINT
  Json(double value) : value_(value) {}                         // NOLINT
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT
  Json(Array value) : value_(std::move(value)) {}               // NOLINT
  Json(Object value) : value_(std::move(value)) {}              // NOLINT
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
      Json(Integer value) {  // NOLINT
    if constexpr (std::is_signed_v<Integer>) {
      value_ = int64_t{value};
    } else {
      SetUnsigned(value);
    }
  }
  template <typename Type>
  Json(const Type*) = delete;  // no pointer is a bool

  static Json MakeArray() { return Json(Array()); }
  static Json MakeObject() { return Json(Object()); }
  // Members of one name: the last counts.
  static Json MakeObject(std::initializer_list<std::pair<std::string_view, Json>> members);

  bool IsNull() const { return Is<std::monostate>(); }
  bool IsBool() const { return Is<bool>(); }
  // Whether written without fraction or exponent, or made of an integer.
  bool IsInteger() const { return Is<int64_t>() || Is<uint64_t>(); }
  bool IsNumber() const { return IsInteger() || Is<double>(); }
  bool IsString() const { return Is<std::string>(); }
  bool IsArray() const { return Is<Array>(); }
  bool IsObject() const { return Is<Object>(); }
  // "null", "boolean", "number", "string", "array", "object".
  std::string_view TypeName() const;

  // Throw std::logic_error if the value is of another type, or does not fit.
  bool AsBool() const;
  double AsDouble() const;  // of any number
  int64_t AsInt64() const;
  uint64_t AsUint64() const;
  const std::string& AsString() const;
  const Array& AsArray() const;
  const Object& AsObject() const;
  Array& AsArray();
  Object& AsObject();

  bool FitsInt64() const { return Is<int64_t>(); }
  bool FitsUint64() const;

  // The member of an object, or null if it has none or this is no object.
  const Json* Find(std::string_view name) const;
  // The member of an object, made if absent. A null becomes an object first.
  Json& operator[](std::string_view name);
  // Of an object; false, and nothing added, if it has a member of this name. Fast where names come
  // in order.
  bool AddMember(const std::string& name, Json&& value);
  // A null becomes an array first.
  void Append(Json value);

  // Numbers are equal by value, however they were made: 1 and 1.0.
  friend bool operator==(const Json& a, const Json& b);

 private:
  // Integers above 2^63 - 1 are the only ones kept as uint64_t.
  using Value =
      std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object>;

  template <typename Type>
  bool Is() const {
    return std::holds_alternative<Type>(value_);
  }
  void SetUnsigned(uint64_t value);

  Value value_;
};

enum class JsonLayout : uint8_t {
  kOneLine,
  kIndented,  // two spaces a level, ends with a newline; arrays of plain values stay on one line
};

// Invalid UTF-8 becomes U+FFFD. Throws std::logic_error for a double that is not finite.
std::string WriteJson(const Json& value, JsonLayout layout = JsonLayout::kOneLine);

// "0.1", "1e+300", "-0.0": the shortest text that reads back to the same bits, valid JSON.
// Throws std::logic_error if not finite.
std::string FormatDouble(double value);

// The same value inside an HTML <script> element: '<', '>' and '&' are written as \u003c and so on,
// so that no text in it can end the element.
std::string EscapeJsonForHtml(std::string_view json);

struct JsonLimits {
  size_t bytes = size_t{64} << 20;
  size_t depth = 32;
  size_t values = size_t{4} << 20;  // of all kinds, names of members included
};

// Strict: no comments, no trailing commas, no NaN, no duplicate members, valid UTF-8, nothing after
// the value. Throws reference::InputError ("report.json:3:14: ..."); `where` names the source.
Json ParseJson(std::string_view text, std::string_view where, const JsonLimits& limits = {});

// RFC 6901: "/cases/3/params/a~1b".
class JsonPointer {
 public:
  JsonPointer() = default;
  JsonPointer Member(std::string_view name) const;
  JsonPointer Element(size_t index) const;
  const std::string& text() const { return text_; }  // "" for the whole document

 private:
  std::string text_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_JSON_H_
