// A kernel from outside: the shared library that kernels/candidate.h describes, loaded and believed
// only after its description was looked through.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_H_

#include <cstdint>
#include <string>

#include "kernels/candidate.h"

namespace deltagauge {

// What a plug-in says of itself, apart from its code.
struct PluginInfo {
  std::string path;
  std::string name;
  std::string version;
  std::string description;
  deltagauge_conventions conventions = {};
  deltagauge_limits limits = {};
  uint32_t data_types = 0;
};

struct Plugin {
  PluginInfo info;
  decltype(deltagauge_candidate::prepare) prepare = nullptr;
  decltype(deltagauge_candidate::run) run = nullptr;
  decltype(deltagauge_candidate::release) release = nullptr;
};

// "" or the first thing that is wrong: "conventions.decay is 7; expected 1 to 2".
std::string FindCandidateFlaw(const deltagauge_candidate& candidate);
// The part of it without texts and functions.
std::string FindNumberFlaw(const deltagauge_conventions& conventions,
                           const deltagauge_limits& limits, uint32_t data_types);

// Runs code of the library in this process: see isolation.h. Throws reference::InputError: no such
// file, the loader's own message, no symbol, another version of the interface, a flaw.
Plugin LoadPlugin(const std::string& path);

// `info` without a flaw. One line: "mine 1.2: state kv, decay log, beta logit, ...".
std::string DescribePlugin(const PluginInfo& info);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_H_
