// What a person wants to know of a run at a glance.
#ifndef DELTAGAUGE_HARNESS_CLI_KEY_FIGURES_H_
#define DELTAGAUGE_HARNESS_CLI_KEY_FIGURES_H_

#include <string>

#include "harness/report/report.h"

namespace deltagauge {

// A line for each kind of case that ran: how many, and the worst of their figures. Speedups get a
// line each, with interval and noise floor. Of several candidates, one after the other under its
// name. "" if nothing ran.
std::string FormatKeyFigures(const Report& report);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_KEY_FIGURES_H_
