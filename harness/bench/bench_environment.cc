#include "harness/bench/bench_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace deltagauge {
namespace {

// The unit of /proc/stat on every architecture that Linux still builds for.
constexpr double kTicksPerSecond = 100;

// Percent of the CPUs' time that an idle system's own processes stay below.
constexpr double kUndisturbed = 5;

// Linux; elsewhere the files are not there and everything is unknown.
std::optional<CpuTimes> ReadCpuTimes() {
  std::ifstream stat("/proc/stat");
  return ParseCpuTimes(stat);
}

double OwnCpuSeconds() {
  return static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
}

}  // namespace

std::string CpuModel(std::istream& cpuinfo) {
  for (std::string line; std::getline(cpuinfo, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string ThisCpuModel() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  return CpuModel(cpuinfo);
}

std::string CompilerDescription() {
#if defined(__clang__)
  std::string text = "clang " __clang_version__;
#elif defined(__GNUC__)
  std::string text = "g++ " __VERSION__;
#elif defined(_MSC_VER)
  std::string text = fmt::format("MSVC {}", _MSC_VER);
#else
  std::string text = "unknown compiler";
#endif
  text += ", flags '" DELTAGAUGE_CXX_FLAGS "'";
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
  text += " (NOT OPTIMISED: these times mean nothing)";
#endif
  return text;
}

bool FlushesDenormals() {
  volatile float smallest = std::numeric_limits<float>::min();
  volatile float half = 0.5f;
  return smallest * half == 0;
}

std::optional<CpuTimes> ParseCpuTimes(std::istream& stat) {
  for (std::string line; std::getline(stat, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name != "cpu") continue;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    words >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    const double busy = user + nice + system + irq + softirq;
    if (!words || busy == 0) return std::nullopt;
    return CpuTimes{.busy_s = busy / kTicksPerSecond,
                    .stolen_s = steal / kTicksPerSecond,
                    .total_s = (busy + steal + idle + iowait) / kTicksPerSecond};
  }
  return std::nullopt;
}

OtherLoad LoadBetween(const CpuTimes& before, const CpuTimes& after, double own_s) {
  const double total_s = after.total_s - before.total_s;
  if (!(total_s > 0)) return {};
  const double others_s = after.busy_s - before.busy_s - own_s;
  return {.others = 100 * std::max(others_s, 0.0) / total_s,
          .stolen = 100 * (after.stolen_s - before.stolen_s) / total_s};
}

std::string DescribeLoad(const OtherLoad& load) {
  const bool is_disturbed = load.others + load.stolen > kUndisturbed;
  return fmt::format(
      "other processes took {:.1f} % of all CPUs' time, other virtual machines {:.1f} %{}",
      load.others, load.stolen, is_disturbed ? ": THESE TIMES ARE DISTURBED" : "");
}

LoadWatch::LoadWatch() : before_(ReadCpuTimes()), own_before_s_(OwnCpuSeconds()) {}

std::string LoadWatch::Describe() const {
  const std::optional<CpuTimes> after = ReadCpuTimes();
  if (!before_.has_value() || !after.has_value()) return "unknown";
  return DescribeLoad(LoadBetween(*before_, *after, OwnCpuSeconds() - own_before_s_));
}

std::string LoadAverage() {
  std::ifstream file("/proc/loadavg");
  double minute = 0;
  return file >> minute ? fmt::format("{:.2f} over the last minute", minute) : "unknown";
}

}  // namespace deltagauge
