// What is wrong with a configuration, collected, so that all is told at once.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_PROBLEMS_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_PROBLEMS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config_node.h"

namespace deltagauge {

// Mistakes in the order in which they were found.
class ConfigProblems {
 public:
  void Add(const SourcePlace& place, std::string what, std::string hint = {});
  // "'name': expected ..., found ...".
  void AddMismatch(std::string_view name, const ConfigNode& found, std::string_view expected,
                   std::string hint = {});
  bool empty() const { return problems_.empty(); }
  // Throws reference::InputError if there is one.
  void ThrowIfAny() const;

 private:
  struct Problem {
    std::string where;
    std::string what;
    std::string hint;
  };
  static constexpr size_t kMost = 20;
  std::vector<Problem> problems_;
  size_t left_out_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_PROBLEMS_H_
