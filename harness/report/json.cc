#include "harness/report/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "reference/utf8.h"

namespace deltagauge {
namespace {

[[noreturn]] void ThrowType(std::string_view wanted, std::string_view found) {
  throw std::logic_error("a JSON " + std::string(found) + " was taken for a " +
                         std::string(wanted));
}

template <typename Type, typename Value>
auto& Get(Value& value, std::string_view wanted, std::string_view found) {
  if (auto* held = std::get_if<Type>(&value)) return *held;
  ThrowType(wanted, found);
}

}  // namespace

Json Json::MakeObject(std::initializer_list<std::pair<std::string_view, Json>> members) {
  Object object;
  for (const auto& [name, value] : members) object.insert_or_assign(std::string(name), value);
  return Json(std::move(object));
}

std::string_view Json::TypeName() const {
  if (IsNull()) return "null";
  if (IsBool()) return "boolean";
  if (IsNumber()) return "number";
  if (IsString()) return "string";
  return IsArray() ? "array" : "object";
}

bool Json::AsBool() const { return Get<bool>(value_, "boolean", TypeName()); }

double Json::AsDouble() const {
  if (const auto* integer = std::get_if<int64_t>(&value_)) return static_cast<double>(*integer);
  if (const auto* integer = std::get_if<uint64_t>(&value_)) return static_cast<double>(*integer);
  return Get<double>(value_, "number", TypeName());
}

int64_t Json::AsInt64() const { return Get<int64_t>(value_, "64-bit integer", TypeName()); }

uint64_t Json::AsUint64() const {
  if (const auto* integer = std::get_if<uint64_t>(&value_)) return *integer;
  const int64_t integer = Get<int64_t>(value_, "64-bit integer", TypeName());
  if (integer < 0) ThrowType("number that is not negative", TypeName());
  return static_cast<uint64_t>(integer);
}

bool Json::FitsUint64() const {
  const auto* integer = std::get_if<int64_t>(&value_);
  return Is<uint64_t>() || (integer != nullptr && *integer >= 0);
}

const std::string& Json::AsString() const { return Get<std::string>(value_, "string", TypeName()); }
const Json::Array& Json::AsArray() const { return Get<Array>(value_, "array", TypeName()); }
const Json::Object& Json::AsObject() const { return Get<Object>(value_, "object", TypeName()); }
Json::Array& Json::AsArray() { return Get<Array>(value_, "array", TypeName()); }
Json::Object& Json::AsObject() { return Get<Object>(value_, "object", TypeName()); }

const Json* Json::Find(std::string_view name) const {
  const auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &found->second;
}

Json& Json::operator[](std::string_view name) {
  if (IsNull()) value_ = Object();
  return AsObject()[std::string(name)];
}

bool Json::AddMember(const std::string& name, Json&& value) {
  Object& object = AsObject();
  const size_t before = object.size();
  object.try_emplace(object.end(), name, std::move(value));
  return object.size() > before;
}

void Json::Append(Json value) {
  if (IsNull()) value_ = Array();
  AsArray().push_back(std::move(value));
}

void Json::SetUnsigned(uint64_t value) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    value_ = static_cast<int64_t>(value);
  } else {
    value_ = value;
  }
}

bool operator==(const Json& a, const Json& b) {
  if (a.IsNumber() && b.IsNumber() && a.value_.index() != b.value_.index()) {
    return a.AsDouble() == b.AsDouble();
  }
  return a.value_ == b.value_;
}

std::string FormatDouble(double value) {
  if (!std::isfinite(value)) throw std::logic_error("JSON has no number that is not finite");
  if (value == 0) return std::signbit(value) ? "-0.0" : "0";  // -0 would read back as an integer
  std::array<char, 32> digits;                                // the longest is 24 characters
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) throw std::logic_error("a double needs more than 32 characters");
  return std::string(digits.data(), end);
}

namespace {

class Writer {
 public:
  explicit Writer(JsonLayout layout) : indented_(layout == JsonLayout::kIndented) {}

  void Write(const Json& value, size_t level) {
    if (value.IsNull()) {
      text_ += "null";
    } else if (value.IsBool()) {
      text_ += value.AsBool() ? "true" : "false";
    } else if (value.IsInteger()) {
      text_ +=
          value.FitsInt64() ? std::to_string(value.AsInt64()) : std::to_string(value.AsUint64());
    } else if (value.IsNumber()) {
      text_ += FormatDouble(value.AsDouble());
    } else if (value.IsString()) {
      WriteString(value.AsString());
    } else if (value.IsArray()) {
      WriteArray(value.AsArray(), level);
    } else {
      WriteObject(value.AsObject(), level);
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  void WriteString(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    text_ += '"';
    // Valid text, the rule, is not copied.
    std::string replaced;
    if (reference::FindInvalidUtf8(text)) {
      replaced = reference::ReplaceInvalidUtf8(text);
      text = replaced;
    }
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (c == '\n') {
        text_ += "\\n";
      } else if (c == '\t') {
        text_ += "\\t";
      } else if (byte < 0x20 || byte == 0x7f) {
        text_ += "\\u00";
        text_ += kHex[byte >> 4];
        text_ += kHex[byte & 15];
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  void Break(size_t level) {
    if (!indented_) return;
    text_ += '\n';
    text_.append(2 * level, ' ');
  }

  void WriteArray(const Json::Array& array, size_t level) {
    const bool plain = std::all_of(array.begin(), array.end(), [](const Json& element) {
      return !element.IsArray() && !element.IsObject();
    });
    text_ += '[';
    for (size_t i = 0; i < array.size(); ++i) {
      if (i > 0) text_ += plain && indented_ ? ", " : ",";
      if (!plain) Break(level + 1);
      Write(array[i], level + 1);
    }
    if (!plain) Break(level);
    text_ += ']';
  }

  void WriteObject(const Json::Object& object, size_t level) {
    text_ += '{';
    bool first = true;
    for (const auto& [name, value] : object) {
      if (!first) text_ += ',';
      first = false;
      Break(level + 1);
      WriteString(name);
      text_ += indented_ ? ": " : ":";
      Write(value, level + 1);
    }
    if (!object.empty()) Break(level);
    text_ += '}';
  }

  bool indented_;
  std::string text_;
};

}  // namespace

std::string WriteJson(const Json& value, JsonLayout layout) {
  Writer writer(layout);
  writer.Write(value, 0);
  std::string text = writer.Take();
  if (layout == JsonLayout::kIndented) text += '\n';
  return text;
}

std::string EscapeJsonForHtml(std::string_view json) {
  std::string escaped;
  escaped.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      escaped += "\\u003c";
    } else if (c == '>') {
      escaped += "\\u003e";
    } else if (c == '&') {
      escaped += "\\u0026";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

JsonPointer JsonPointer::Member(std::string_view name) const {
  JsonPointer pointer = *this;
  pointer.text_ += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer.text_ += "~0";
    } else if (c == '/') {
      pointer.text_ += "~1";
    } else {
      pointer.text_ += c;
    }
  }
  return pointer;
}

JsonPointer JsonPointer::Element(size_t index) const {
  JsonPointer pointer = *this;
  pointer.text_ += '/' + std::to_string(index);
  return pointer;
}

}  // namespace deltagauge
