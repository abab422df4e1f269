// Values of a configuration that are texts: names, paths, metrics, parameters of cases.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_TEXT_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_TEXT_H_

#include <span>
#include <string>
#include <string_view>

#include "harness/config/config_fields.h"
#include "harness/config/config_node.h"
#include "harness/config/config_problems.h"

namespace deltagauge {

// Reads the value of key `name` as a text of this form; `arms` are the names for TextForm::kArm.
// Relative paths are put behind the folder of the node's file. Leaves `value` as it was, and adds a
// problem, if it is none.
void ReadConfigText(std::string_view name, const ConfigNode& node, TextForm form,
                    std::span<const std::string_view> arms, ConfigProblems& problems,
                    std::string& value);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_TEXT_H_
