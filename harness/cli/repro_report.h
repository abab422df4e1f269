// One case in full: figures, findings, and where the worst element is.
#ifndef DELTAGAUGE_HARNESS_CLI_REPRO_REPORT_H_
#define DELTAGAUGE_HARNESS_CLI_REPRO_REPORT_H_

#include <string>

#include "harness/kernel/kernel_check.h"

namespace deltagauge {

// Runs an accuracy case once more for the numbers around its worst element; other checks have their
// findings only.
std::string FormatRepro(const CheckOutcome& outcome, const CaseData& data,
                        KernelFunction kernel = &GatedDeltaRule);

// "sequence 0, head 1, token 12, column 5", of an element of the output;
// "sequence 0, head 1, key row 3, column 5", of one of the state.
std::string PlaceOfOutput(const KernelCase& kernel_case, int64_t index);
std::string PlaceOfState(const KernelCase& kernel_case, int64_t index);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_REPRO_REPORT_H_
