#include "harness/base/affinity.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace deltagauge {
namespace {

// Whether the calling thread can be put there and back.
bool CanBePinned(int cpu) {
  const PinnedThread pinned(cpu);
  return pinned.is_pinned() && AllowedCpus() == std::vector<int>{cpu};
}

}  // namespace

std::vector<int> SpreadOverCores(std::span<const LogicalCpu> cpus) {
  struct Place {
    int round;  // how many CPUs of the same core come before this one
    int cpu;
  };
  std::vector<Place> places;
  std::map<int, int> taken_of_core;
  for (const LogicalCpu& cpu : cpus) places.push_back({taken_of_core[cpu.core]++, cpu.cpu});
  std::stable_sort(places.begin(), places.end(),
                   [](const Place& a, const Place& b) { return a.round < b.round; });
  std::vector<int> order;
  for (const Place& place : places) order.push_back(place.cpu);
  return order;
}

PinnedThread::PinnedThread(std::optional<int> cpu) {
  if (!cpu.has_value()) return;
  std::vector<int> before = AllowedCpus();
  // Never into a place from which there is no way back.
  if (!before.empty() && RestrictToCpus({&*cpu, 1})) before_ = std::move(before);
}

PinnedThread::~PinnedThread() {
  if (!before_.empty()) RestrictToCpus(before_);
}

Pinning PinningFor(int num_threads) {
  const std::vector<int> allowed = AllowedCpus();
  const auto needed = static_cast<size_t>(num_threads);
  if (allowed.empty()) return {.cpus = {}, .why_not = "this system doesn't say where threads run"};
  if (allowed.size() < needed) {
    return {.cpus = {},
            .why_not = "fewer CPUs (" + std::to_string(allowed.size()) + ") than threads"};
  }
  std::vector<LogicalCpu> cpus;
  for (const int cpu : allowed) {
    // A core of its own if unknown: no core is called by a negative number.
    cpus.push_back({.cpu = cpu, .core = CoreOfCpu(cpu).value_or(-1 - cpu)});
  }
  std::vector<int> order = SpreadOverCores(cpus);
  order.resize(needed);
  for (const int cpu : order) {
    if (!CanBePinned(cpu)) {
      return {.cpus = {}, .why_not = "this system refuses CPU " + std::to_string(cpu)};
    }
  }
  return {.cpus = std::move(order), .why_not = ""};
}

std::string DescribePinning(const Pinning& pinning) {
  if (pinning.cpus.empty()) return "not pinned: " + pinning.why_not;
  std::string text = pinning.cpus.size() == 1 ? "pinned to CPU" : "pinned to CPUs";
  for (size_t i = 0; i < pinning.cpus.size(); ++i) {
    text += (i == 0 ? " " : ", ") + std::to_string(pinning.cpus[i]);
  }
  return text;
}

}  // namespace deltagauge
