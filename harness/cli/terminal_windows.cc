#include <io.h>
#include <stdio.h>

#include "harness/cli/terminal.h"

namespace deltagauge {

bool StandardErrorIsTerminal() { return _isatty(_fileno(stderr)) != 0; }

}  // namespace deltagauge
