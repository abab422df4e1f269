#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <utility>

#include "harness/report/json.h"
#include "nlohmann/json.hpp"
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

// Builds the value from nlohmann's events. Its parser keeps a stack of its own, so depth costs
// heap, and this stops it at the limits before any is used up.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, std::string_view where, const JsonLimits& limits)
      : text_(text), where_(where), limits_(limits) {}

  bool null() override { return Add(Json()); }
  bool boolean(bool value) override { return Add(Json(value)); }
  bool number_integer(number_integer_t value) override { return Add(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Add(Json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return Add(Json(value)); }
  bool string(string_t& value) override { return Add(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }  // JSON text has none

  bool start_object(size_t) override { return Open(Json::MakeObject()); }
  bool start_array(size_t) override { return Open(Json::MakeArray()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    Count();
    Level& level = levels_.back();
    level.name = std::move(name);
    if (level.value.Find(level.name) != nullptr) {
      Refuse(Here().Member(level.name), "this member is there twice");
    }
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what": ours has the place.
    std::string what = error.what();
    const size_t colon = what.find(": ");
    if (colon != std::string::npos) what = what.substr(colon + 2);
    throw reference::InputError(PlaceOf(where_, text_, position > 0 ? position - 1 : 0),
                                "not JSON: " + what);
  }

  Json Take() { return std::move(root_); }

 private:
  struct Level {
    Json value;
    std::string name;  // of the member to come
  };

  JsonPointer Here() const {
    JsonPointer pointer;
    for (size_t i = 0; i + 1 < levels_.size(); ++i) pointer = Step(pointer, levels_[i]);
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
    } else {
      level.value[level.name] = std::move(value);
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

  std::string_view text_;
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
  Builder builder(text, where, limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    throw reference::InputError(std::string(where), "not JSON");
  }
  return builder.Take();
}

}  // namespace deltagauge
