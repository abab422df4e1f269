// SHA-256 (FIPS 180-4) of a stream, of bytes, of a file. libcrypto does the work, on Windows
// the system's own.
#ifndef DELTAGAUGE_REFERENCE_SHA256_H_
#define DELTAGAUGE_REFERENCE_SHA256_H_

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace deltagauge::reference {

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Update(std::span<const std::byte> data);
  void Update(std::string_view text) { Update(std::as_bytes(std::span(text))); }

  // 64 hexadecimal digits in lower case. Once; nothing can be added after it (std::logic_error).
  std::string Finish();

 private:
  struct State;
  static constexpr size_t kBytes = 32;
  static std::string HexDigits(std::span<const std::byte, kBytes> digest);

  std::unique_ptr<State> state_;
};

std::string Sha256Of(std::string_view text);

// Reads the file in pieces. Throws InputError if it can't be read.
std::string Sha256OfFile(const std::filesystem::path& path);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SHA256_H_
