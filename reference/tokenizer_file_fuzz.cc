// Any tokenizer.json is either refused with a message or gives a tokenizer that encodes and
// decodes.
//
// A file that is accepted needs 256 pieces, so most inputs are edits of a good one: the first byte
// says whether the rest is the file itself, a tokenizer_config.json, or edits (position, bytes to
// delete, bytes to insert).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "reference/input_error.h"
#include "reference/small_tokenizer_test.h"
#include "reference/tokenizer.h"
#include "reference/tokenizer_file.h"

namespace deltagauge::reference {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

std::string Edited(std::string json, std::string_view edits) {
  while (edits.size() >= 4) {
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(edits[i])); };
    const size_t offset = (byte(0) << 8 | byte(1)) % (json.size() + 1);
    const size_t removed = std::min(byte(2) % 32, json.size() - offset);
    const size_t added = std::min(byte(3) % 32, edits.size() - 4);
    json.replace(offset, removed, edits.substr(4, added));
    edits.remove_prefix(4 + added);
  }
  return json;
}

void Try(const std::string& json) {
  try {
    const Tokenizer tokenizer = Tokenizer::FromJson(json, "fuzz");
    const std::string text = "The  caf\u00e9's 12\n<think>\u65e5\u0301 \t";
    Require(tokenizer.VocabularySize() >= 256);
    const std::vector<int32_t> ids = tokenizer.Encode(text);
    for (const int32_t id : ids) Require(tokenizer.TokenId(tokenizer.TokenText(id)) == id);
    tokenizer.Decode(ids);
  } catch (const InputError& error) {
    const std::string_view message = error.what();
    Require(message.size() < 2000);
  }
}

void Run(uint8_t kind, std::string_view rest) {
  static const std::string good = SmallTokenizer().Json();
  switch (kind % 4) {
    case 0:
      Try(std::string(rest));
      break;
    case 1:
      try {
        TokenizerFile file = ParseTokenizerFile(good, "fuzz");
        AddTokensOfConfig(rest, "fuzz", file);
      } catch (const InputError&) {
      }
      break;
    default:
      Try(Edited(good, rest));
  }
}

}  // namespace
}  // namespace deltagauge::reference

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  deltagauge::reference::Run(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
