#include "harness/timing/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace deltagauge {
namespace {

// All four are choices: about where A/A floors on a quiet machine begin to grow.
constexpr double kMostLoadPerThread = 0.1;
constexpr double kMostLoad = 0.5;  // on small machines: our own start is in the average
constexpr double kMostStealPercent = 1;
constexpr double kMostFrequencyChange = 0.05;

class Findings {
 public:
  void Note(std::string code, std::string what, std::string advice = "") {
    Add(PreflightFinding::Severity::kNote, std::move(code), std::move(what), std::move(advice));
  }
  void Warn(std::string code, std::string what, std::string advice) {
    Add(PreflightFinding::Severity::kWarning, std::move(code), std::move(what), std::move(advice));
  }
  std::vector<PreflightFinding> Take() { return std::move(findings_); }

 private:
  void Add(PreflightFinding::Severity severity, std::string code, std::string what,
           std::string advice) {
    findings_.push_back({.code = std::move(code),
                         .severity = severity,
                         .what = std::move(what),
                         .advice = std::move(advice)});
  }

  std::vector<PreflightFinding> findings_;
};

void LookAtFrequency(const Machine& machine, Findings* findings) {
  if (!machine.governor.empty() && machine.governor != "performance") {
    findings->Warn("governor", fmt::format("the CPU frequency governor is '{}'", machine.governor),
                   "set it to performance: cpupower frequency-set -g performance");
  }
  if (machine.mhz_before.has_value() && machine.mhz_after.has_value() && *machine.mhz_before > 0) {
    const double change = *machine.mhz_after / *machine.mhz_before - 1;
    if (std::abs(change) > kMostFrequencyChange) {
      findings->Warn("frequency",
                     fmt::format("the CPU frequency went from {:.0f} to {:.0f} MHz",
                                 *machine.mhz_before, *machine.mhz_after),
                     "fix the frequency, or let the machine cool down between runs");
    }
  }
  if (machine.boost == true) {
    findings->Note("boost", "the CPU raises its frequency when it is cool (boost)",
                   "switch it off for steadier times; ratios stand it");
  }
}

void LookAtLoad(const Machine& machine, Findings* findings) {
  const double most_load = std::max(kMostLoad, kMostLoadPerThread * machine.threads);
  if (machine.load_avg.has_value() && *machine.load_avg > most_load) {
    findings->Warn(
        "load",
        fmt::format("{:.2f} processes wanted to run during the last minute", *machine.load_avg),
        "end other work, and wait a minute after a build");
  }
  if (machine.steal_pct.has_value() && *machine.steal_pct > kMostStealPercent) {
    findings->Warn(
        "steal",
        fmt::format("other virtual machines took {:.1f} % of the CPUs' time", *machine.steal_pct),
        "use a machine with CPUs of its own");
  }
}

void LookAtShares(const Machine& machine, Findings* findings) {
  if (machine.cgroup_quota.has_value()) {
    findings->Warn("quota",
                   fmt::format("a control group stops this process after {:.2f} CPUs' worth of "
                               "each period",
                               *machine.cgroup_quota),
                   "lift the CPU quota, or use no more threads than it has whole CPUs");
  }
  if (machine.affinity_count > 1 && machine.affinity_count == machine.threads) {
    findings->Note("affinity", "the process may move between all CPUs", "pin it: taskset -c 1 ...");
  }
  if (machine.smt == true) {
    findings->Note("smt", "CPUs share cores (SMT): a busy sibling takes half a core",
                   "pin to one CPU of each core, or switch SMT off");
  }
  if (!machine.virtualisation.empty() && machine.virtualisation != "none") {
    findings->Note("virtualisation",
                   fmt::format("this is a virtual machine ({})", machine.virtualisation),
                   "its neighbours can't be seen; trust the noise floor");
  }
}

void LookAtSettings(const Machine& machine, Findings* findings) {
  if (machine.ftz || machine.daz) {
    findings->Note("denormals", "this thread takes denormal numbers for zero");
  }
  for (const auto& [name, value] : machine.env_threads) {
    int threads = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), threads);
    if (error != std::errc() || machine.affinity_count <= 0) continue;
    if (threads > machine.affinity_count) {
      findings->Warn("threads",
                     fmt::format("{}={}, but this process may use {} CPUs", name, value,
                                 machine.affinity_count),
                     fmt::format("{}={}", name, machine.affinity_count));
    }
  }
}

}  // namespace

std::vector<PreflightFinding> PreflightFindings(const Machine& machine) {
  Findings findings;
  LookAtFrequency(machine, &findings);
  LookAtLoad(machine, &findings);
  LookAtShares(machine, &findings);
  LookAtSettings(machine, &findings);
  return findings.Take();
}

std::string PreflightViolation(std::span<const PreflightFinding> findings, PreflightPolicy policy) {
  if (policy == PreflightPolicy::kWarn) return "";
  const auto found = std::find_if(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.severity == PreflightFinding::Severity::kWarning;
  });
  return found == findings.end() ? "" : found->what + "; " + found->advice;
}

}  // namespace deltagauge
