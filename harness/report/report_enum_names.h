// How reports spell the enums that they hold.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_ENUM_NAMES_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_ENUM_NAMES_H_

#include <span>

#include "harness/report/report.h"
#include "harness/report/report_binding.h"

namespace deltagauge {

template <>
std::span<const NamedValue<Verdict>> JsonNamesOf();
template <>
std::span<const NamedValue<Concern>> JsonNamesOf();
template <>
std::span<const NamedValue<Direction>> JsonNamesOf();
template <>
std::span<const NamedValue<Rule>> JsonNamesOf();
template <>
std::span<const NamedValue<LogitType>> JsonNamesOf();
template <>
std::span<const NamedValue<TokenMatch>> JsonNamesOf();
template <>
std::span<const NamedValue<GreedyClass>> JsonNamesOf();
template <>
std::span<const NamedValue<TimingOutcome>> JsonNamesOf();
template <>
std::span<const NamedValue<GateOperator>> JsonNamesOf();
template <>
std::span<const NamedValue<NoCase>> JsonNamesOf();
template <>
std::span<const NamedValue<LimitSource>> JsonNamesOf();
template <>
std::span<const NamedValue<PreflightFinding::Severity>> JsonNamesOf();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_ENUM_NAMES_H_
