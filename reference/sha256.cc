#include "reference/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <new>
#include <stdexcept>
#include <vector>

#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge::reference {
namespace {

constexpr size_t kFilePiece = size_t{1} << 20;

void Require(int result) {
  if (result != 1) throw std::logic_error("SHA-256: libcrypto refused");
}

}  // namespace

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* freed) const { EVP_MD_CTX_free(freed); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr) throw std::bad_alloc();
  Require(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr));
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Update(std::span<const std::byte> data) {
  if (state_ == nullptr) throw std::logic_error("SHA-256: Update after Finish");
  Require(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()));
}

std::string Sha256::Finish() {
  if (state_ == nullptr) throw std::logic_error("SHA-256: Finish twice");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size));
  state_.reset();
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
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
