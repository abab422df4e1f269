#include "reference/error_text.h"

#include <algorithm>
#include <array>

namespace deltagauge::reference {
namespace {

constexpr size_t kMaxQuoted = 160;
constexpr size_t kMaxCompared = 96;

}  // namespace

// Optimal string alignment distance, three rows of the usual table.
size_t EditDistance(std::string_view a, std::string_view b) {
  a = a.substr(0, kMaxCompared);
  b = b.substr(0, kMaxCompared);
  std::array<size_t, kMaxCompared + 1> before{}, above{}, row{};
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

std::string Quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "'";
  for (const char c : text.substr(0, kMaxQuoted)) {
    if (c >= 0x20 && c < 0x7f) {
      quoted += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    quoted += "\\x";
    quoted += kDigits[byte >> 4];
    quoted += kDigits[byte & 15];
  }
  if (text.size() > kMaxQuoted) quoted += "...";
  return quoted + "'";
}

std::string NearestNameHint(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view nearest;
  size_t fewest = std::min(name.size(), kMaxCompared) / 4 + 1;
  for (const std::string_view candidate : candidates) {
    const size_t edits = EditDistance(name, candidate);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : "did you mean " + Quoted(nearest) + "?";
}

std::string PathName(const std::filesystem::path& path) {
  const std::u8string name = path.u8string();
  return {name.begin(), name.end()};
}

std::string GenericPathName(const std::filesystem::path& path) {
  const std::u8string name = path.generic_u8string();
  return {name.begin(), name.end()};
}

std::filesystem::path PathOf(std::string_view name) {
  return {std::u8string(name.begin(), name.end())};
}

}  // namespace deltagauge::reference
