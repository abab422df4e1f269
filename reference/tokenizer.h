// Text to token ids and back: the byte-level BPE of a tokenizer.json, as Qwen3.5 uses it.
//
//   text -> added tokens -> NFC -> pieces (regular expression) -> bytes -> merges -> ids
//
// Everything comes from the file, nothing is built in. The ids are those of the tokenizers library
// (0.23), but for the versions of Unicode:
//
// - Letters, marks, digits of the pattern are PCRE2's: Unicode 14 in 10.42; tokenizers 0.23.3 has
//   Unicode 16. The 9,485 code points that differ are all those that got a general category L, M or
//   N in between: U+31350..323AF and U+2EBF0..2EE5D (ideographs), U+13460..143FA (hieroglyphs),
//   and, beside single characters (U+0897, U+0CF3, U+0ECE, U+1C89, U+A7CB, ...), young scripts
//   above U+105C0 (Todhri, Garay, Tulu-Tigalari, Sunuwar, Kawi, Gurung Khema, Kirat Rai, Nag
//   Mundari, Ol Onal, ...). To us such a character is one of those that are neither letter nor
//   digit.
// - NFC is ICU's: Unicode 15 in ICU 72; tokenizers 0.23.3 has Unicode 9. The 108 marks that are
//   newer (U+1DF6..1DF9, U+08CA..08D3, U+1ABF..1ACE, U+1E130..1E136, ...) are put in order
//   among other marks, and U+11935 U+11930 becomes U+11938; tokenizers leaves them as they stand.
//
// All other code points agree, each tried alone and between others. Newer libraries move the first
// limit, not the second.
#ifndef DELTAGAUGE_REFERENCE_TOKENIZER_H_
#define DELTAGAUGE_REFERENCE_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge::reference {

// Whether Decode writes tokens that are marked special: "<|im_end|>".
enum class SpecialTokens : uint8_t { kKeep, kSkip };

// Immutable; may be used by several threads at once.
class Tokenizer {
 public:
  // Reads tokenizer.json (at most 64 MB) and, if there is one beside it, the added tokens of
  // tokenizer_config.json. Throws InputError as ParseTokenizerFile does.
  static Tokenizer Open(const std::filesystem::path& tokenizer_json);
  // From the text of a tokenizer.json; `source` stands for its path in errors.
  static Tokenizer FromJson(std::string_view json, const std::string& source);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // No token is put before or after the text. Throws InputError if it isn't UTF-8 (with the byte
  // offset), longer than kMaxTextBytes, or has a stretch on which the file's pattern backtracks
  // without end.
  std::vector<int32_t> Encode(std::string_view utf8) const;

  // What isn't UTF-8 in the bytes of all ids together becomes U+FFFD, one for each maximal subpart.
  // Throws InputError for an id that no token has.
  std::string Decode(std::span<const int32_t> ids,
                     SpecialTokens special = SpecialTokens::kKeep) const;

  // The bytes of one id, which need not be UTF-8: for text that is written as it comes.
  const std::string& TokenBytes(int32_t id) const;

  // One more than the largest id. A model may have more rows: they are padding.
  int64_t VocabularySize() const;

  // By the text of an added token ("<|im_end|>") or the spelling of a piece ("\u0120the").
  std::optional<int32_t> TokenId(std::string_view content) const;
  // The other way. Throws InputError for an id that no token has.
  const std::string& TokenText(int32_t id) const;
  bool IsSpecial(int32_t id) const;

 private:
  struct Content;
  explicit Tokenizer(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

inline constexpr size_t kMaxTextBytes = size_t{1} << 28;  // see kMaxNfcBytes in unicode_text.h

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_TOKENIZER_H_
