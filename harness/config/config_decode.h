// From a tree of nodes to a Config: types, ranges, names, and what must fit together.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_DECODE_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_DECODE_H_

#include <span>
#include <string_view>

#include "harness/config/config.h"
#include "harness/config/config_node.h"

namespace deltagauge {

// `root` is a map without `version` and `extends`. `arms` are the names that a candidate or the
// baseline may have. Throws reference::InputError.
Config DecodeConfig(const ConfigNode& root, std::span<const std::string_view> arms);

// The tree that DecodeConfig turns into `config`, with every field.
ConfigNode EncodeConfig(const Config& config);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_DECODE_H_
