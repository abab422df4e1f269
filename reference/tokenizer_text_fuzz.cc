// Any bytes are either refused as invalid UTF-8, at the offset where they are, or come back in NFC.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "reference/input_error.h"
#include "reference/small_tokenizer_test.h"
#include "reference/tokenizer.h"
#include "reference/unicode_text.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void Run(std::string_view text) {
  static const Tokenizer tokenizer = Tokenizer::FromJson(SmallTokenizer().Json(), "small");
  const auto invalid = FindInvalidUtf8(text);
  try {
    const std::vector<int32_t> ids = tokenizer.Encode(text);
    Require(!invalid);
    const std::string decoded = tokenizer.Decode(ids);
    // Each stretch between added tokens is normalized by itself.
    Require(ToNfc(decoded) == ToNfc(text));
    Require(ids.size() <= decoded.size());
  } catch (const InputError& error) {
    Require(invalid.has_value());
    const std::string expected = "at byte offset " + std::to_string(*invalid);
    Require(std::string_view(error.what()).ends_with(expected));
  }
  Require(!FindInvalidUtf8(ReplaceInvalidUtf8(text)));
}

}  // namespace
}  // namespace deltagauge::reference

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  deltagauge::reference::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
