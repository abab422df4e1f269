// Kernel cases on a plug-in, each in a process of its own where that can be (isolation.h: always
// for a plug-in that is a file): one that crashes, hangs, ends the process or takes all memory
// costs that case an error with its reason. This process never loads the plug-in.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_CHECK_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_CHECK_H_

#include <functional>
#include <string>

#include "harness/candidate/isolation.h"
#include "harness/candidate/plugin.h"
#include "harness/kernel/kernel_check.h"

namespace deltagauge {

struct PluginSource {
  // Gives the code, in the process that runs it. Throws what LoadPlugin throws.
  std::function<Plugin()> load;
  // Not empty: load is LoadPlugin of this file, so another program can do it, too.
  std::string path = "";
};
PluginSource PluginOfFile(const std::string& path);

// The same for what is no file of its own: `name` is what messages call it.
PluginInfo AskPlugin(const std::string& name, const PluginSource& source,
                     const IsolationLimits& limits);
CheckOutcome CheckPlugin(const PluginSource& source, const IsolationLimits& limits,
                         const KernelCase& kernel_case, const CaseData& data);

// What the plug-in says of itself. Throws reference::InputError: what LoadPlugin throws, and why it
// could not be asked.
PluginInfo AskPlugin(const std::string& path, const IsolationLimits& limits);

// The case as it is, by the limits that hold for any implementation, in the operator's conventions
// (see AdaptCase). Never throws for what the plug-in does. `data` as CheckKernel wants it.
CheckOutcome CheckPlugin(const std::string& path, const IsolationLimits& limits,
                         const KernelCase& kernel_case, const CaseData& data);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_CHECK_H_
