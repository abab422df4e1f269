// The one status vocabulary: command line, report, pages and tests all use these words.
#ifndef DELTAGAUGE_HARNESS_BASE_VERDICT_H_
#define DELTAGAUGE_HARNESS_BASE_VERDICT_H_

#include <cstdint>
#include <optional>
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

// What VerdictName writes; nothing for any other word.
std::optional<Verdict> VerdictNamed(std::string_view name);

// What a program says to its caller.
enum ExitCode : int {
  kExitPass = 0,
  kExitCorrectness = 1,   // a kernel is wrong
  kExitDrift = 2,         // the model says something else
  kExitPerformance = 3,   // slower than promised
  kExitInconclusive = 4,  // the data does not allow a decision
  kExitInvalid = 5,       // the run means nothing: vacuous, contaminated, nothing ran
  kExitUsage = 64,        // command line or configuration
  kExitInternal = 70,     // the program broke
};

// Where several apply, the first of these wins:
//   70 internal, 64 usage, 5 invalid, 1 correctness, 2 drift, 3 performance, 4 inconclusive, 0
//   pass.
// A broken run says nothing about the kernel, a wrong kernel makes its speed worthless, and a
// proven loss outweighs a doubt.
ExitCode MoreSevere(ExitCode a, ExitCode b);

// What a verdict is about; decides which exit code a failure has.
enum class Concern : uint8_t {
  kCorrectness,  // of a kernel alone, its invariances included
  kDrift,        // of a model: logits, tokens, invariances
  kPerformance,
};

// "correctness", "drift", "performance".
std::string_view ConcernName(Concern concern);
std::optional<Concern> ConcernNamed(std::string_view name);

struct JudgedConcern {
  Verdict verdict = Verdict::kError;
  Concern concern = Concern::kCorrectness;
};

// Of one verdict alone; passed, waived and skipped give kExitPass.
ExitCode ExitCodeOf(const JudgedConcern& judged);

// Of a run: the most severe of its parts. A run in which nothing was checked, because there is no
// part or all were skipped, is invalid.
ExitCode ExitCodeOf(std::span<const JudgedConcern> parts);

// The same, where all is about correctness.
ExitCode ExitCodeOf(std::span<const Verdict> verdicts);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_VERDICT_H_
