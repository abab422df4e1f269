// One word of the command line: `deltagauge check`, `deltagauge run`, ...
#ifndef DELTAGAUGE_HARNESS_CLI_VERB_H_
#define DELTAGAUGE_HARNESS_CLI_VERB_H_

#include <memory>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/cli/command_line.h"

namespace CLI {
class App;
}

namespace deltagauge {

class Verb {
 public:
  virtual ~Verb() = default;
  virtual std::string_view Name() const = 0;
  virtual std::string_view Summary() const = 0;  // one sentence for --help

  // Options, and a footer with an example. `app` is the verb's own.
  virtual void Declare(CLI::App& app) = 0;

  // After the command line was parsed. May throw: reference::InputError for what the user gave
  // (exit code 64), anything else is an internal error (70).
  virtual ExitCode Run(const Console& console) = 0;
};

using Verbs = std::vector<std::unique_ptr<Verb>>;

// Each adds its verbs, in the order of --help. `subject` must outlive them.
void AddRunVerbs(const Subject& subject, Verbs& verbs);    // run, list, repro
void AddReportVerbs(Verbs& verbs);                         // export, compare, merge, doctor
void AddReleaseVerbs(Verbs& verbs);                        // verdict
void AddServiceVerbs(Verbs& verbs);                        // serve
void AddCompletionVerbs(Verbs& verbs);                     // completion, man
void AddCheckVerbs(const Subject& subject, Verbs& verbs);  // check, targets
void AddZooVerbs(Verbs& verbs);                            // zoo
void AddModelVerbs(Verbs& verbs);                          // tokenize, generate, logits, synth

// The kernel's half of repro: everything that can be said about one case.
ExitCode ReproKernelCase(const KernelCase& kernel_case, const Subject& subject,
                         const Console& console);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_VERB_H_
