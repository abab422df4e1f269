// Reads configurations: YAML with everything that lets a mistake pass unseen taken away.
//
// A file is one document of UTF-8 (a byte order mark and CRLF are fine) whose top is a map with
// `version: 1`. Refused, each with file:line:column, what was expected and the nearest valid name:
// an unknown or repeated key, a value of the wrong type or out of range, tabs, anchors and aliases,
// tags, a second document, invalid UTF-8, more than the limits below. yaml-cpp alone would take the
// first of two equal keys, and `1O` for a string.
//
//   extends: base.yaml        reads that file first: maps merge key by key, everything else (lists
//                             too) is replaced by what the later file says. A list of files merges
//                             in order. Relative to the file that says it; cycles are refused.
//   relative paths            of models and texts are relative to the file that says them.
//   --set path=value          is read last; the value is YAML: performance.protocol.budget_s=10,
//                             kernel.shapes[0].tokens=[1, 2], gates[2].max=1e-3,
//                             'tolerances.float32."model.kld.max".max=1e-5'. A map's new key is
//                             fine, a list's element must be there.
//
// configs/README.md describes every key; configs/config.schema.json is for editors.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_YAML_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_YAML_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.h"

namespace deltagauge {

inline constexpr size_t kMaxConfigFileBytes = size_t{1} << 20;
inline constexpr size_t kMaxConfigFiles = 16;  // a file and all that it extends

struct ConfigOptions {
  std::vector<std::string> overrides;  // "path=value" as given to --set
  // Arms beside kArmNames, such as a test's faulty candidate.
  std::vector<std::string> more_arms;
};

// Throws reference::InputError. Its problem() is the first mistake; where a file holds several that
// don't hang on each other, what() lists up to 20 of them, one a line.
Config LoadConfig(const std::string& path, const ConfigOptions& options = {});

// The same from a text that is called `name` in messages. `read_file` gives the text of a file that
// `extends` names, or throws InputError.
using ReadFile = std::function<std::string(const std::string& path)>;
Config ParseConfig(std::string_view text, const std::string& name, const ConfigOptions& options,
                   const ReadFile& read_file);

// Every value, defaults too, in one form: JSON (and so YAML) in the order of configs/README.md,
// indented by 2, a line feed at the end. Reading it from the current folder gives an equal Config.
// The report keeps it as config.resolved; its SHA-256 names the configuration.
std::string ResolvedConfig(const Config& config);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_YAML_H_
