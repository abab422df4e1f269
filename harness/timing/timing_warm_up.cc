#include "harness/timing/timing_warm_up.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/bench/bench_rounds.h"
#include "harness/bench/bench_statistics.h"

namespace deltagauge {
namespace {

constexpr size_t kFewestRuns = 3;
constexpr double kSettled = 0.02;  // the smallest effect that is looked for by default
constexpr double kPatience = 4;

}  // namespace

bool IsSettled(std::span<const double> run_ns) {
  if (run_ns.size() < kFewestRuns) return false;
  const std::span<const double> warm = run_ns.subspan(1);
  const std::span<const double> earlier = warm.first(warm.size() / 2);
  const std::span<const double> later = warm.subspan(warm.size() / 2);
  const double before = *std::min_element(earlier.begin(), earlier.end());
  const double after = *std::min_element(later.begin(), later.end());
  return std::abs(after / before - 1) <= kSettled;
}

WarmUpResult WarmUpUntilStable(TimedCall& call, double least_s, const Clock& clock) {
  const Entered entered(call);
  std::vector<double> run_ns;
  double total_ns = 0;
  double next_test_ns = 1e9 * least_s;
  WarmUpResult result;
  for (;;) {
    run_ns.push_back(TimeRuns(call, 1, clock));
    total_ns += run_ns.back();
    if (run_ns.size() < kFewestRuns || total_ns < next_test_ns) continue;
    result.is_stable = IsSettled(run_ns);
    if (result.is_stable || total_ns >= kPatience * 1e9 * least_s) break;
    // Not after every run: of many short ones, one test is as long as a run.
    next_test_ns = total_ns * 1.1;
  }
  result.calls = static_cast<int>(run_ns.size());
  result.typical_ns = Median(std::span<const double>(run_ns).subspan(run_ns.size() / 2));
  return result;
}

}  // namespace deltagauge
