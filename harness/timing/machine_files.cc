// Machine from the files of a Linux system.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "harness/bench/bench_environment.h"
#include "harness/timing/machine.h"

namespace deltagauge {
namespace {

constexpr size_t kMostBytes = size_t{4} << 20;
constexpr int kMostCpus = 4096;
constexpr int kMostCaches = 16;
constexpr int kMostGroups = 64;  // one in the other

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

template <typename T>
std::optional<T> Number(std::string_view text) {
  text = Trimmed(text);
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Files {
 public:
  explicit Files(const ReadText& read) : read_(read) {}

  // Without the space around it; empty if there is no such file.
  std::string Text(const std::string& path) const {
    const std::optional<std::string> text = read_(path);
    return text.has_value() ? std::string(Trimmed(*text)) : std::string();
  }
  std::optional<double> Double(const std::string& path) const { return Number<double>(Text(path)); }
  std::optional<int> Int(const std::string& path) const { return Number<int>(Text(path)); }

 private:
  const ReadText& read_;
};

// "key : value" or "key: value"; nothing for other lines.
std::optional<std::pair<std::string_view, std::string_view>> KeyValue(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return std::pair(Trimmed(line.substr(0, colon)), Trimmed(line.substr(colon + 1)));
}

// The first value of `key` in lines "key: value", or empty.
std::string ValueOf(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto pair = KeyValue(line);
    if (pair.has_value() && pair->first == key) return std::string(pair->second);
  }
  return {};
}

// Cores as "implementer part" of /proc/cpuinfo on Arm, from Arm's and the kernel's public tables
// (arch/arm64/include/asm/cputype.h).
std::string ArmModel(const std::string& implementer, const std::string& part) {
  static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {"0x41 0xd03", "Arm Cortex-A53"},  {"0x41 0xd08", "Arm Cortex-A72"},
      {"0x41 0xd0b", "Arm Cortex-A76"},  {"0x41 0xd0c", "Arm Neoverse N1"},
      {"0x41 0xd40", "Arm Neoverse V1"}, {"0x41 0xd49", "Arm Neoverse N2"},
      {"0x41 0xd4f", "Arm Neoverse V2"}, {"0xc0 0xac3", "Ampere-1"},
  };
  const std::string code = implementer + " " + part;
  for (const auto& [known, name] : kKnown) {
    if (code == known) return std::string(name);
  }
  return fmt::format("Arm implementer {}, part {}", implementer, part);
}

bool IsVectorExtension(std::string_view flag) {
  for (const std::string_view prefix : {"sse", "ssse3", "avx", "fma", "f16c", "amx", "asimd", "sve",
                                        "sme", "bf16", "i8mm", "fphp"}) {
    if (flag.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<std::string> VectorExtensions(const std::string& flags) {
  std::set<std::string> found;
  std::istringstream words(flags);
  for (std::string word; words >> word;) {
    if (IsVectorExtension(word)) found.insert(word);
  }
  return {found.begin(), found.end()};
}

void ReadCpuInfo(const std::string& cpuinfo, Machine* machine) {
  std::set<std::string> sockets;
  std::set<std::pair<std::string, std::string>> cores;
  std::string socket;
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const auto pair = KeyValue(line);
    if (!pair.has_value()) continue;
    const auto& [key, value] = *pair;
    if (key == "processor" && Number<int>(value).has_value()) ++machine->threads;
    if (key == "physical id") {
      socket = value;
      sockets.insert(socket);
    }
    if (key == "core id") cores.emplace(socket, value);
  }
  machine->sockets = static_cast<int>(sockets.size());
  machine->cores = static_cast<int>(cores.size());
  machine->cpu_model = ValueOf(cpuinfo, "model name");
  const std::string implementer = ValueOf(cpuinfo, "CPU implementer");
  if (machine->cpu_model.empty() && !implementer.empty()) {
    machine->cpu_model = ArmModel(implementer, ValueOf(cpuinfo, "CPU part"));
  }
  machine->microcode = ValueOf(cpuinfo, "microcode");
  const std::string x86_flags = ValueOf(cpuinfo, "flags");
  machine->isa = VectorExtensions(x86_flags.empty() ? ValueOf(cpuinfo, "Features") : x86_flags);
}

// Where /proc/cpuinfo doesn't tell, as on Arm.
void ReadTopology(const Files& files, Machine* machine) {
  if (machine->cores > 0) return;
  std::set<std::string> sockets, cores;
  for (int cpu = 0; cpu < std::min(machine->threads, kMostCpus); ++cpu) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}/topology/", cpu);
    const std::string siblings = files.Text(folder + "thread_siblings_list");
    const std::string socket = files.Text(folder + "physical_package_id");
    if (!siblings.empty()) cores.insert(siblings);
    if (!socket.empty()) sockets.insert(socket);
  }
  machine->cores = static_cast<int>(cores.size());
  machine->sockets = static_cast<int>(sockets.size());
}

// "32K", "8192K", "1M".
int64_t CacheBytes(std::string_view size) {
  if (size.empty()) return 0;
  const int64_t unit = size.back() == 'K' ? 1 << 10 : size.back() == 'M' ? 1 << 20 : 1;
  if (unit > 1) size.remove_suffix(1);
  return Number<int>(size).value_or(0) * unit;
}

std::vector<CpuCache> ReadCaches(const Files& files) {
  std::vector<CpuCache> caches;
  for (int i = 0; i < kMostCaches; ++i) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", i);
    const std::optional<int> level = files.Int(folder + "level");
    if (!level.has_value()) break;
    caches.push_back(
        {.level = *level,
         .type = files.Text(folder + "type"),
         .size_bytes = CacheBytes(files.Text(folder + "size")),
         .shared_by = CountCpuList(files.Text(folder + "shared_cpu_list")).value_or(1)});
  }
  return caches;
}

std::string Virtualisation(const Files& files, const std::string& cpuinfo) {
  const std::string flags = fmt::format(" {} ", ValueOf(cpuinfo, "flags"));
  const bool has_flags = flags.size() > 2;
  const bool is_guest = flags.find(" hypervisor ") != std::string::npos;
  if (has_flags && !is_guest) return "none";
  const std::string type = files.Text("/sys/hypervisor/type");
  if (!type.empty()) return type;
  const std::string maker = files.Text("/sys/class/dmi/id/sys_vendor") + " " +
                            files.Text("/sys/class/dmi/id/product_name");
  static constexpr std::pair<std::string_view, std::string_view> kMakers[] = {
      {"QEMU", "kvm"},         {"KVM", "kvm"},           {"Google Compute Engine", "kvm"},
      {"Amazon EC2", "nitro"}, {"VMware", "vmware"},     {"VirtualBox", "virtualbox"},
      {"Xen", "xen"},          {"Microsoft", "hyper-v"}, {"Parallels", "parallels"},
  };
  for (const auto& [mark, name] : kMakers) {
    if (maker.find(mark) != std::string::npos) return std::string(name);
  }
  return is_guest ? "unknown hypervisor" : "";
}

void ReadFrequency(const Files& files, const std::string& cpuinfo, Machine* machine) {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cpufreq/";
  machine->governor = files.Text(folder + "scaling_governor");
  const std::string boost = files.Text("/sys/devices/system/cpu/cpufreq/boost");
  const std::string no_turbo = files.Text("/sys/devices/system/cpu/intel_pstate/no_turbo");
  if (!boost.empty()) machine->boost = boost != "0";
  if (!no_turbo.empty()) machine->boost = no_turbo == "0";

  const std::optional<double> base_khz = files.Double(folder + "base_frequency");
  const std::string model = ValueOf(cpuinfo, "model name");
  const size_t at = model.rfind("@ ");
  if (base_khz.has_value()) {
    machine->mhz_nominal = *base_khz / 1e3;
  } else if (at != std::string::npos && model.ends_with("GHz")) {
    const std::optional<double> ghz =
        Number<double>(std::string_view{model}.substr(at + 2, model.size() - at - 5));
    if (ghz.has_value()) machine->mhz_nominal = 1e3 * *ghz;
  }
}

std::optional<double> CurrentMhz(const Files& files) {
  const std::optional<double> khz =
      files.Double("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
  if (khz.has_value()) return *khz / 1e3;
  return Number<double>(ValueOf(files.Text("/proc/cpuinfo"), "cpu MHz"));
}

// "max 100000" or "50000 100000" of version 2.
std::optional<double> QuotaOf(const std::string& cpu_max) {
  std::istringstream words(cpu_max);
  double quota = 0, period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

// Of both versions of control groups; the tightest of the group and all above it.
std::optional<double> CgroupQuota(const Files& files) {
  std::optional<double> tightest;
  std::istringstream lines(files.Text("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    const bool is_v2 = controllers == ",,";
    if (!is_v2 && controllers.find(",cpu,") == std::string::npos) continue;
    std::string path = line.substr(second + 1);
    for (int depth = 0; depth < kMostGroups; ++depth) {
      if (path == "/") path.clear();
      std::optional<double> quota;
      if (is_v2) {
        quota = QuotaOf(files.Text("/sys/fs/cgroup" + path + "/cpu.max"));
      } else {
        const std::string folder = "/sys/fs/cgroup/cpu" + path;
        quota = QuotaOf(files.Text(folder + "/cpu.cfs_quota_us") + " " +
                        files.Text(folder + "/cpu.cfs_period_us"));
      }
      if (quota.has_value()) tightest = std::min(*quota, tightest.value_or(*quota));
      const size_t slash = path.rfind('/');
      if (slash == std::string::npos) break;
      path.resize(slash);
    }
  }
  return tightest;
}

std::string Aslr(const Files& files) {
  const std::string personality = files.Text("/proc/self/personality");  // hexadecimal
  constexpr unsigned kAddrNoRandomize = 0x0040000;
  unsigned flags = 0;
  std::from_chars(personality.data(), personality.data() + personality.size(), flags, 16);
  if ((flags & kAddrNoRandomize) != 0) return "off";
  const std::string mode = files.Text("/proc/sys/kernel/randomize_va_space");
  return mode == "2" ? "full" : mode == "1" ? "partial" : mode == "0" ? "off" : "";
}

std::string OsName(const Files& files) {
  std::istringstream lines(files.Text("/etc/os-release"));
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    std::string name = line.substr(kKey.size());
    std::erase(name, '"');
    return name;
  }
  return "Linux";
}

}  // namespace

std::optional<int> CountCpuList(std::string_view list) {
  list = Trimmed(list);
  if (list.empty()) return std::nullopt;
  int count = 0;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view part = list.substr(0, comma);
    const size_t dash = part.find('-');
    const std::optional<int> first = Number<int>(part.substr(0, dash));
    const std::optional<int> last =
        dash == std::string_view::npos ? first : Number<int>(part.substr(dash + 1));
    if (!first.has_value() || !last.has_value() || *first < 0 || *last < *first ||
        *last >= (1 << 20)) {
      return std::nullopt;
    }
    count += *last - *first + 1;
    if (count > (1 << 20)) return std::nullopt;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return count;
}

Machine ReadLinuxMachine(const ReadText& read, const ReadVariable& variable) {
  const Files files(read);
  Machine machine;
  const std::string cpuinfo = files.Text("/proc/cpuinfo");
  machine.name = files.Text("/proc/sys/kernel/hostname");
  machine.os = OsName(files);
  machine.kernel = files.Text("/proc/sys/kernel/osrelease");
  ReadCpuInfo(cpuinfo, &machine);
  ReadTopology(files, &machine);
  if (machine.cores > 0) machine.smt = machine.threads > machine.cores;
  machine.caches = ReadCaches(files);
  const std::string memory = ValueOf(files.Text("/proc/meminfo"), "MemTotal");  // "16384 kB"
  machine.memory_bytes = Number<int64_t>(memory.substr(0, memory.find(' '))).value_or(0) << 10;
  machine.numa_nodes = CountCpuList(files.Text("/sys/devices/system/node/online")).value_or(0);
  machine.virtualisation = Virtualisation(files, cpuinfo);
  ReadFrequency(files, cpuinfo, &machine);
  machine.affinity = ValueOf(files.Text("/proc/self/status"), "Cpus_allowed_list");
  machine.affinity_count = CountCpuList(machine.affinity).value_or(0);
  machine.cgroup_quota = CgroupQuota(files);
  const std::string load = files.Text("/proc/loadavg");
  machine.load_avg = Number<double>(load.substr(0, load.find(' ')));
  machine.aslr = Aslr(files);
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                           "OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"}) {
    if (std::optional<std::string> value = variable(name)) {
      machine.env_threads.emplace(name, std::move(*value));
    }
  }
  return machine;
}

std::optional<std::string> ReadSystemFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  // These files have no size before they are read.
  std::string text;
  char block[4096];
  while (text.size() < kMostBytes) {
    file.read(block, sizeof(block));
    if (file.gcount() == 0) break;
    text.append(block, static_cast<size_t>(file.gcount()));
  }
  return text;
}

MachineWatch::MachineWatch(ReadText read)
    : read_(std::move(read)),
      mhz_before_(CurrentMhz(Files(read_))),
      stat_before_(read_("/proc/stat")) {}

void MachineWatch::Finish(Machine* machine) const {
  machine->mhz_before = mhz_before_;
  machine->mhz_after = CurrentMhz(Files(read_));
  const std::optional<std::string> stat_after = read_("/proc/stat");
  if (!stat_before_.has_value() || !stat_after.has_value()) return;
  std::istringstream before_text(*stat_before_), after_text(*stat_after);
  const std::optional<CpuTimes> before = ParseCpuTimes(before_text);
  const std::optional<CpuTimes> after = ParseCpuTimes(after_text);
  if (!before.has_value() || !after.has_value() || !(after->total_s > before->total_s)) return;
  machine->steal_pct = LoadBetween(*before, *after, 0).stolen;
}

}  // namespace deltagauge
