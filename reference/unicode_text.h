// What the tokenizer needs to know of Unicode beyond UTF-8; the data is ICU's.
#ifndef DELTAGAUGE_REFERENCE_UNICODE_TEXT_H_
#define DELTAGAUGE_REFERENCE_UNICODE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace deltagauge::reference {

// Most bytes that ToNfc takes: ICU counts in 32 bits, and NFC may be 3 times as long.
inline constexpr size_t kMaxNfcBytes = size_t{1} << 28;

// True at once for text without a code point from U+0300 on: no other one changes in NFC.
bool IsNfc(std::string_view utf8);

// Normalization form C of valid UTF-8 (Unicode Standard Annex #15).
std::string ToNfc(std::string_view utf8);

// Property White_Space: 25 code points.
bool IsWhiteSpace(char32_t code_point);

// What a regular expression calls a word character: Alphabetic, marks, decimal digits, connector
// punctuation, join controls (Unicode Technical Standard #18, annex C).
bool IsWordCharacter(char32_t code_point);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_UNICODE_TEXT_H_
