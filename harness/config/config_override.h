// `--set path=value`: one value of a configuration, from the command line.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_OVERRIDE_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_OVERRIDE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/config/config_node.h"

namespace deltagauge {

// Keys of maps and indices of lists, from the root.
using ConfigPath = std::vector<std::variant<std::string, size_t>>;

inline constexpr size_t kMaxOverrideBytes = 65536;

// Parses "kernel.shapes[0].tokens" or `tolerances.float32."model.kld.max".max`. Throws
// reference::InputError whose place is "--set ASSIGNMENT".
struct ConfigAssignment {
  ConfigPath path;
  ConfigNode value;
};
ConfigAssignment ParseAssignment(std::string_view assignment);

// Puts the value of "path=value" into the tree; maps on the way that are not there are made.
// Throws reference::InputError for elements that are not there and for keys of what is no map.
void ApplyOverride(std::string_view assignment, ConfigNode& root);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_OVERRIDE_H_
