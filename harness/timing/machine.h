// The machine that a report was made on: what a timing depends on besides the code.
#ifndef DELTAGAUGE_HARNESS_TIMING_MACHINE_H_
#define DELTAGAUGE_HARNESS_TIMING_MACHINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge {

struct CpuCache {
  int level = 0;
  std::string type;  // "Data", "Instruction", "Unified"
  int64_t size_bytes = 0;
  int shared_by = 1;  // logical CPUs

  bool operator==(const CpuCache&) const = default;
};

// What can't be found out is an empty string or absent, never a guess.
struct Machine {
  // 16 hex digits over the parts that stay when the machine is started again: see
  // FingerprintText. Timings of machines with different fingerprints are not comparable.
  std::string fingerprint;

  std::string name;    // host name
  std::string os;      // "Debian GNU/Linux 12 (bookworm)"
  std::string kernel;  // "6.1.0-18-amd64"
  std::string arch;    // "x86_64", "aarch64"
  std::string cpu_model;
  std::string microcode;
  int sockets = 0;  // 0: unknown
  int cores = 0;
  int threads = 0;  // logical CPUs of the machine, not only those that this process may use
  std::optional<bool> smt;
  std::vector<CpuCache> caches;  // of the first CPU
  int64_t memory_bytes = 0;
  int numa_nodes = 0;
  std::vector<std::string> isa;  // the kernel's names of the vector extensions, sorted
  std::string isa_dispatched;    // filled in by who runs kernels
  std::string virtualisation;    // "none", "kvm", "vmware", "unknown hypervisor", ...
  std::string governor;          // frequency scaling policy; empty: the system has none to tell
  std::optional<bool> boost;
  std::optional<double> mhz_nominal;
  std::optional<double> mhz_before;
  std::optional<double> mhz_after;
  std::string affinity;  // CPUs that this process may use: "0-1"
  int affinity_count = 0;
  std::optional<double> cgroup_quota;  // in CPUs; absent: no limit
  std::optional<double> load_avg;      // runnable processes over the minute before the run
  std::optional<double> steal_pct;     // of all CPUs' time during the run, taken by other guests
  std::string aslr;                    // "full", "partial", "off"
  bool ftz = false;                    // the calling thread flushes denormal results to zero
  bool daz = false;                    // ... takes denormal operands for zero
  std::map<std::string, std::string> env_threads;  // OMP_NUM_THREADS and the like, if set
  int intra_threads = 0;                           // filled in by who runs kernels and models
  int inter_threads = 0;
};

// The whole text of a file, or nothing. The readers below get all they know from these two, so that
// they can be shown the files of any machine.
using ReadText = std::function<std::optional<std::string>(const std::string& path)>;
using ReadVariable = std::function<std::optional<std::string>(const std::string& name)>;

// From the files of a Linux system under /proc, /sys and /etc, each of which may be missing or
// hold anything. All of Machine but arch, ftz, daz, fingerprint and what others fill in.
Machine ReadLinuxMachine(const ReadText& read, const ReadVariable& variable);

// Of this machine, now. machine_linux.cc, machine_windows.cc.
Machine ThisMachine();

// Fills in what the calling thread and the compiler know: arch, ftz, daz; then the fingerprint.
void CompleteMachine(Machine* machine);

// Reads at most 4 MB; what the readers of this house want of a Linux system.
std::optional<std::string> ReadSystemFile(const std::string& path);

// One line for each part, "cpu_model=AMD EPYC 9V74": arch, CPU model, sockets, cores, threads, smt,
// caches, memory to 1 GiB, NUMA nodes, vector extensions, virtualisation, CPU quota, ftz, daz. Not:
// host name, system and kernel version, microcode, governor, clocks, affinity, load.
std::string FingerprintText(const Machine& machine);

// FNV-1a, 64 bits, of FingerprintText: names machines, protects nothing.
std::string FingerprintOf(const Machine& machine);

// Counts the CPUs of a list as Linux writes it, "0-3,8,10-11"; nothing if it isn't one.
std::optional<int> CountCpuList(std::string_view list);

// Watches frequency and steal from its construction on.
class MachineWatch {
 public:
  explicit MachineWatch(ReadText read = ReadSystemFile);
  // Fills mhz_before, mhz_after and steal_pct.
  void Finish(Machine* machine) const;

 private:
  ReadText read_;
  std::optional<double> mhz_before_;
  std::optional<std::string> stat_before_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_MACHINE_H_
