// A candidate that is nothing but logits in files: what it is, and what it can't be asked.
#ifndef DELTAGAUGE_HARNESS_RUN_LOGITS_ARM_H_
#define DELTAGAUGE_HARNESS_RUN_LOGITS_ARM_H_

#include <string>

#include "harness/config/config.h"
#include "harness/config/run_case.h"
#include "harness/model/candidate_set.h"

namespace deltagauge {

// Opens the files of an arm that has `logits`. Throws reference::InputError (foreign_logits.h).
Candidate MakeLogitsCandidate(const OutsideArm& arm);

struct SkipReason {
  std::string code;  // empty: the case can run
  std::string reason;
};

// Drift and agreement of texts of which it has logits can run; all else, a kernel's or a model's
// computation, can't: "logits_only", "no_logits". Of other candidates everything can.
SkipReason WhyLogitsSkip(const CandidateSet& candidates, const RunCase& run_case);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_LOGITS_ARM_H_
