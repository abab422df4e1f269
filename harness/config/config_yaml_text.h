// One strict YAML document as a tree of ConfigNode. config_yaml.h says what is refused.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_YAML_TEXT_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_YAML_TEXT_H_

#include <string>
#include <string_view>

#include "harness/config/config_node.h"

namespace deltagauge {

inline constexpr size_t kMaxConfigDepth = 24;      // maps and lists in each other
inline constexpr size_t kMaxConfigNodes = 50'000;  // of a file

// Throws reference::InputError, its place as file.name:line:column.
ConfigNode ParseYaml(std::string_view text, const SourceFile& file);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_YAML_TEXT_H_
