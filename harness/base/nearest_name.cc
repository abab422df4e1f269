#include "harness/base/nearest_name.h"

#include <algorithm>
#include <cstddef>

#include "reference/error_text.h"

namespace deltagauge {
namespace {

constexpr size_t kMaxLength = 64;

}  // namespace

std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view nearest;
  size_t fewest = std::min(name.size(), kMaxLength) / 2 + 1;
  for (const std::string_view candidate : candidates) {
    const size_t edits =
        reference::EditDistance(name.substr(0, kMaxLength), candidate.substr(0, kMaxLength));
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string NameHint(std::string_view name, std::span<const std::string_view> candidates) {
  const std::string_view nearest = NearestName(name, candidates);
  if (!nearest.empty()) return "did you mean '" + std::string(nearest) + "'?";
  std::string hint = "expected one of ";
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) hint += ", ";
    hint += candidates[i];
  }
  return hint;
}

}  // namespace deltagauge
