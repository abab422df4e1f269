// Not isolated here: Windows has no fork, and a program that calls itself for each case is not
// written yet. Exceptions are caught; a crash ends the whole run, a hang hangs it.
#include <exception>

#include "harness/candidate/isolation.h"

namespace deltagauge {

Isolation IsolationHere() { return Isolation::kNone; }

IsolatedAnswer RunIsolated(const IsolationLimits&, const std::function<std::string()>& body) {
  try {
    return {body(), ""};
  } catch (const std::exception& error) {
    return {"", std::string("threw an exception: ").append(error.what())};
  }
}

}  // namespace deltagauge
