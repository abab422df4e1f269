// "did you mean": the known name closest to a mistyped one.
#ifndef DELTAGAUGE_HARNESS_BASE_NEAREST_NAME_H_
#define DELTAGAUGE_HARNESS_BASE_NEAREST_NAME_H_

#include <span>
#include <string>
#include <string_view>

namespace deltagauge {

// The candidate with the fewest edits (insert, delete, replace a character, swap two neighbours)
// from `name`, or "" if each needs more than half of the name's length. The first of equals. Only
// the first 64 characters of each count, so that hostile input costs little.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates);

// "did you mean 'x'?", or "expected one of a, b, c" when nothing is near.
std::string NameHint(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_NEAREST_NAME_H_
