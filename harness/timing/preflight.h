// What of a machine stands in the way of timing, and what to do about it.
#ifndef DELTAGAUGE_HARNESS_TIMING_PREFLIGHT_H_
#define DELTAGAUGE_HARNESS_TIMING_PREFLIGHT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/timing/machine.h"

namespace deltagauge {

struct PreflightFinding {
  enum class Severity : uint8_t {
    kNote,    // good to know
    kWarning  // makes times unsteady or wrong
  };

  std::string code;  // "governor", "steal", ...: stable, for policies and reports
  Severity severity = Severity::kWarning;
  std::string what;    // "the CPU frequency governor is 'powersave'"
  std::string advice;  // "cpupower frequency-set -g performance"; may be empty
};

// In this order: governor, frequency, boost, load, steal, quota, affinity, smt, virtualisation,
// denormals, threads. Of what isn't known nothing is said.
std::vector<PreflightFinding> PreflightFindings(const Machine& machine);

enum class PreflightPolicy : uint8_t {
  kWarn,   // findings are shown, and that is all
  kStrict  // a warning makes timings invalid
};

// Why timings on this machine are invalid under a policy, or empty.
std::string PreflightViolation(std::span<const PreflightFinding> findings, PreflightPolicy policy);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_PREFLIGHT_H_
