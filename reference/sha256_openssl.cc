// SHA-256 by libcrypto.
#include <openssl/evp.h>

#include <array>
#include <new>
#include <stdexcept>

#include "reference/sha256.h"

namespace deltagauge::reference {
namespace {

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
  std::array<std::byte, kBytes> digest{};
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(digest.data()),
                             &size));
  state_.reset();
  return HexDigits(digest);
}

}  // namespace deltagauge::reference
