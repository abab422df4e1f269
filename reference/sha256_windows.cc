// SHA-256 by Windows' Cryptography API: Next Generation (bcrypt.dll).
// clang-format off
#include <windows.h>
// After windows.h:
#include <bcrypt.h>
// clang-format on

#include <algorithm>
#include <array>
#include <stdexcept>

#include "reference/sha256.h"

namespace deltagauge::reference {
namespace {

void Require(NTSTATUS status) {
  if (status < 0) throw std::logic_error("SHA-256: CNG refused");
}

// Opened once; the system closes it.
BCRYPT_ALG_HANDLE Algorithm() {
  static const BCRYPT_ALG_HANDLE algorithm = [] {
    BCRYPT_ALG_HANDLE opened = nullptr;
    Require(BCryptOpenAlgorithmProvider(&opened, BCRYPT_SHA256_ALGORITHM, nullptr, 0));
    return opened;
  }();
  return algorithm;
}

}  // namespace

struct Sha256::State {
  ~State() {
    if (hash != nullptr) BCryptDestroyHash(hash);
  }
  BCRYPT_HASH_HANDLE hash = nullptr;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  Require(BCryptCreateHash(Algorithm(), &state_->hash, nullptr, 0, nullptr, 0, 0));
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Update(std::span<const std::byte> data) {
  if (state_ == nullptr) throw std::logic_error("SHA-256: Update after Finish");
  constexpr size_t kMost = size_t{1} << 30;  // a call's length has 32 bits
  while (!data.empty()) {
    const std::span<const std::byte> piece = data.first(std::min(data.size(), kMost));
    // The function doesn't write; its type doesn't say so.
    auto* const bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(piece.data()));
    Require(BCryptHashData(state_->hash, bytes, static_cast<ULONG>(piece.size()), 0));
    data = data.subspan(piece.size());
  }
}

std::string Sha256::Finish() {
  if (state_ == nullptr) throw std::logic_error("SHA-256: Finish twice");
  std::array<std::byte, kBytes> digest{};
  Require(BCryptFinishHash(state_->hash, reinterpret_cast<unsigned char*>(digest.data()),
                           static_cast<ULONG>(digest.size()), 0));
  state_.reset();
  return HexDigits(digest);
}

}  // namespace deltagauge::reference
