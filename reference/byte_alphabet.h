// The alphabet in which a byte-level vocabulary spells bytes as printable characters: the visible
// characters of Latin-1 stand for themselves, the other 68 bytes, in their order, for U+0100 and
// after. A space is U+0120, a line feed U+010A. (Radford et al. 2019, GPT-2, encoder.py.)
#ifndef DELTAGAUGE_REFERENCE_BYTE_ALPHABET_H_
#define DELTAGAUGE_REFERENCE_BYTE_ALPHABET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace deltagauge::reference {

char32_t LetterOfByte(uint8_t byte);

// The bytes that a piece of a vocabulary (valid UTF-8) spells; nothing if it has a character
// outside the alphabet.
std::optional<std::string> BytesOfPiece(std::string_view piece);

// The other way.
std::string PieceOfBytes(std::string_view bytes);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_BYTE_ALPHABET_H_
