#include <unistd.h>

#include "harness/cli/terminal.h"

namespace deltagauge {

bool StandardErrorIsTerminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace deltagauge
