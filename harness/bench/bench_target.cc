#include "harness/bench/bench_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "kernels/targets.h"

namespace deltagauge {

ForcedTarget::ForcedTarget(const std::string& target) {
  if (target.empty()) return;
  const std::string previous = ActiveTarget();
  if (!ForceTarget(target).ok()) {
    throw std::invalid_argument(
        fmt::format("target '{}' doesn't run on this machine; expected one "
                    "of {}",
                    target, fmt::join(RunnableTargets(), ", ")));
  }
  previous_ = previous;
}

ForcedTarget::~ForcedTarget() {
  if (!previous_.empty()) ForceTarget(previous_);
}

}  // namespace deltagauge
