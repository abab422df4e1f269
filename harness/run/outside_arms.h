// The arms from outside that a configuration describes, asked what they are before a run begins.
#ifndef DELTAGAUGE_HARNESS_RUN_OUTSIDE_ARMS_H_
#define DELTAGAUGE_HARNESS_RUN_OUTSIDE_ARMS_H_

#include <span>
#include <vector>

#include "harness/config/config.h"
#include "harness/model/candidate_set.h"
#include "harness/timing/preflight.h"

namespace deltagauge {

// Adds each to the candidates, asked in a process of its own. One that can't be had and has a
// fallback becomes that under its own name, and one of the findings says so: the report must not
// look as if it were there. Throws reference::InputError for any other that can't be
// had: no such file, the loader's own message, no plug-in, no such operator, another schema.
std::vector<PreflightFinding> AddOutsideArms(std::span<const OutsideArm> arms,
                                             CandidateSet& candidates);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_OUTSIDE_ARMS_H_
