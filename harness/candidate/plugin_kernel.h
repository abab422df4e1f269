// A plug-in behind the interface that the kernel cases call.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_KERNEL_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_KERNEL_H_

#include "harness/candidate/guarded_pages.h"
#include "harness/candidate/plugin.h"
#include "harness/kernel/case.h"
#include "harness/kernel/kernel_call.h"

namespace deltagauge {

// For as long as it lives, kernel() is this plug-in: a KernelFunction has no room for one, so there
// is one at a time, and nested ones are an error. Packed sequences become a call each, snapshots
// calls of single tokens; a sequence without tokens keeps its state and is no call. kernel() throws
// PluginFault (plugin_call.h).
class PluginInUse {
 public:
  PluginInUse(const Plugin& plugin, Trap trap);
  ~PluginInUse();
  PluginInUse(const PluginInUse&) = delete;
  PluginInUse& operator=(const PluginInUse&) = delete;

  KernelFunction kernel() const;
};

// The case in the conventions of the plug-in, where ours would be translated at a loss that is not
// the kernel's: decay, beta, a norm that it always does, a scale of bfloat16 that it never does. No
// target is named: a plug-in has none.
KernelCase AdaptCase(const PluginInfo& info, const KernelCase& kernel_case);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_KERNEL_H_
