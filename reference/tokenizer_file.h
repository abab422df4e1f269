// tokenizer.json, and what tokenizer_config.json adds to it, as plain values. Reads byte-level BPE
// as Qwen3.5 uses it; a kind of normalizer, pre-tokenizer, decoder, post-processor or model, or an
// option of it, that isn't implemented is an error, never a different result.
#ifndef DELTAGAUGE_REFERENCE_TOKENIZER_FILE_H_
#define DELTAGAUGE_REFERENCE_TOKENIZER_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/added_tokens.h"
#include "reference/byte_pair.h"

namespace deltagauge::reference {

inline constexpr size_t kMaxTokenizerBytes = size_t{64} << 20;  // Qwen3.5's has 12.8 MB
inline constexpr size_t kMaxTokenizerConfigBytes = size_t{4} << 20;
inline constexpr size_t kMaxAddedTokenBytes = 1024;

enum class Normalizer : uint8_t { kNone, kNfc };

enum class TokenKind : uint8_t {
  kNone,   // no token has this id
  kPiece,  // of the vocabulary, spelled in the byte alphabet
  kAdded,
  kSpecial,  // an added token that is no text
};

struct Token {
  std::string text;  // as the file spells it
  TokenKind kind = TokenKind::kNone;
};

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using TokenIds = std::unordered_map<std::string, int32_t, StringHash, std::equal_to<>>;

struct TokenizerFile {
  Normalizer normalizer = Normalizer::kNone;
  std::string pattern;         // of the pre-tokenizer
  bool ignore_merges = false;  // a whole word that is a piece isn't put together from bytes
  std::vector<Token> tokens;   // by id
  TokenIds ids;                // by text, of pieces and added tokens
  std::array<int32_t, 256> byte_ids{};
  std::vector<Merge> merges;  // by rank
  std::vector<AddedToken> added_tokens;
};

// Throws InputError with `source`, the place in the JSON, what was expected and found: bad JSON or
// a key that occurs twice, too large a file, unknown kinds, keys and options, ids that are
// negative, taken, or far beyond the number of tokens, a byte that has no piece, merges of or into
// pieces that don't exist.
TokenizerFile ParseTokenizerFile(std::string_view json, const std::string& source);

// Adds the tokens of tokenizer_config.json's `added_tokens_decoder` that `file` lacks. One that it
// has must have the same id; its options stay as tokenizer.json gives them. No other key is read.
void AddTokensOfConfig(std::string_view json, const std::string& source, TokenizerFile& file);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_TOKENIZER_FILE_H_
