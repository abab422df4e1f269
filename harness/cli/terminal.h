// What the operating system knows about our arguments and our output.
#ifndef DELTAGAUGE_HARNESS_CLI_TERMINAL_H_
#define DELTAGAUGE_HARNESS_CLI_TERMINAL_H_

#include <string>
#include <vector>

namespace deltagauge {

// What main() was given, without the program's name. In UTF-8 on Windows, too, where argv holds
// only what the code page of the machine knows.
std::vector<std::string> ProgramArguments(int argc, char** argv);

// Whether standard error is looked at by a person: only then is progress shown.
bool StandardErrorIsTerminal();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_TERMINAL_H_
