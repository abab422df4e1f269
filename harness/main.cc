#include <iostream>
#include <string>
#include <vector>

#include "harness/command_line.h"
#include "harness/terminal.h"

int main(int argc, char** argv) {
  return deltagauge::RunCommandLine(
      std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc),
      {std::cout, std::cerr, deltagauge::StandardErrorIsTerminal()});
}
