#include "reference/sha256.h"

#include <fstream>
#include <vector>

#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge::reference {
namespace {

constexpr size_t kFilePiece = size_t{1} << 20;

}  // namespace

std::string Sha256::HexDigits(std::span<const std::byte, kBytes> digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : digest) {
    hex += kDigits[std::to_integer<size_t>(byte >> 4)];
    hex += kDigits[std::to_integer<size_t>(byte & std::byte{15})];
  }
  return hex;
}

std::string Sha256Of(std::string_view text) {
  Sha256 hash;
  hash.Update(text);
  return hash.Finish();
}

std::string Sha256OfFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(PathName(path), "can't be opened", "does the file exist?");
  Sha256 hash;
  std::vector<char> piece(kFilePiece);
  do {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.Update(std::string_view(piece.data(), static_cast<size_t>(file.gcount())));
  } while (file);
  if (!file.eof()) throw InputError(PathName(path), "can't be read to its end");
  return hash.Finish();
}

}  // namespace deltagauge::reference
