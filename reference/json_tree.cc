#include "reference/json_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <utility>

#include "nlohmann/json.hpp"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge::reference {
namespace {

using Json = nlohmann::json;

// "config.json:3:7": line and column of a byte of the text.
std::string PlaceOf(std::string_view text, size_t at, const std::string& source) {
  const std::string_view before = text.substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_break = before.rfind('\n');
  const size_t column =
      line_break == std::string_view::npos ? before.size() + 1 : before.size() - line_break;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// "[json.exception.parse_error.101] parse error at line 3, column 3: syntax error while parsing
// value - invalid literal; last read: '...'; expected ..." without what stands before and without
// what was read, which may be long and anything.
std::string ReasonOf(std::string_view what) {
  for (const std::string_view mark : {"] ", ", column "}) {
    const size_t found = what.find(mark);
    if (found != std::string_view::npos) what.remove_prefix(found + mark.size());
  }
  const size_t digits = what.find_first_not_of("0123456789");
  if (digits != std::string_view::npos && digits > 0 && what.substr(digits, 2) == ": ") {
    what.remove_prefix(digits + 2);
  }
  return std::string(what.substr(0, what.find("; last read")));
}

// What the parser reports, as a tree.
class TreeBuilder final : public Json::json_sax_t {
 public:
  TreeBuilder(std::string_view text, const std::string& source, const JsonLimits& limits)
      : text_(text), source_(source), limits_(limits) {}

  JsonValue Take() { return std::move(root_); }

  bool null() override { return Add(JsonKind::kNull) != nullptr; }
  bool boolean(bool value) override {
    JsonValue* const added = Add(JsonKind::kBoolean);
    added->boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    JsonValue* const added = Add(JsonKind::kInteger);
    added->integer = value;
    added->number = static_cast<double>(value);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    constexpr number_unsigned_t kMost = std::numeric_limits<int64_t>::max();
    if (value <= kMost) return number_integer(static_cast<int64_t>(value));
    return AddNumber(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return AddNumber(value); }
  bool string(string_t& value) override {
    Add(JsonKind::kString)->text = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { throw std::logic_error("JSON text has no binary values"); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool start_object(size_t) override { return Begin(JsonKind::kObject); }
  bool start_array(size_t) override { return Begin(JsonKind::kArray); }
  bool end_object() override {
    CheckKeys(*open_.back());
    return End();
  }
  bool end_array() override { return End(); }

  bool parse_error(size_t bytes_read, const std::string&, const Json::exception& error) override {
    throw InputError(PlaceOf(text_, bytes_read == 0 ? 0 : bytes_read - 1, source_),
                     "expected JSON, found " + Quoted(ReasonOf(error.what())));
  }

 private:
  JsonValue* Add(JsonKind kind) {
    if (++values_ > limits_.max_values) {
      throw InputError(source_, "expected at most " + std::to_string(limits_.max_values) +
                                    " JSON values, found more");
    }
    JsonValue* added = &root_;
    if (!open_.empty()) {
      added = &open_.back()->members.emplace_back(JsonMember{std::move(key_), {}}).value;
      key_.clear();
    }
    added->kind = kind;
    return added;
  }

  bool AddNumber(double value) {
    Add(JsonKind::kNumber)->number = value;
    return true;
  }

  bool Begin(JsonKind kind) {
    if (open_.size() >= limits_.max_depth) {
      throw InputError(source_, "expected at most " + std::to_string(limits_.max_depth) +
                                    " lists and objects inside each other, found more");
    }
    open_.push_back(Add(kind));
    return true;
  }

  bool End() {
    open_.pop_back();
    return true;
  }

  void CheckKeys(const JsonValue& object) const {
    std::vector<std::string_view> keys;
    keys.reserve(object.members.size());
    for (const JsonMember& member : object.members) keys.push_back(member.key);
    // Sorted, not hashed: nobody can choose keys that make it slow.
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return;
    throw InputError(source_,
                     "expected each key once in an object, found " + Quoted(*twice) + " twice");
  }

  std::string_view text_;
  const std::string& source_;
  const JsonLimits& limits_;
  size_t values_ = 0;
  std::string key_;
  std::vector<JsonValue*> open_;  // only the last one grows, so the others stay where they are
  JsonValue root_;
};

}  // namespace

const JsonValue* JsonValue::Find(std::string_view key) const {
  if (kind != JsonKind::kObject) return nullptr;
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const JsonMember& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

JsonValue ParseJson(std::string_view text, const std::string& source, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw InputError(source, "expected at most " + std::to_string(limits.max_bytes) +
                                 " bytes of JSON, found " + std::to_string(text.size()));
  }
  // The parser would take it for the end of the text.
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    throw InputError(PlaceOf(text, zero, source), "expected JSON, found a zero byte");
  }
  TreeBuilder builder(text, source, limits);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.Take();
}

std::string Describe(const JsonValue& value) {
  switch (value.kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBoolean:
      return value.boolean ? "true" : "false";
    case JsonKind::kInteger:
      return "the number " + std::to_string(value.integer);
    case JsonKind::kNumber:
      return "the number " + NumberName(value.number);
    case JsonKind::kString:
      return "the string " + Quoted(value.text);
    case JsonKind::kArray:
      return "a list of " + std::to_string(value.members.size());
    case JsonKind::kObject:
      return "an object";
  }
  throw std::logic_error("Describe: unknown kind of JSON value");
}

std::string NumberName(double number) {
  std::array<char, 32> digits{};  // the longest is "-2.2250738585072014e-308"
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return {digits.data(), result.ptr};
}

}  // namespace deltagauge::reference
