// The kernel's code, compiled once for each instruction set, and the choice among them.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/coefficients.h"
#include "kernels/task.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gated_delta_rule_simd.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/decode-inl.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {

template <class T>
void RunTaskOf(const GatedDeltaRuleArgs& args, const TaskPlan& plan, const Task& task,
               const Task& next, float* workspace) {
  const bool decode = task.num_tokens == 1 && args.num_snapshots == 0 &&
                      args.initial_state.data != nullptr && args.final_state.data != nullptr;
  if (decode) {
    RunDecode<T>(args, plan, task, next);
  } else {
    RunPanels<T>({args, plan, task, next}, workspace);
  }
}

void RunTask(const GatedDeltaRuleArgs& args, const TaskPlan& plan, const Task& task,
             const Task& next, float* workspace) {
  if (args.data_type == DataType::kBFloat16) {
    RunTaskOf<BFloat16>(args, plan, task, next, workspace);
  } else {
    RunTaskOf<float>(args, plan, task, next, workspace);
  }
}

const SimdTarget* GetTarget() {
  static const SimdTarget target = {hwy::TargetName(HWY_TARGET),
                                    static_cast<int64_t>(hn::Lanes(F32())), RunTask};
  return &target;
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace deltagauge {

HWY_EXPORT(GetTarget);

const SimdTarget& ActiveSimdTarget() { return *HWY_DYNAMIC_DISPATCH(GetTarget)(); }

}  // namespace deltagauge
#endif  // HWY_ONCE
