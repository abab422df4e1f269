// What a kernel check found, as a report's case has it.
#ifndef DELTAGAUGE_HARNESS_REPORT_KERNEL_REPORT_H_
#define DELTAGAUGE_HARNESS_REPORT_KERNEL_REPORT_H_

#include "harness/kernel/kernel_check.h"
#include "harness/report/report.h"

namespace deltagauge {

// Sets status, reasons and the correctness part; metrics are CaseMetrics's.
void FillKernelReport(const CheckOutcome& outcome, CaseReport* report);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_KERNEL_REPORT_H_
