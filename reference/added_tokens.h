// Tokens that are found in the text as they stand, before anything else looks at it:
// "<|im_start|>".
#ifndef DELTAGAUGE_REFERENCE_ADDED_TOKENS_H_
#define DELTAGAUGE_REFERENCE_ADDED_TOKENS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace deltagauge::reference {

struct AddedToken {
  int32_t id = 0;
  std::string content;       // not empty
  bool single_word = false;  // only where no word character stands before or after
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and that after it
  bool normalized = false;   // looked for in the normalized text, in its normalized form
  bool special = false;      // left out by Decode(..., SpecialTokens::kSkip)
};

class AddedTokenMatcher {
 public:
  void Add(AddedToken token);  // the content that was added first counts, if it comes again

  // A stretch of the text: a token, or what lies between tokens.
  struct Part {
    std::string_view text;
    std::optional<int32_t> id;
  };
  // Cuts valid UTF-8 at the tokens in it: the leftmost first, and the longest of those that begin
  // at one place. White space that a token takes along is in no part.
  std::vector<Part> Split(std::string_view text) const;

 private:
  static constexpr uint32_t kNoToken = UINT32_MAX;
  struct Found {
    uint32_t token = kNoToken;
    size_t size = 0;
  };
  Found LongestAt(std::string_view text, size_t at) const;

  std::vector<AddedToken> tokens_;
  // A trie. Node 0 is the root; an edge is (node << 8 | byte) -> node.
  std::unordered_map<uint64_t, uint32_t> edges_;
  std::vector<uint32_t> token_of_node_ = {kNoToken};
  std::array<bool, 256> is_first_byte_{};
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_ADDED_TOKENS_H_
