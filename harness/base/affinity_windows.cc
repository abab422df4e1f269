#include <windows.h>

#include <bit>
#include <cstddef>
#include <vector>

#include "harness/base/affinity.h"

// Within the processor group that the process runs in: 64 CPUs at most.
namespace deltagauge {
namespace {

constexpr int kCpusOfMask = 8 * static_cast<int>(sizeof(DWORD_PTR));

DWORD_PTR MaskOf(int cpu) { return DWORD_PTR{1} << cpu; }

}  // namespace

std::vector<int> AllowedCpus() {
  DWORD_PTR of_process = 0, of_system = 0;
  if (!GetProcessAffinityMask(GetCurrentProcess(), &of_process, &of_system)) return {};
  // A thread's mask can't be asked for, only exchanged.
  const DWORD_PTR of_thread = SetThreadAffinityMask(GetCurrentThread(), of_process);
  if (of_thread == 0) return {};
  SetThreadAffinityMask(GetCurrentThread(), of_thread);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < kCpusOfMask; ++cpu) {
    if ((of_thread & MaskOf(cpu)) != 0) cpus.push_back(cpu);
  }
  return cpus;
}

bool RestrictToCpus(std::span<const int> cpus) {
  DWORD_PTR mask = 0;
  for (const int cpu : cpus) {
    if (cpu < 0 || cpu >= kCpusOfMask) return false;
    mask |= MaskOf(cpu);
  }
  return SetThreadAffinityMask(GetCurrentThread(), mask) != 0;
}

std::optional<int> CoreOfCpu(int cpu) {
  DWORD bytes = 0;
  GetLogicalProcessorInformation(nullptr, &bytes);
  std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> items(
      bytes / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
  if (items.empty() || cpu < 0 || cpu >= kCpusOfMask ||
      !GetLogicalProcessorInformation(items.data(), &bytes)) {
    return std::nullopt;
  }
  for (const SYSTEM_LOGICAL_PROCESSOR_INFORMATION& item : items) {
    if (item.Relationship == RelationProcessorCore && (item.ProcessorMask & MaskOf(cpu)) != 0) {
      return std::countr_zero(item.ProcessorMask);  // the first CPU of the core
    }
  }
  return std::nullopt;
}

}  // namespace deltagauge
