// The one status vocabulary: command line, report, pages and tests all use these words.
#ifndef DELTAGAUGE_HARNESS_VERDICT_H_
#define DELTAGAUGE_HARNESS_VERDICT_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace deltagauge {

// From good to bad: the verdict of a whole is the worst of its parts.
enum class Verdict : uint8_t {
  kSkipped,  // did not apply, for example an instruction set that this machine lacks
  kWaived,   // a failure covered by a waiver
  kPassed,
  kInconclusive,  // the data does not allow a decision
  kFailed,        // the observed value is on the wrong side of its limit
  kInvalid,       // the check means nothing: nothing ran, nothing to compare, wrong code ran
  kError,         // the check itself broke
};

// "passed", "failed", ...
std::string_view VerdictName(Verdict verdict);

Verdict Worse(Verdict a, Verdict b);

// What a program says to its caller.
enum ExitCode : int {
  kExitPass = 0,
  kExitCorrectness = 1,
  kExitInconclusive = 4,
  kExitInvalid = 5,
  kExitUsage = 64,
  kExitInternal = 70,
};

// Of a run of correctness cases with these verdicts. A run in which nothing was checked, because
// there is no case or all were skipped, is invalid.
ExitCode ExitCodeOf(std::span<const Verdict> verdicts);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_VERDICT_H_
