// Pieces of error texts about input from outside.
#ifndef DELTAGAUGE_REFERENCE_ERROR_TEXT_H_
#define DELTAGAUGE_REFERENCE_ERROR_TEXT_H_

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace deltagauge::reference {

// The text in single quotes, safe to print whatever it holds: control characters and bytes outside
// ASCII become \xNN, and after 160 characters "..." stands for the rest.
std::string Quoted(std::string_view text);

// The fewest edits (insert, delete, replace a character, swap two neighbours) from one text to the
// other. Only the first 96 characters of each count.
size_t EditDistance(std::string_view a, std::string_view b);

// "did you mean 'x'?" for the candidate with the fewest edits from `name`, the first of equals; ""
// if each needs more than a quarter of the name's length. Only the first 96 characters count.
std::string NearestNameHint(std::string_view name, std::span<const std::string_view> candidates);

// Our texts are UTF-8 on every system: a path as text, and back.
std::string PathName(const std::filesystem::path& path);
std::string GenericPathName(const std::filesystem::path& path);  // with '/' on every system
std::filesystem::path PathOf(std::string_view name);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_ERROR_TEXT_H_
