// What the operating system knows about our output.
#ifndef DELTAGAUGE_HARNESS_CLI_TERMINAL_H_
#define DELTAGAUGE_HARNESS_CLI_TERMINAL_H_

namespace deltagauge {

// Whether standard error is looked at by a person: only then is progress shown.
bool StandardErrorIsTerminal();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_TERMINAL_H_
