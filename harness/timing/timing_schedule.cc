#include "harness/timing/timing_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "harness/timing/timing_statistics.h"

namespace deltagauge {
namespace {

constexpr int kFewestCalls = 3;
constexpr int kMostCalls = 1000;
// A clock reading costs some 30 ns: in 20 us that is 0.2 %, and the same for both arms.
constexpr double kShortestTimingNs = 20e3;

// Quads that the protocol wants: 30 to gate below 3 %, 20 otherwise.
int FirstLook(const TimingPolicy& policy) { return policy.min_effect < 0.03 ? 30 : 20; }

double LookConfidence(const TimingPolicy& policy, size_t looks) {
  return 1 - (1 - policy.confidence) / static_cast<double>(looks);
}

int QuadsThatFit(double budget_s, double quad_s, int most) {
  return static_cast<int>(std::min(static_cast<double>(most), budget_s / quad_s));
}

// Evenly spaced on a logarithmic scale: a look between two that are close together tells little.
std::vector<int> LooksUpTo(int first, int last, int most_looks) {
  constexpr double kLeastGrowth = 1.5;
  const double growth = static_cast<double>(last) / first;
  const int steps =
      std::min(most_looks - 1, static_cast<int>(std::log(growth) / std::log(kLeastGrowth)));
  std::vector<int> looks;
  for (int i = 0; i < steps; ++i) {
    looks.push_back(static_cast<int>(std::lround(first * std::pow(growth, 1.0 * i / steps))));
  }
  looks.push_back(last);
  return looks;
}

// An interval of higher confidence is wider by the ratio of the normal quantiles (1.96 and 2.58 at
// 95 and 99 %), about that of the least numbers of values (6 and 8), and narrows with the root of
// the number of quads.
double NeededQuads(const TimingPolicy& policy) {
  const double wider = static_cast<double>(FewestForMedian(policy.confidence)) /
                       static_cast<double>(FewestForMedian(0.95));
  return FirstLook(policy) * wider * wider;
}

double WarmUpSeconds(const CaseCost& cost, const TimingPolicy& policy) {
  return std::max(policy.warm_up_s, 3 * cost.a_s) + std::max(policy.warm_up_s, 3 * cost.b_s);
}

}  // namespace

SamplePlan PlanSample(double a_ns, double b_ns, const TimingPolicy& policy) {
  const double fast_ns = std::max(std::min(a_ns, b_ns), 1.0);
  const double slow_ns = std::max(std::max(a_ns, b_ns), 1.0);
  const int runs = static_cast<int>(std::ceil(std::min(1e6, kShortestTimingNs / fast_ns)));
  const double to_fill = std::ceil(1e9 * policy.least_sample_s / (fast_ns * runs));
  const double allowed = std::floor(1e9 * policy.most_sample_s / (slow_ns * runs));
  const double calls = std::clamp(std::min(to_fill, allowed), static_cast<double>(kFewestCalls),
                                  static_cast<double>(kMostCalls));
  return {.calls = static_cast<int>(calls), .runs = runs};
}

double QuadSeconds(double a_ns, double b_ns, double control_ns, const SamplePlan& sample) {
  const double samples_ns = (4 * a_ns + 2 * b_ns) * sample.calls * sample.runs;
  return 1e-9 * (samples_ns + 6 * kFewestCalls * control_ns);
}

TimingSchedule PlanTiming(double a_ns, double b_ns, double control_ns, double budget_s,
                          const TimingPolicy& policy) {
  TimingSchedule schedule;
  schedule.sample = PlanSample(a_ns, b_ns, policy);
  const int first = FirstLook(policy);
  const auto fewest = static_cast<int>(FewestForMedian(policy.confidence));
  const int wanted_calls = schedule.sample.calls;
  int fit = 0;
  for (;; --schedule.sample.calls) {
    fit = QuadsThatFit(budget_s, QuadSeconds(a_ns, b_ns, control_ns, schedule.sample),
                       policy.most_quads);
    // Three calls a sample are worth more than many quads, an interval more than three calls.
    const int enough = schedule.sample.calls > kFewestCalls ? first : fewest;
    if (fit >= enough || schedule.sample.calls == 1) break;
  }
  if (schedule.sample.calls < wanted_calls) {
    schedule.notes.push_back(
        fmt::format("a sample is the least of {} instead of {} calls, for want of time",
                    schedule.sample.calls, wanted_calls));
  }
  if (fit < fewest) {
    const double quad_s = QuadSeconds(a_ns, b_ns, control_ns, schedule.sample);
    if (QuadsThatFit(kLeastOvertime * budget_s, quad_s, policy.most_quads) < fewest) {
      schedule.quads = fit;
      schedule.notes.push_back(
          fmt::format("{:.1f} s hold {} of the {} quads that an interval needs at least", budget_s,
                      fit, fewest));
      return schedule;
    }
    schedule.notes.push_back(
        fmt::format("{} quads, the least for an interval, need {:.1f} s instead of {:.1f}", fewest,
                    fewest * quad_s, budget_s));
    fit = fewest;
  } else if (fit < first) {
    schedule.notes.push_back(fmt::format("{} of {} quads fit into {:.1f} s", fit, first, budget_s));
  }
  schedule.quads = fit;
  schedule.looks = fit < first ? std::vector<int>{fit} : LooksUpTo(first, fit, policy.most_looks);
  schedule.look_confidence = LookConfidence(policy, schedule.looks.size());
  return schedule;
}

double NeededSeconds(const CaseCost& cost, const TimingPolicy& policy) {
  const double a_ns = 1e9 * cost.a_s;
  const double b_ns = 1e9 * cost.b_s;
  const SamplePlan sample = PlanSample(a_ns, b_ns, policy);
  const double quads_s = NeededQuads(policy) * QuadSeconds(a_ns, b_ns, 0, sample);
  return (cost.has_target ? 1 : 2) * (WarmUpSeconds(cost, policy) + quads_s);
}

double LeastSeconds(const CaseCost& cost, const TimingPolicy& policy) {
  const double a_ns = 1e9 * cost.a_s;
  const double b_ns = 1e9 * cost.b_s;
  const SamplePlan sample = {.calls = 1, .runs = PlanSample(a_ns, b_ns, policy).runs};
  const double quads_s =
      static_cast<double>(FewestForMedian(policy.confidence)) * QuadSeconds(a_ns, b_ns, 0, sample);
  return (cost.has_target ? 1 : 1 / kFirstShare) * (WarmUpSeconds(cost, policy) + quads_s);
}

std::vector<double> SplitBudget(double total_s, std::span<const CaseCost> cases,
                                const TimingPolicy& policy) {
  std::vector<double> shares;
  for (const CaseCost& cost : cases) shares.push_back(LeastSeconds(cost, policy));
  const double least_s = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (least_s >= total_s) {
    for (double& share : shares) share *= total_s / least_s;
    return shares;
  }
  std::vector<double> wishes;
  for (size_t i = 0; i < cases.size(); ++i) {
    wishes.push_back(std::max(0.0, NeededSeconds(cases[i], policy) - shares[i]));
  }
  std::vector<size_t> order(cases.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return wishes[i] < wishes[j]; });

  // Small wishes first: each is met, or gets an equal part of what is left.
  double left_s = total_s - least_s;
  for (size_t i = 0; i < order.size(); ++i) {
    const double equal_s = left_s / static_cast<double>(order.size() - i);
    const double more_s = std::min(wishes[order[i]], equal_s);
    shares[order[i]] += more_s;
    left_s -= more_s;
  }
  for (double& share : shares) share += left_s / static_cast<double>(shares.size());
  return shares;
}

}  // namespace deltagauge
