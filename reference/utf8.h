// UTF-8, read and written code point by code point (Unicode 15, table 3-7).
#ifndef DELTAGAUGE_REFERENCE_UTF8_H_
#define DELTAGAUGE_REFERENCE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace deltagauge::reference {

struct Utf8Step {
  bool valid = false;
  char32_t code_point = 0;  // of a valid step
  size_t length = 0;        // bytes, at least 1; of an invalid step the maximal subpart: as many
                            // bytes as a valid sequence could begin with
};

// What begins at `text[at]`, which must be inside the text.
Utf8Step ReadUtf8(std::string_view text, size_t at);

// Offset of the first byte that isn't valid UTF-8 (of the sequence's first byte).
std::optional<size_t> FindInvalidUtf8(std::string_view text);

// Each maximal subpart of an invalid sequence becomes one U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

// `code_point` must be a Unicode scalar value.
void AppendUtf8(char32_t code_point, std::string& text);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_UTF8_H_
