// The outcome of a run of checks, in words for a terminal.
#ifndef DELTAGAUGE_HARNESS_CLI_CHECK_REPORT_H_
#define DELTAGAUGE_HARNESS_CLI_CHECK_REPORT_H_

#include <span>
#include <string>
#include <string_view>

#include "harness/kernel/kernel_check.h"

namespace deltagauge {

struct GroupedOutcome {
  std::string_view group;
  CheckOutcome outcome;
};

// One row for each group, in order of first appearance: worst error of output and state against
// fp64, with the worst of the float32 references on the same cases beside it.
std::string FormatCheckTable(std::span<const GroupedOutcome> outcomes);

// Each case that did not pass: what was wrong, and the line that runs it again, by `command`; last,
// what was skipped, once for each reason. "" if all passed.
std::string FormatProblems(std::span<const GroupedOutcome> outcomes,
                           std::string_view command = "deltagauge repro");

// One line: the verdict, how many cases, on which targets.
std::string FormatVerdictLine(std::span<const GroupedOutcome> outcomes, double seconds);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_CHECK_REPORT_H_
