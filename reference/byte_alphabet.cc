#include "reference/byte_alphabet.h"

#include <array>

#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

constexpr int kMovedBytes = 256 - 94 - 12 - 82;  // what the three visible stretches leave
constexpr char32_t kFirstMoved = 0x100;

constexpr bool IsVisible(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<char32_t, 256> letters{};
  std::array<uint8_t, kMovedBytes> moved{};  // by letter - kFirstMoved
};

constexpr Alphabet MakeAlphabet() {
  Alphabet alphabet;
  size_t moved = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const auto index = static_cast<size_t>(byte);
    if (IsVisible(byte)) {
      alphabet.letters[index] = static_cast<char32_t>(byte);
    } else {
      alphabet.letters[index] = kFirstMoved + static_cast<char32_t>(moved);
      alphabet.moved[moved++] = static_cast<uint8_t>(byte);
    }
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = MakeAlphabet();

std::optional<uint8_t> ByteOfLetter(char32_t letter) {
  if (letter < kFirstMoved) {
    if (!IsVisible(static_cast<int>(letter))) return std::nullopt;
    return static_cast<uint8_t>(letter);
  }
  if (letter >= kFirstMoved + kMovedBytes) return std::nullopt;
  return kAlphabet.moved[letter - kFirstMoved];
}

}  // namespace

char32_t LetterOfByte(uint8_t byte) { return kAlphabet.letters[byte]; }

std::optional<std::string> BytesOfPiece(std::string_view piece) {
  std::string bytes;
  bytes.reserve(piece.size());
  for (size_t at = 0; at < piece.size();) {
    const Utf8Step step = ReadUtf8(piece, at);
    if (!step.valid) return std::nullopt;
    const std::optional<uint8_t> byte = ByteOfLetter(step.code_point);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
    at += step.length;
  }
  return bytes;
}

std::string PieceOfBytes(std::string_view bytes) {
  std::string piece;
  piece.reserve(bytes.size() * 2);
  for (const char byte : bytes) AppendUtf8(LetterOfByte(static_cast<uint8_t>(byte)), piece);
  return piece;
}

}  // namespace deltagauge::reference
