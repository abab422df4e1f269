#include "harness/verdict.h"

#include <algorithm>

namespace deltagauge {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSkipped:
      return "skipped";
    case Verdict::kWaived:
      return "waived";
    case Verdict::kPassed:
      return "passed";
    case Verdict::kInconclusive:
      return "inconclusive";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kError:
      return "error";
  }
  return "?";
}

Verdict Worse(Verdict a, Verdict b) { return std::max(a, b); }

ExitCode ExitCodeOf(std::span<const Verdict> verdicts) {
  Verdict worst = Verdict::kSkipped;
  for (const Verdict verdict : verdicts) worst = Worse(worst, verdict);
  switch (worst) {
    case Verdict::kSkipped:
    case Verdict::kInvalid:
      return kExitInvalid;
    case Verdict::kWaived:
    case Verdict::kPassed:
      return kExitPass;
    case Verdict::kInconclusive:
      return kExitInconclusive;
    case Verdict::kFailed:
      return kExitCorrectness;
    case Verdict::kError:
      return kExitInternal;
  }
  return kExitInternal;
}

}  // namespace deltagauge
