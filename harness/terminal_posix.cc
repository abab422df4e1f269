#include <unistd.h>

#include "harness/terminal.h"

namespace deltagauge {

bool StandardErrorIsTerminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace deltagauge
