#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

// How a sequence goes on after its first byte; `length` 0: no sequence begins with this byte.
struct Lead {
  size_t length;
  uint8_t second_least;
  uint8_t second_most;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};  // a continuation, or an overlong form of ASCII
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (byte == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};  // above: beyond U+10FFFF
  return {0, 0, 0};
}

}  // namespace

Utf8Step ReadUtf8(std::string_view text, size_t at) {
  const auto byte = static_cast<uint8_t>(text[at]);
  const Lead lead = LeadOf(byte);
  if (lead.length == 0) return {false, 0, 1};
  if (lead.length == 1) return {true, byte, 1};
  char32_t code_point = byte & (0x7Fu >> lead.length);
  for (size_t i = 1; i < lead.length; ++i) {
    if (at + i >= text.size()) return {false, 0, i};
    const auto next = static_cast<uint8_t>(text[at + i]);
    const uint8_t least = i == 1 ? lead.second_least : 0x80;
    const uint8_t most = i == 1 ? lead.second_most : 0xBF;
    if (next < least || next > most) return {false, 0, i};
    code_point = code_point << 6 | (next & 0x3Fu);
  }
  return {true, code_point, lead.length};
}

std::optional<size_t> FindInvalidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<uint8_t>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const Utf8Step step = ReadUtf8(text, at);
    if (!step.valid) return at;
    at += step.length;
  }
  return std::nullopt;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string replaced;
  replaced.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text, at);
    if (step.valid) {
      replaced.append(text, at, step.length);
    } else {
      AppendUtf8(0xFFFD, replaced);
    }
    at += step.length;
  }
  return replaced;
}

void AppendUtf8(char32_t code_point, std::string& text) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
    return;
  }
  const size_t more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  text += static_cast<char>((0xFF00u >> (more + 1) & 0xFFu) | code_point >> (6 * more));
  for (size_t i = more; i-- > 0;) {
    text += static_cast<char>(0x80u | (code_point >> (6 * i) & 0x3Fu));
  }
}

}  // namespace deltagauge::reference
