// A small report for tests, with a part of every kind, from a fixed clock, machine and seed.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_EXAMPLE_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_EXAMPLE_H_

#include <string>
#include <vector>

#include "harness/report/report.h"

namespace deltagauge {

// One case of each kind, all passed but for what the name says. `index` is its place in the plan.
CaseReport ExampleKernelCase(int64_t index, int64_t tokens, const std::string& regime);
CaseReport ExampleFailedKernelCase(int64_t index);
CaseReport ExampleDriftCase(int64_t index, const std::string& text);
CaseReport ExampleAgreementCase(int64_t index);
CaseReport ExampleGreedyCase(int64_t index);
CaseReport ExampleInvarianceCase(int64_t index);
// `kind` is timing, prefill or decode.
CaseReport ExampleTimingCase(int64_t index, const std::string& kind, int64_t tokens,
                             double speedup);

// The gates that the reports below are judged by.
std::vector<Gate> ExampleGates();

// Everything but cases, gates and summary.
Report ExampleEnvelope();

// All kinds of cases, judged: everything passes.
Report ExamplePassingReport();

// A kernel case that fails, a gate that is waived, one whose waiver has expired, one that is
// inconclusive, one that checks nothing; numbers that are not finite; texts that try to break out
// of JSON, XML, Markdown and HTML, one of them no UTF-8.
Report ExampleFailingReport();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_EXAMPLE_H_
