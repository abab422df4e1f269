// The program `deltagauge`, but for its process.
#ifndef DELTAGAUGE_HARNESS_CLI_COMMAND_LINE_H_
#define DELTAGAUGE_HARNESS_CLI_COMMAND_LINE_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/kernel/kernel_call.h"
#include "harness/kernel/kernel_plan.h"

namespace deltagauge {

struct Console {
  std::ostream& out;  // results
  std::ostream& err;  // progress, warnings, errors
  bool show_progress = false;
};

// What check and repro run.
struct Subject {
  KernelFunction kernel = &GatedDeltaRule;
  std::vector<PlannedCase> plan = DefaultCheckPlan();  // of check
};

// `args` without the program's name. Never throws.
ExitCode RunCommandLine(const std::vector<std::string>& args, const Console& console,
                        const Subject& subject = {});

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_COMMAND_LINE_H_
