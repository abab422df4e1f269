// Parts of a plan, and how it is shown.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <map>

#include "fmt/format.h"
#include "harness/config/run_plan.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;

bool HasWildcard(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

bool Selects(std::string_view pattern, const PlanEntry& entry) {
  if (HasWildcard(pattern)) return MatchesGlob(pattern, entry.id);
  return entry.id.compare(0, pattern.size(), pattern) == 0;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  // Where to go on when what follows the last '*' doesn't fit: one character further.
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  size_t p = 0;
  size_t t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<PlanEntry> SelectOnly(std::vector<PlanEntry> plan,
                                  std::span<const std::string> patterns) {
  if (patterns.empty()) return plan;
  for (const std::string& pattern : patterns) {
    const bool selects_any =
        !pattern.empty() && std::any_of(plan.begin(), plan.end(), [&](const PlanEntry& entry) {
          return Selects(pattern, entry);
        });
    if (!selects_any) {
      throw InputError("--only " + pattern, "no case matches",
                       "`deltagauge list` prints them; * stands for any characters");
    }
  }
  std::erase_if(plan, [&](const PlanEntry& entry) {
    return std::none_of(patterns.begin(), patterns.end(),
                        [&](const std::string& pattern) { return Selects(pattern, entry); });
  });
  return plan;
}

Shard ParseShard(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const auto number_of = [](std::string_view digits) {
    int number = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, number);
    return error == std::errc() && rest == end ? number : 0;
  };
  const Shard shard = {number_of(text.substr(0, slash)),
                       slash == text.size() ? 0 : number_of(text.substr(slash + 1))};
  if (shard.index < 1 || shard.count < shard.index || shard.count > 1000) {
    throw InputError(fmt::format("--shard {}", text.substr(0, 40)),
                     "expected i/n, the i-th of n parts", "for example 1/4; n is at most 1000");
  }
  return shard;
}

std::vector<PlanEntry> SelectShard(const std::vector<PlanEntry>& plan, const Shard& shard) {
  // Entries of one pass stay together.
  struct Unit {
    std::vector<size_t> entries;
    double seconds = 0;
  };
  std::vector<Unit> units;
  std::map<std::string, size_t> unit_of_pass;
  for (size_t i = 0; i < plan.size(); ++i) {
    size_t unit = units.size();
    if (!plan[i].pass.empty()) unit = unit_of_pass.emplace(plan[i].pass, unit).first->second;
    if (unit == units.size()) units.emplace_back();
    units[unit].entries.push_back(i);
    units[unit].seconds += plan[i].estimated_s;
  }
  std::stable_sort(units.begin(), units.end(),
                   [](const Unit& a, const Unit& b) { return a.seconds > b.seconds; });
  std::vector<double> loads(static_cast<size_t>(shard.count), 0);
  std::vector<size_t> chosen;
  for (const Unit& unit : units) {
    const auto least = std::min_element(loads.begin(), loads.end());
    *least += unit.seconds;
    if (least - loads.begin() + 1 == shard.index) {
      chosen.insert(chosen.end(), unit.entries.begin(), unit.entries.end());
    }
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<PlanEntry> part;
  for (const size_t index : chosen) part.push_back(plan[index]);
  return part;
}

std::string FormatPlan(std::span<const PlanEntry> plan) {
  std::string text;
  std::array<size_t, std::variant_size_v<RunCase>> counts{};
  double seconds = 0;
  for (const PlanEntry& entry : plan) {
    text += PrintRunCase(entry.run_case) + "\n";
    ++counts[entry.run_case.index()];
    seconds += entry.estimated_s;
  }
  text += fmt::format("{} cases", plan.size());
  std::string_view separator = ": ";
  for (const NamedValue<RunKind>& kind : NamesOf<RunKind>()) {
    const size_t count = counts[static_cast<size_t>(kind.value)];
    if (count == 0) continue;
    text += fmt::format("{}{} {}", separator, count, kind.name);
    separator = ", ";
  }
  return text + fmt::format("; about {:.0f} s on 2 cores\n", seconds);
}

}  // namespace deltagauge
