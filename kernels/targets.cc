#include "kernels/targets.h"

#include "hwy/highway.h"
#include "hwy/targets.h"
#include "kernels/task.h"

namespace deltagauge {
namespace {

Status UnknownTarget(const char* hint) { return {StatusCode::kUnknownTarget, "target", hint, 0}; }

// Of the targets that are compiled in and run here, the one called `name`; 0 if there is none.
// Highway lists some that run but were not compiled; forcing those would silently run another.
int64_t FindTarget(std::string_view name) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (name == hwy::TargetName(target)) return target;
  }
  return 0;
}

void ChooseAmong(int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

std::vector<std::string> RunnableTargets() {
  const int64_t saved = hwy::SupportedTargets();
  ResetTargets();
  std::vector<std::string> names;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    names.emplace_back(hwy::TargetName(target));
  }
  ChooseAmong(saved);
  return names;
}

const char* ActiveTarget() { return ActiveSimdTarget().name; }

Status ForceTarget(std::string_view name) {
  const int64_t saved = hwy::SupportedTargets();
  ResetTargets();
  const int64_t target = FindTarget(name);
  if (target == 0) {
    ChooseAmong(saved);
    return UnknownTarget("one of the targets that `deltagauge targets` lists");
  }
  ChooseAmong(target);
  return {};
}

Status RefuseTarget(std::string_view name) {
  const int64_t refused = FindTarget(name);
  if (refused == 0) return UnknownTarget("one of the targets that are still allowed");
  int64_t left = 0;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (target != refused) left |= target;
  }
  if (left == 0) return UnknownTarget("a target besides the last one allowed");
  ChooseAmong(left);
  return {};
}

void ResetTargets() { ChooseAmong(0); }

}  // namespace deltagauge
