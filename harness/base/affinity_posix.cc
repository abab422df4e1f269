#if defined(__linux__)
#include <sched.h>
#endif

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "harness/base/affinity.h"

namespace deltagauge {

#if defined(__linux__)

namespace {

// A set of the C library has a fixed size, and the system refuses one that is smaller than its own.
constexpr size_t kMostCpus = 1 << 16;

using CpuSet = std::vector<cpu_set_t>;  // of 1024 CPUs each

size_t Bytes(const CpuSet& set) { return set.size() * sizeof(cpu_set_t); }

}  // namespace

std::vector<int> AllowedCpus() {
  for (CpuSet set(1); set.size() * CPU_SETSIZE <= kMostCpus; set.resize(2 * set.size())) {
    if (sched_getaffinity(0, Bytes(set), set.data()) != 0) continue;
    std::vector<int> cpus;
    for (size_t cpu = 0; cpu < set.size() * CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET_S(cpu, Bytes(set), set.data())) cpus.push_back(static_cast<int>(cpu));
    }
    return cpus;
  }
  return {};
}

bool RestrictToCpus(std::span<const int> cpus) {
  CpuSet set(1);
  for (const int cpu : cpus) {
    const auto index = static_cast<size_t>(cpu);
    if (cpu < 0 || index >= kMostCpus) return false;
    if (index >= set.size() * CPU_SETSIZE) set.resize(index / CPU_SETSIZE + 1);
    CPU_SET_S(index, Bytes(set), set.data());
  }
  return sched_setaffinity(0, Bytes(set), set.data()) == 0;
}

std::optional<int> CoreOfCpu(int cpu) {
  // "0,16" or "0-1": the first of them stands for the core.
  std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                         "/topology/thread_siblings_list");
  int first = 0;
  if (!(siblings >> first) || first < 0) return std::nullopt;
  return first;
}

#else

// macOS, for one, takes hints only.
std::vector<int> AllowedCpus() { return {}; }

bool RestrictToCpus(std::span<const int>) { return false; }

std::optional<int> CoreOfCpu(int) { return std::nullopt; }

#endif

}  // namespace deltagauge
