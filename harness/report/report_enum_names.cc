#include "harness/report/report_enum_names.h"

#include <array>

namespace deltagauge {
namespace {

// Names that the program has elsewhere are taken from there, so that they are the same everywhere.
template <auto NameOfValue, auto... Values>
auto NamesBy() {
  using Enum = std::common_type_t<decltype(Values)...>;
  return std::array<NamedValue<Enum>, sizeof...(Values)>{{{Values, NameOfValue(Values)}...}};
}

std::string_view RuleId(Rule rule) { return InfoOf(rule).id; }

}  // namespace

template <>
std::span<const NamedValue<Verdict>> JsonNamesOf() {
  using enum Verdict;
  static const auto kNames =
      NamesBy<&VerdictName, kPassed, kFailed, kInconclusive, kInvalid, kError, kSkipped, kWaived>();
  return kNames;
}

template <>
std::span<const NamedValue<Concern>> JsonNamesOf() {
  using enum Concern;
  static const auto kNames = NamesBy<&ConcernName, kCorrectness, kDrift, kPerformance>();
  return kNames;
}

template <>
std::span<const NamedValue<Direction>> JsonNamesOf() {
  using enum Direction;
  static const auto kNames = NamesBy<&DirectionName, kSmallerIsBetter, kLargerIsBetter, kNeither>();
  return kNames;
}

template <>
std::span<const NamedValue<Rule>> JsonNamesOf() {
  using enum Rule;
  static const auto kNames = NamesBy<&RuleId, kRelative, kCeiling, kElementwise, kFinite,
                                     kNotVacuous, kGuards, kRepeatable>();
  return kNames;
}

template <>
std::span<const NamedValue<LogitType>> JsonNamesOf() {
  using enum LogitType;
  static const auto kNames = NamesBy<&LogitTypeName, kFloat32, kBFloat16, kFloat64>();
  return kNames;
}

template <>
std::span<const NamedValue<TokenMatch>> JsonNamesOf() {
  using enum TokenMatch;
  static const auto kNames = NamesBy<&TokenMatchName, kAgree, kTieFlip, kMismatch>();
  return kNames;
}

template <>
std::span<const NamedValue<GreedyClass>> JsonNamesOf() {
  using enum GreedyClass;
  static const auto kNames = NamesBy<&GreedyClassName, kIdentical, kTieBreak, kDiverged>();
  return kNames;
}

template <>
std::span<const NamedValue<TimingOutcome>> JsonNamesOf() {
  using enum TimingOutcome;
  static const auto kNames = NamesBy<&TimingOutcomeName, kUndecided, kRegression, kEquivalent,
                                     kNotSlower, kImproved, kTargetMet, kTargetMissed>();
  return kNames;
}

template <>
std::span<const NamedValue<GateOperator>> JsonNamesOf() {
  using enum GateOperator;
  static const auto kNames = NamesBy<&GateOperatorName, kAtMost, kAtLeast>();
  return kNames;
}

template <>
std::span<const NamedValue<NoCase>> JsonNamesOf() {
  static constexpr std::array<NamedValue<NoCase>, 2> kNames = {
      {{NoCase::kIsInvalid, "invalid"}, {NoCase::kIsSkipped, "skipped"}}};
  return kNames;
}

template <>
std::span<const NamedValue<LimitSource>> JsonNamesOf() {
  static constexpr std::array<NamedValue<LimitSource>, 2> kNames = {
      {{LimitSource::kConfig, "config"}, {LimitSource::kTolerances, "tolerances"}}};
  return kNames;
}

template <>
std::span<const NamedValue<PreflightFinding::Severity>> JsonNamesOf() {
  using enum PreflightFinding::Severity;
  static constexpr std::array<NamedValue<PreflightFinding::Severity>, 2> kNames = {
      {{kNote, "note"}, {kWarning, "warning"}}};
  return kNames;
}

}  // namespace deltagauge
