#include "harness/timing/machine.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using FileTexts = std::map<std::string, std::string>;

ReadText Reader(const FileTexts& files) {
  return [&files](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  };
}

std::optional<std::string> NoVariable(const std::string&) { return std::nullopt; }

Machine Read(const FileTexts& files) { return ReadLinuxMachine(Reader(files), NoVariable); }

// A guest with two CPUs, no frequency scaling, and a quota of version 2.
FileTexts AmdGuest() {
  const std::string flags =
      "flags\t\t: fpu sse sse2 ht ssse3 fma sse4_1 avx f16c hypervisor avx2 avx512f avx512_bf16\n";
  FileTexts files;
  files["/proc/cpuinfo"] =
      "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel\t\t: 17\n"
      "model name\t: AMD EPYC 9V74 80-Core Processor\n"
      "microcode\t: 0xa101148\ncpu MHz\t\t: 2596.142\nphysical id\t: 0\n"
      "core id\t\t: 0\n" +
      flags +
      "\nprocessor\t: 1\nmodel name\t: AMD EPYC 9V74 80-Core Processor\n"
      "physical id\t: 0\ncore id\t\t: 1\n" +
      flags;
  files["/proc/sys/kernel/hostname"] = "runner-7\n";
  files["/proc/sys/kernel/osrelease"] = "6.1.0-18-amd64\n";
  files["/etc/os-release"] =
      "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n";
  files["/proc/meminfo"] = "MemTotal:       16384000 kB\nMemFree:         1000 kB\n";
  files["/sys/devices/system/node/online"] = "0\n";
  files["/sys/class/dmi/id/sys_vendor"] = "QEMU\n";
  files["/proc/self/status"] = "Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n";
  files["/proc/self/cgroup"] = "0::/jobs/one\n";
  files["/sys/fs/cgroup/jobs/one/cpu.max"] = "max 100000\n";
  files["/sys/fs/cgroup/jobs/cpu.max"] = "150000 100000\n";
  files["/proc/loadavg"] = "0.42 0.30 0.20 2/345 6789\n";
  files["/proc/sys/kernel/randomize_va_space"] = "2\n";
  files["/proc/self/personality"] = "00000000\n";
  const std::string cache = "/sys/devices/system/cpu/cpu0/cache/";
  files[cache + "index0/level"] = "1\n";
  files[cache + "index0/type"] = "Data\n";
  files[cache + "index0/size"] = "32K\n";
  files[cache + "index0/shared_cpu_list"] = "0\n";
  files[cache + "index1/level"] = "3\n";
  files[cache + "index1/type"] = "Unified\n";
  files[cache + "index1/size"] = "32M\n";
  files[cache + "index1/shared_cpu_list"] = "0-1\n";
  return files;
}

TEST(ReadLinuxMachineTest, AmdGuest) {
  const Machine machine = Read(AmdGuest());
  EXPECT_EQ(machine.name, "runner-7");
  EXPECT_EQ(machine.os, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(machine.kernel, "6.1.0-18-amd64");
  EXPECT_EQ(machine.cpu_model, "AMD EPYC 9V74 80-Core Processor");
  EXPECT_EQ(machine.microcode, "0xa101148");
  EXPECT_EQ(machine.sockets, 1);
  EXPECT_EQ(machine.cores, 2);
  EXPECT_EQ(machine.threads, 2);
  EXPECT_EQ(machine.smt, false);
  EXPECT_THAT(machine.caches,
              ElementsAre(CpuCache{1, "Data", 32 << 10, 1}, CpuCache{3, "Unified", 32 << 20, 2}));
  EXPECT_EQ(machine.memory_bytes, int64_t{16384000} << 10);
  EXPECT_EQ(machine.numa_nodes, 1);
  EXPECT_THAT(machine.isa, ElementsAre("avx", "avx2", "avx512_bf16", "avx512f", "f16c", "fma",
                                       "sse", "sse2", "sse4_1", "ssse3"));
  EXPECT_EQ(machine.virtualisation, "kvm");
  EXPECT_EQ(machine.governor, "");
  EXPECT_FALSE(machine.boost.has_value());
  EXPECT_FALSE(machine.mhz_nominal.has_value());
  EXPECT_EQ(machine.affinity, "0-1");
  EXPECT_EQ(machine.affinity_count, 2);
  EXPECT_EQ(machine.cgroup_quota, 1.5);  // of the group above
  EXPECT_EQ(machine.load_avg, 0.42);
  EXPECT_EQ(machine.aslr, "full");
}

// Two sockets with two cores of two threads, scaling by intel_pstate, control groups of version 1.
TEST(ReadLinuxMachineTest, IntelHost) {
  FileTexts files;
  for (int cpu = 0; cpu < 8; ++cpu) {
    files["/proc/cpuinfo"] +=
        "processor\t: " + std::to_string(cpu) +
        "\nmodel name\t: Intel(R) Xeon(R) Gold 6254 CPU @ 3.10GHz\nphysical id\t: " +
        std::to_string(cpu / 2 % 2) + "\ncore id\t\t: " + std::to_string(cpu % 2) +
        "\nflags\t\t: fpu sse2 avx512f\n\n";
  }
  files["/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"] = "powersave\n";
  files["/sys/devices/system/cpu/intel_pstate/no_turbo"] = "1\n";
  files["/sys/devices/system/node/online"] = "0-1\n";
  files["/proc/self/cgroup"] = "5:cpu,cpuacct:/\n4:memory:/x\n";
  files["/sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "-1\n";
  files["/sys/fs/cgroup/cpu/cpu.cfs_period_us"] = "100000\n";
  files["/proc/self/personality"] = "00040000\n";
  files["/proc/sys/kernel/randomize_va_space"] = "2\n";
  const Machine machine = Read(files);
  EXPECT_EQ(machine.sockets, 2);
  EXPECT_EQ(machine.cores, 4);
  EXPECT_EQ(machine.threads, 8);
  EXPECT_EQ(machine.smt, true);
  EXPECT_EQ(machine.numa_nodes, 2);
  EXPECT_EQ(machine.governor, "powersave");
  EXPECT_EQ(machine.boost, false);
  EXPECT_EQ(machine.mhz_nominal, 3100);
  EXPECT_EQ(machine.virtualisation, "none");
  EXPECT_FALSE(machine.cgroup_quota.has_value());
  EXPECT_EQ(machine.aslr, "off");
}

TEST(ReadLinuxMachineTest, ArmServer) {
  FileTexts files;
  for (int cpu = 0; cpu < 4; ++cpu) {
    files["/proc/cpuinfo"] += "processor\t: " + std::to_string(cpu) +
                              "\nFeatures\t: fp asimd aes crc32 fphp asimdhp sve bf16 i8mm\n"
                              "CPU implementer\t: 0x41\nCPU part\t: 0xd40\n\n";
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    files[folder + "thread_siblings_list"] = std::to_string(cpu) + "\n";
    files[folder + "physical_package_id"] = "0\n";
  }
  files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n";
  Machine machine = Read(files);
  EXPECT_EQ(machine.cpu_model, "Arm Neoverse V1");
  EXPECT_EQ(machine.cores, 4);
  EXPECT_EQ(machine.threads, 4);
  EXPECT_EQ(machine.sockets, 1);
  EXPECT_THAT(machine.isa, ElementsAre("asimd", "asimdhp", "bf16", "fphp", "i8mm", "sve"));
  EXPECT_EQ(machine.virtualisation, "nitro");
  files["/proc/cpuinfo"] = "processor : 0\nCPU implementer : 0x61\nCPU part : 0x022\n";
  EXPECT_EQ(Read(files).cpu_model, "Arm implementer 0x61, part 0x022");
}

TEST(ReadLinuxMachineTest, NoFilesOrNonsenseIsUnknown) {
  Machine machine = Read({});
  EXPECT_EQ(machine.cpu_model, "");
  EXPECT_EQ(machine.threads, 0);
  EXPECT_FALSE(machine.smt.has_value());
  EXPECT_FALSE(machine.load_avg.has_value());
  EXPECT_EQ(machine.virtualisation, "");
  FileTexts nonsense = AmdGuest();
  for (auto& [path, text] : nonsense) text = "::,-\x01\xff 9999999999999999999999 :\n:";
  machine = Read(nonsense);
  EXPECT_EQ(machine.affinity_count, 0);
  EXPECT_FALSE(machine.cgroup_quota.has_value());
  EXPECT_EQ(machine.memory_bytes, 0);
}

TEST(ReadLinuxMachineTest, ThreadVariables) {
  const Machine machine =
      ReadLinuxMachine(Reader({}), [](const std::string& name) -> std::optional<std::string> {
        if (name == "OMP_NUM_THREADS") return "2";
        return std::nullopt;
      });
  EXPECT_EQ(machine.env_threads, (std::map<std::string, std::string>{{"OMP_NUM_THREADS", "2"}}));
}

TEST(CountCpuListTest, Lists) {
  EXPECT_EQ(CountCpuList("0"), 1);
  EXPECT_EQ(CountCpuList("0-3,8,10-11\n"), 7);
  for (const char* bad : {"", "a", "3-1", "0-", "-1", "0,,1", "0-99999999", "1 2"}) {
    EXPECT_FALSE(CountCpuList(bad).has_value()) << bad;
  }
}

TEST(FingerprintTest, StableParts) {
  const auto change = [](auto&& edit) {
    Machine machine = Read(AmdGuest());
    edit(machine);
    return FingerprintOf(machine);
  };
  const std::string same = FingerprintOf(Read(AmdGuest()));
  EXPECT_THAT(same, SizeIs(16));
  // What a day changes.
  EXPECT_EQ(change([](Machine& m) { m.name = "runner-8"; }), same);
  EXPECT_EQ(change([](Machine& m) { m.kernel = "6.1.0-19-amd64"; }), same);
  EXPECT_EQ(change([](Machine& m) { m.load_avg = 9; }), same);
  EXPECT_EQ(change([](Machine& m) { m.mhz_before = 3000; }), same);
  EXPECT_EQ(change([](Machine& m) { m.governor = "performance"; }), same);
  EXPECT_EQ(change([](Machine& m) { m.affinity = "1"; }), same);
  EXPECT_EQ(change([](Machine& m) { m.memory_bytes -= 100 << 20; }), same);
  // What makes another machine.
  EXPECT_NE(change([](Machine& m) { m.cpu_model = "AMD EPYC 7763"; }), same);
  EXPECT_NE(change([](Machine& m) { m.threads = 4; }), same);
  EXPECT_NE(change([](Machine& m) { m.isa.pop_back(); }), same);
  EXPECT_NE(change([](Machine& m) { m.caches[1].size_bytes *= 2; }), same);
  EXPECT_NE(change([](Machine& m) { m.virtualisation = "none"; }), same);
  EXPECT_NE(change([](Machine& m) { m.cgroup_quota = 1; }), same);
  EXPECT_NE(change([](Machine& m) { m.ftz = true; }), same);
  EXPECT_NE(change([](Machine& m) { m.daz = true; }), same);
}

// Pinned: a new version must not make old reports incomparable without meaning to.
TEST(FingerprintTest, TextAndHash) {
  Machine machine;
  machine.arch = "x86_64";
  machine.cpu_model = "X";
  EXPECT_THAT(FingerprintText(machine), HasSubstr("arch=x86_64\ncpu_model=X\nsockets=0\n"));
  EXPECT_EQ(FingerprintOf(machine), "e33add229713cb00");
}

TEST(MachineWatchTest, FrequencyAndSteal) {
  FileTexts files;
  files["/proc/cpuinfo"] = "cpu MHz\t\t: 2500.5\n";
  files["/proc/stat"] = "cpu  100 0 100 800 0 0 0 10 0 0\n";
  const MachineWatch watch(Reader(files));
  files["/proc/cpuinfo"] = "cpu MHz\t\t: 2000\n";
  files["/proc/stat"] = "cpu  150 0 100 830 0 0 0 30 0 0\n";  // 50 busy, 30 idle, 20 stolen
  Machine machine;
  watch.Finish(&machine);
  EXPECT_EQ(machine.mhz_before, 2500.5);
  EXPECT_EQ(machine.mhz_after, 2000);
  EXPECT_NEAR(*machine.steal_pct, 20, 1e-9);

  files.clear();
  Machine unknown;
  MachineWatch(Reader(files)).Finish(&unknown);
  EXPECT_FALSE(unknown.steal_pct.has_value());
}

TEST(ThisMachineTest, KnowsItself) {
  const Machine machine = ThisMachine();
  EXPECT_GT(machine.threads, 0);
  EXPECT_GT(machine.memory_bytes, 0);
  EXPECT_THAT(machine.arch, Not(IsEmpty()));
  EXPECT_THAT(machine.isa, Not(IsEmpty()));
  EXPECT_FALSE(machine.ftz);
  EXPECT_FALSE(machine.daz);
  EXPECT_EQ(machine.fingerprint, ThisMachine().fingerprint);
}

}  // namespace
}  // namespace deltagauge
