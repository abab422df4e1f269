#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "harness/timing/machine.h"

namespace deltagauge {
namespace {

constexpr char kCpuKey[] = "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0";
constexpr char kSystemKey[] = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
constexpr char kPowerKey[] = "SYSTEM\\CurrentControlSet\\Control\\Power\\User\\PowerSchemes";

std::string RegistryText(const char* key, const char* value) {
  char text[256] = {};
  DWORD size = sizeof(text);
  const LSTATUS status =
      RegGetValueA(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ, nullptr, text, &size);
  if (status != ERROR_SUCCESS) return {};
  std::string result = text;
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::optional<double> RegistryNumber(const char* key, const char* value) {
  DWORD number = 0;
  DWORD size = sizeof(number);
  const LSTATUS status =
      RegGetValueA(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_DWORD, nullptr, &number, &size);
  if (status != ERROR_SUCCESS) return std::nullopt;
  return static_cast<double>(number);
}

const char* CacheTypeName(PROCESSOR_CACHE_TYPE type) {
  switch (type) {
    case CacheInstruction:
      return "Instruction";
    case CacheData:
      return "Data";
    default:
      return "Unified";
  }
}

int CountBits(KAFFINITY mask) {
  int count = 0;
  for (; mask != 0; mask &= mask - 1) ++count;
  return count;
}

// As Linux calls them, of those that GCC and clang can ask for.
std::vector<std::string> VectorExtensions() {
  std::vector<std::string> found;
#if defined(__GNUC__) && defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx")) found.emplace_back("avx");
  if (__builtin_cpu_supports("avx2")) found.emplace_back("avx2");
  if (__builtin_cpu_supports("avx512bw")) found.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512f")) found.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512vl")) found.emplace_back("avx512vl");
  if (__builtin_cpu_supports("fma")) found.emplace_back("fma");
  if (__builtin_cpu_supports("sse4.1")) found.emplace_back("sse4_1");
  if (__builtin_cpu_supports("sse4.2")) found.emplace_back("sse4_2");
#endif
  return found;
}

// Of the first processor group: up to 64 logical CPUs, all that a process uses by default.
void ReadTopology(Machine* machine) {
  DWORD size = 0;
  GetLogicalProcessorInformation(nullptr, &size);
  using Entry = SYSTEM_LOGICAL_PROCESSOR_INFORMATION;
  std::vector<Entry> entries(size / sizeof(Entry));
  if (entries.empty() || GetLogicalProcessorInformation(entries.data(), &size) == 0) return;
  for (const Entry& entry : entries) {
    switch (entry.Relationship) {
      case RelationProcessorCore:
        ++machine->cores;
        machine->threads += CountBits(entry.ProcessorMask);
        break;
      case RelationProcessorPackage:
        ++machine->sockets;
        break;
      case RelationNumaNode:
        ++machine->numa_nodes;
        break;
      case RelationCache:
        if ((entry.ProcessorMask & 1) == 0) break;  // not of the first CPU
        machine->caches.push_back({.level = entry.Cache.Level,
                                   .type = CacheTypeName(entry.Cache.Type),
                                   .size_bytes = static_cast<int64_t>(entry.Cache.Size),
                                   .shared_by = CountBits(entry.ProcessorMask)});
        break;
      default:
        break;
    }
  }
  if (machine->cores > 0) machine->smt = machine->threads > machine->cores;
}

std::string HostName() {
  char name[MAX_COMPUTERNAME_LENGTH + 1] = {};
  DWORD size = sizeof(name);
  return GetComputerNameA(name, &size) != 0 ? std::string(name, size) : std::string();
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.name = HostName();
  machine.os = RegistryText(kSystemKey, "ProductName");
  machine.kernel = RegistryText(kSystemKey, "CurrentBuildNumber");
  machine.cpu_model = RegistryText(kCpuKey, "ProcessorNameString");
  machine.mhz_nominal = RegistryNumber(kCpuKey, "~MHz");
  machine.governor = RegistryText(kPowerKey, "ActivePowerScheme");
  // The scheme's own name would have to be translated; of the built-in ones this is the steady one.
  if (machine.governor == "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c") machine.governor = "performance";
  machine.isa = VectorExtensions();
  ReadTopology(&machine);
  MEMORYSTATUSEX memory = {};
  memory.dwLength = sizeof(memory);
  if (GlobalMemoryStatusEx(&memory) != 0) {
    machine.memory_bytes = static_cast<int64_t>(memory.ullTotalPhys);
  }
  DWORD_PTR process_mask = 0, system_mask = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process_mask, &system_mask) != 0) {
    machine.affinity_count = CountBits(process_mask);
    for (int cpu = 0; cpu < 64; ++cpu) {
      if ((process_mask >> cpu & 1) == 0) continue;
      machine.affinity += (machine.affinity.empty() ? "" : ",") + std::to_string(cpu);
    }
  }
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS"}) {
    if (const char* value = std::getenv(name)) machine.env_threads.emplace(name, value);
  }
  CompleteMachine(&machine);
  return machine;
}

}  // namespace deltagauge
