#include "harness/model/outside_candidate.h"

#include <utility>

#include "harness/candidate/plugin_kernel.h"

namespace deltagauge {

OutsideKernel MakeOutsideKernel(const PluginInfo& info, PluginSource source) {
  return {.adapt = [info](const KernelCase& planned) { return AdaptCase(info, planned); },
          .check =
              [source = std::move(source)](const KernelCase& kernel_case, const CaseData& data) {
                return CheckPlugin(source, IsolationLimits{}, kernel_case, data);
              }};
}

}  // namespace deltagauge
