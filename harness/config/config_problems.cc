#include "harness/config/config_problems.h"

#include <utility>

#include "fmt/format.h"
#include "reference/input_error.h"

namespace deltagauge {

void ConfigProblems::Add(const SourcePlace& place, std::string what, std::string hint) {
  if (problems_.size() == kMost) {
    ++left_out_;
    return;
  }
  problems_.push_back({place.Text(), std::move(what), std::move(hint)});
}

void ConfigProblems::AddMismatch(std::string_view name, const ConfigNode& found,
                                 std::string_view expected, std::string hint) {
  Add(found.place, fmt::format("'{}': expected {}, found {}", name, expected, Described(found)),
      std::move(hint));
}

void ConfigProblems::ThrowIfAny() const {
  if (problems_.empty()) return;
  std::string rest;
  for (size_t i = 1; i < problems_.size(); ++i) {
    const Problem& problem = problems_[i];
    rest += fmt::format("\n{}: {}{}{}", problem.where, problem.what,
                        problem.hint.empty() ? "" : "; ", problem.hint);
  }
  if (left_out_ > 0) rest += fmt::format("\nand {} more", left_out_);
  const Problem& first = problems_.front();
  if (first.hint.empty()) throw reference::InputError(first.where, first.what + rest);
  throw reference::InputError(first.where, first.what, first.hint + rest);
}

}  // namespace deltagauge
