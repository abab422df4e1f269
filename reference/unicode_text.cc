#include "reference/unicode_text.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <stdexcept>

namespace deltagauge::reference {
namespace {

const icu::Normalizer2& Nfc() {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const nfc = icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error)) throw std::logic_error(u_errorName(error));  // ICU without its data
  return *nfc;
}

icu::StringPiece Piece(std::string_view utf8) {
  if (utf8.size() > kMaxNfcBytes) throw std::logic_error("text too long for NFC");
  return {utf8.data(), static_cast<int32_t>(utf8.size())};
}

}  // namespace

bool IsNfc(std::string_view utf8) {
  // 0xCC is the first byte of U+0300.
  const auto is_below = [](char byte) { return static_cast<unsigned char>(byte) < 0xCC; };
  if (std::all_of(utf8.begin(), utf8.end(), is_below)) return true;
  UErrorCode error = U_ZERO_ERROR;
  const bool is_nfc = Nfc().isNormalizedUTF8(Piece(utf8), error);
  if (U_FAILURE(error)) throw std::logic_error(u_errorName(error));
  return is_nfc;
}

std::string ToNfc(std::string_view utf8) {
  std::string normalized;
  normalized.reserve(utf8.size());
  icu::StringByteSink<std::string> sink(&normalized);
  UErrorCode error = U_ZERO_ERROR;
  Nfc().normalizeUTF8(0, Piece(utf8), sink, nullptr, error);
  if (U_FAILURE(error)) throw std::logic_error(u_errorName(error));
  return normalized;
}

bool IsWhiteSpace(char32_t code_point) {
  return u_isUWhiteSpace(static_cast<UChar32>(code_point)) != 0;
}

bool IsWordCharacter(char32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) != 0 ||
         u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) != 0 ||
         (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

}  // namespace deltagauge::reference
