#include "reference/added_tokens.h"

#include <algorithm>
#include <utility>

#include "reference/unicode_text.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

// The last character of valid UTF-8 that isn't empty.
Utf8Step LastCharacter(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0u) == 0x80) --at;
  return ReadUtf8(text, at);
}

bool IsBetweenWords(std::string_view before, std::string_view after) {
  return (before.empty() || !IsWordCharacter(LastCharacter(before).code_point)) &&
         (after.empty() || !IsWordCharacter(ReadUtf8(after, 0).code_point));
}

size_t SpaceAtEnd(std::string_view text) {
  size_t size = text.size();
  while (size > 0) {
    const Utf8Step last = LastCharacter(text.substr(0, size));
    if (!IsWhiteSpace(last.code_point)) break;
    size -= last.length;
  }
  return text.size() - size;
}

size_t SpaceAtBegin(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = ReadUtf8(text, at);
    if (!IsWhiteSpace(step.code_point)) break;
    at += step.length;
  }
  return at;
}

}  // namespace

void AddedTokenMatcher::Add(AddedToken token) {
  uint32_t node = 0;
  for (const char byte : token.content) {
    const uint64_t edge = uint64_t{node} << 8 | static_cast<uint8_t>(byte);
    const auto [found, is_new] = edges_.emplace(edge, static_cast<uint32_t>(token_of_node_.size()));
    if (is_new) token_of_node_.push_back(kNoToken);
    node = found->second;
  }
  if (token_of_node_[node] != kNoToken) return;
  is_first_byte_[static_cast<uint8_t>(token.content.at(0))] = true;
  token_of_node_[node] = static_cast<uint32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

AddedTokenMatcher::Found AddedTokenMatcher::LongestAt(std::string_view text, size_t at) const {
  Found longest;
  uint32_t node = 0;
  for (size_t i = at; i < text.size(); ++i) {
    const auto edge = edges_.find(uint64_t{node} << 8 | static_cast<uint8_t>(text[i]));
    if (edge == edges_.end()) break;
    node = edge->second;
    if (token_of_node_[node] != kNoToken) longest = {token_of_node_[node], i + 1 - at};
  }
  return longest;
}

std::vector<AddedTokenMatcher::Part> AddedTokenMatcher::Split(std::string_view text) const {
  std::vector<Part> parts;
  size_t done = 0;  // what is before belongs to a part or was taken along
  const auto emit_up_to = [&](size_t end) {
    if (done < end) parts.push_back({text.substr(done, end - done), std::nullopt});
  };
  for (size_t at = 0; at < text.size();) {
    if (!is_first_byte_[static_cast<uint8_t>(text[at])]) {
      ++at;
      continue;
    }
    const Found found = LongestAt(text, at);
    if (found.token == kNoToken) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[found.token];
    size_t begin = at;
    size_t end = at + found.size;
    at = end;  // the search goes on after the content, whatever else the token takes along
    if (token.single_word && !IsBetweenWords(text.substr(0, begin), text.substr(end))) continue;
    if (token.lstrip) begin -= SpaceAtEnd(text.substr(0, begin));
    if (token.rstrip) end += SpaceAtBegin(text.substr(end));
    emit_up_to(begin);
    parts.push_back({text.substr(at - found.size, found.size), token.id});
    done = end;
  }
  emit_up_to(text.size());
  return parts;
}

}  // namespace deltagauge::reference
