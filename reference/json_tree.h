// JSON from outside, read into a tree of plain values within limits.
#ifndef DELTAGAUGE_REFERENCE_JSON_TREE_H_
#define DELTAGAUGE_REFERENCE_JSON_TREE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge::reference {

enum class JsonKind : uint8_t { kNull, kBoolean, kInteger, kNumber, kString, kArray, kObject };

struct JsonMember;

struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  bool boolean = false;
  int64_t integer = 0;              // of kInteger
  double number = 0;                // of kInteger and kNumber
  std::string text;                 // of kString
  std::vector<JsonMember> members;  // of kObject, in the order of the text; of kArray, without keys

  // Of an object: the value of this key; nullptr if there is none, or this is no object.
  const JsonValue* Find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

struct JsonLimits {
  size_t max_bytes = size_t{1} << 20;
  size_t max_values = size_t{1} << 16;
  size_t max_depth = 16;  // lists and objects inside each other
};

// Integers that don't fit int64_t are kNumber. Throws InputError that begins with `source`, with
// line and column (in bytes, from 1) where the text isn't JSON in UTF-8; for a key that an object
// has twice; for a text beyond the limits. Memory is at most 500 bytes for each value and a few
// times the text, whatever the text says.
JsonValue ParseJson(std::string_view text, const std::string& source, const JsonLimits& limits);

// For "..., found ": "the number 7", "the string 'a'", "a list of 2", "an object", "null".
std::string Describe(const JsonValue& value);

// The shortest decimal that reads back as the same number: "0.5".
std::string NumberName(double number);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_JSON_TREE_H_
