// For builds without the service.
#include "harness/cli/verb.h"

namespace deltagauge {

void AddServiceVerbs(Verbs&) {}

}  // namespace deltagauge
