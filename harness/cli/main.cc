#include <iostream>

#include "harness/cli/command_line.h"
#include "harness/cli/terminal.h"

int main(int argc, char** argv) {
  return deltagauge::RunCommandLine(deltagauge::ProgramArguments(argc, argv),
                                    {std::cout, std::cerr, deltagauge::StandardErrorIsTerminal()});
}
