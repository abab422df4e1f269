#include <iostream>
#include <string>
#include <vector>

#include "harness/cli/command_line.h"
#include "harness/cli/terminal.h"

int main(int argc, char** argv) {
  return deltagauge::RunCommandLine(
      std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc),
      {std::cout, std::cerr, deltagauge::StandardErrorIsTerminal()});
}
