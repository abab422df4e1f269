// For tests and fuzz targets: a tokenizer.json that is small, written piece by piece so that each
// part can be spoiled, and awkward text.
#ifndef DELTAGAUGE_REFERENCE_SMALL_TOKENIZER_TEST_H_
#define DELTAGAUGE_REFERENCE_SMALL_TOKENIZER_TEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/byte_alphabet.h"
#include "reference/utf8.h"

namespace deltagauge::reference {

// Qwen3.5's own.
inline constexpr std::string_view kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)"
    R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

inline std::string InJson(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

inline std::string AddedTokenJson(int id, std::string_view content, std::string_view options = "") {
  std::string json = R"({"id":)" + std::to_string(id) + R"(,"content":)" + InJson(content);
  if (!options.empty()) json += ',';
  return json.append(options) + "}";
}

// Ids: the 256 bytes, then what each merge gives (256: "\u0120t", 257: "he", 258: "\u0120the",
// ...).
struct SmallTokenizer {
  std::string version = R"("1.0")";
  std::string truncation = "null";
  std::string padding = "null";
  std::string normalizer = R"({"type":"NFC"})";
  std::string pattern = InJson(kQwenPattern);
  std::string split_options = R"("behavior":"Isolated","invert":false)";
  std::string byte_level = R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false})";
  std::string post_processor = "null";
  std::string decoder = R"({"type":"ByteLevel"})";
  std::string model_options = R"("type":"BPE","dropout":null,"byte_fallback":false)";
  std::vector<std::array<std::string, 2>> merges = {{" ", "t"}, {"h", "e"},  {" t", "he"},
                                                    {"i", "n"}, {"in", "g"}, {"\xc3", "\xa9"}};
  std::vector<std::string> added_tokens = {
      AddedTokenJson(262, "<|end|>", R"("special":true,"normalized":false)"),
      AddedTokenJson(263, "<think>", R"("special":false,"normalized":false)")};
  std::string more_pieces;      // of the vocabulary: `,"abc":900`
  bool merges_as_text = false;  // "a b" instead of ["a","b"]

  std::string Json() const {
    std::string vocabulary;
    int id = 0;
    const auto add_piece = [&](const std::string& bytes) {
      if (id > 0) vocabulary += ',';
      vocabulary += InJson(PieceOfBytes(bytes)) + ":" + std::to_string(id++);
    };
    for (int byte = 0; byte < 256; ++byte) add_piece(std::string(1, static_cast<char>(byte)));
    std::string merge_list;
    for (const auto& [left, right] : merges) {
      add_piece(left + right);
      if (!merge_list.empty()) merge_list += ',';
      const std::string a = PieceOfBytes(left);
      const std::string b = PieceOfBytes(right);
      merge_list += merges_as_text ? InJson(a + " " + b) : "[" + InJson(a) + "," + InJson(b) + "]";
    }
    std::string added;
    for (const std::string& token : added_tokens) {
      if (!added.empty()) added += ',';
      added += token;
    }
    return R"({"version":)" + version + R"(,"truncation":)" + truncation + R"(,"padding":)" +
           padding + R"(,"added_tokens":[)" + added + R"(],"normalizer":)" + normalizer +
           R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":)" +
           R"({"Regex":)" + pattern + "}," + split_options + "}," + byte_level +
           R"(]},"post_processor":)" + post_processor + R"(,"decoder":)" + decoder +
           R"(,"model":{)" + model_options + R"(,"vocab":{)" + vocabulary + more_pieces +
           R"(},"merges":[)" + merge_list + "]}}";
  }
};

class Splitmix {
 public:
  explicit Splitmix(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  size_t Below(size_t n) { return static_cast<size_t>(Next() % n); }

 private:
  uint64_t state_;
};

// Text that a pre-tokenizer and NFC can get wrong: white space of all kinds, contractions, marks,
// jamo, digits, scripts, added tokens and bits of them, any code point at all. Code points that are
// new since Unicode 9 are left out, so that every version gives the same ids.
inline std::string AwkwardText(Splitmix& random) {
  constexpr auto kBits = std::to_array<std::string_view>({"the",
                                                          " the",
                                                          "it's",
                                                          "WE'LL",
                                                          "'\u017f",
                                                          "'Re",
                                                          "a",
                                                          "z",
                                                          "E",
                                                          "K",
                                                          "\u212a",
                                                          "\u212b",
                                                          "\u00e9",
                                                          "e\u0301",
                                                          "\u0301",
                                                          "\u0323",
                                                          "\u0334",
                                                          "\u0338",
                                                          "\u0345",
                                                          "\u3099",
                                                          "\u1100",
                                                          "\u1161",
                                                          "\u11a8",
                                                          "\uac00",
                                                          "\ufb01",
                                                          "\u037e",
                                                          "\u0915\u093c",
                                                          "\u0939\u093f",
                                                          "\u65e5\u672c",
                                                          "\u30c6",
                                                          "\U0001F469\u200d\U0001F467",
                                                          "\U0001F1EB",
                                                          "\ufe0f",
                                                          " ",
                                                          "  ",
                                                          "\t",
                                                          "\n",
                                                          "\r\n",
                                                          "\r",
                                                          "\u000b",
                                                          "\u0085",
                                                          "\u00a0",
                                                          "\u1680",
                                                          "\u180e",
                                                          "\u2003",
                                                          "\u200b",
                                                          "\u2028",
                                                          "\u202f",
                                                          "\u205f",
                                                          "\u3000",
                                                          "\ufeff",
                                                          "1",
                                                          "23",
                                                          "\u0663",
                                                          "\u00bd",
                                                          "\u2167",
                                                          "\u00b2",
                                                          ".",
                                                          "...",
                                                          "->",
                                                          "(",
                                                          "_",
                                                          "=",
                                                          "\\",
                                                          "\"",
                                                          "<",
                                                          "<|",
                                                          "|>",
                                                          "<|im_start|>",
                                                          "<|im_end|>",
                                                          "<|endoftext|>",
                                                          std::string_view("\0", 1),
                                                          "\x7f",
                                                          "\u00ad",
                                                          "\ufffd",
                                                          "\U0010FFFF",
                                                          "\U000F0000"});
  std::string text;
  for (size_t n = random.Below(24) + 1; n > 0; --n) {
    const std::string_view bit = kBits[random.Below(kBits.size())];
    for (size_t repeat = random.Below(8) == 0 ? 1 + random.Below(9) : 1; repeat > 0; --repeat) {
      text += bit;
    }
  }
  return text;
}

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SMALL_TOKENIZER_TEST_H_
