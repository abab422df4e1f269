// Gates of a configuration, made ready: each with its numbers, and none that no case can answer.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_GATES_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_GATES_H_

#include "harness/config/config.h"
#include "harness/config/config_node.h"
#include "harness/config/config_problems.h"

namespace deltagauge {

// A gate without min and max becomes one for each dtype that its cases have, with the numbers of
// config.tolerances. Reports, at the places in `root` where they were written, gates of unknown
// candidates, gates that no case of the plan has, and missing tolerances.
void ResolveGates(const ConfigNode& root, ConfigProblems& problems, Config& config);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_GATES_H_
