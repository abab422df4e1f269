#include "harness/timing/machine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>

namespace deltagauge {
namespace {

std::string ArchName() {
#if defined(__x86_64__) || defined(_M_X64)
  return "x86_64";
#elif defined(__aarch64__) || defined(_M_ARM64)
  return "aarch64";
#elif defined(__riscv) && __riscv_xlen == 64
  return "riscv64";
#else
  return "unknown";
#endif
}

// Both by their effect, so that it is the truth on any machine and whoever set it.
bool FlushesResults() {
  volatile float smallest_normal = std::numeric_limits<float>::min();
  volatile float half = 0.5f;
  return smallest_normal * half == 0;
}

bool TakesOperandsForZero() {
  volatile float denormal = std::numeric_limits<float>::denorm_min();
  volatile float large = 0x1p100f;
  return denormal * large == 0;
}

}  // namespace

void CompleteMachine(Machine* machine) {
  machine->arch = ArchName();
  machine->ftz = FlushesResults();
  machine->daz = TakesOperandsForZero();
  machine->fingerprint = FingerprintOf(*machine);
}

std::string FingerprintText(const Machine& machine) {
  std::string text;
  const auto add = [&text](std::string_view name, const auto& value) {
    text += fmt::format("{}={}\n", name, value);
  };
  add("arch", machine.arch);
  add("cpu_model", machine.cpu_model);
  add("sockets", machine.sockets);
  add("cores", machine.cores);
  add("threads", machine.threads);
  add("smt", machine.smt.has_value() ? (*machine.smt ? "on" : "off") : "");
  for (const CpuCache& cache : machine.caches) {
    add("cache", fmt::format("L{} {} {} shared by {}", cache.level, cache.type, cache.size_bytes,
                             cache.shared_by));
  }
  // A kernel keeps some of it for itself, and not always as much.
  add("memory_gib", std::lround(static_cast<double>(machine.memory_bytes) / (1 << 30)));
  add("numa", machine.numa_nodes);
  add("isa", fmt::format("{}", fmt::join(machine.isa, " ")));
  add("virtualisation", machine.virtualisation);
  add("cgroup_quota", machine.cgroup_quota.has_value()
                          ? fmt::format("{:.2f}", *machine.cgroup_quota)
                          : std::string());
  add("ftz", machine.ftz);
  add("daz", machine.daz);
  return text;
}

std::string FingerprintOf(const Machine& machine) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : FingerprintText(machine)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace deltagauge
