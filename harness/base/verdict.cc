#include "harness/base/verdict.h"

#include <algorithm>
#include <array>
#include <vector>

namespace deltagauge {
namespace {

constexpr std::array<ExitCode, 8> kMostSevereFirst = {
    kExitInternal, kExitUsage,       kExitInvalid,      kExitCorrectness,
    kExitDrift,    kExitPerformance, kExitInconclusive, kExitPass};

constexpr std::array<Verdict, 7> kVerdicts = {
    Verdict::kSkipped, Verdict::kWaived,  Verdict::kPassed, Verdict::kInconclusive,
    Verdict::kFailed,  Verdict::kInvalid, Verdict::kError};

constexpr std::array<Concern, 3> kConcerns = {Concern::kCorrectness, Concern::kDrift,
                                              Concern::kPerformance};

ExitCode FailureOf(Concern concern) {
  switch (concern) {
    case Concern::kCorrectness:
      return kExitCorrectness;
    case Concern::kDrift:
      return kExitDrift;
    case Concern::kPerformance:
      return kExitPerformance;
  }
  return kExitInternal;
}

}  // namespace

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

std::optional<Verdict> VerdictNamed(std::string_view name) {
  for (const Verdict verdict : kVerdicts) {
    if (VerdictName(verdict) == name) return verdict;
  }
  return std::nullopt;
}

std::string_view ConcernName(Concern concern) {
  switch (concern) {
    case Concern::kCorrectness:
      return "correctness";
    case Concern::kDrift:
      return "drift";
    case Concern::kPerformance:
      return "performance";
  }
  return "?";
}

std::optional<Concern> ConcernNamed(std::string_view name) {
  for (const Concern concern : kConcerns) {
    if (ConcernName(concern) == name) return concern;
  }
  return std::nullopt;
}

Verdict Worse(Verdict a, Verdict b) { return std::max(a, b); }

ExitCode MoreSevere(ExitCode a, ExitCode b) {
  for (const ExitCode code : kMostSevereFirst) {
    if (a == code || b == code) return code;
  }
  return kExitInternal;  // neither is one of ours
}

ExitCode ExitCodeOf(const JudgedConcern& judged) {
  switch (judged.verdict) {
    case Verdict::kSkipped:
    case Verdict::kWaived:
    case Verdict::kPassed:
      return kExitPass;
    case Verdict::kInconclusive:
      return kExitInconclusive;
    case Verdict::kFailed:
      return FailureOf(judged.concern);
    case Verdict::kInvalid:
      return kExitInvalid;
    case Verdict::kError:
      return kExitInternal;
  }
  return kExitInternal;
}

ExitCode ExitCodeOf(std::span<const JudgedConcern> parts) {
  const bool nothing_checked = std::all_of(parts.begin(), parts.end(), [](const auto& part) {
    return part.verdict == Verdict::kSkipped;
  });
  if (nothing_checked) return kExitInvalid;
  ExitCode code = kExitPass;
  for (const JudgedConcern& part : parts) code = MoreSevere(code, ExitCodeOf(part));
  return code;
}

ExitCode ExitCodeOf(std::span<const Verdict> verdicts) {
  std::vector<JudgedConcern> parts;
  parts.reserve(verdicts.size());
  for (const Verdict verdict : verdicts) parts.push_back({verdict, Concern::kCorrectness});
  return ExitCodeOf(parts);
}

}  // namespace deltagauge
