#include <windows.h>
// after windows.h
#include <io.h>
#include <shellapi.h>
#include <stdio.h>

#include "harness/cli/terminal.h"
#include "reference/error_text.h"

namespace deltagauge {

std::vector<std::string> ProgramArguments(int argc, char** argv) {
  int count = 0;
  LPWSTR* const words = CommandLineToArgvW(GetCommandLineW(), &count);
  if (words == nullptr) return {argv + (argc > 0 ? 1 : 0), argv + argc};
  std::vector<std::string> arguments;
  for (int i = 1; i < count; ++i) {
    arguments.push_back(reference::PathName(words[i]));
  }
  LocalFree(words);
  return arguments;
}

bool StandardErrorIsTerminal() { return _isatty(_fileno(stderr)) != 0; }

}  // namespace deltagauge
