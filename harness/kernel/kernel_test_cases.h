// For the tests that run the fused kernel: a case by its line, on every target of this machine.
#ifndef DELTAGAUGE_HARNESS_KERNEL_KERNEL_TEST_CASES_H_
#define DELTAGAUGE_HARNESS_KERNEL_KERNEL_TEST_CASES_H_

#include <cstdint>
#include <string>

#include "harness/kernel/case.h"

namespace deltagauge {

// Fails the test, with the line that runs it again, for each runnable target on which the case does
// not pass.
void ExpectPassesOnAllTargets(const KernelCase& kernel_case);
void ExpectPassesOnAllTargets(const std::string& fields);  // without "kernel:"

// How much of an exhaustive test to run: 100 is all of it. Sanitized and unoptimised builds run a
// part by default; the environment variable DELTAGAUGE_TEST_PERCENT says otherwise, and above 100
// draws more random cases.
int64_t TestPercent();

// Whether a test that steps through many cases should run the i-th one, from 0.
bool RunsNow(int64_t i);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_KERNEL_TEST_CASES_H_
