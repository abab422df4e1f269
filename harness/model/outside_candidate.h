// A candidate of code from outside: how its kernel cases run.
#ifndef DELTAGAUGE_HARNESS_MODEL_OUTSIDE_CANDIDATE_H_
#define DELTAGAUGE_HARNESS_MODEL_OUTSIDE_CANDIDATE_H_

#include "harness/candidate/plugin_check.h"
#include "harness/model/candidate_set.h"

namespace deltagauge {

// Cases in a process of their own with IsolationLimits{}, adapted to what `info` says.
OutsideKernel MakeOutsideKernel(const PluginInfo& info, PluginSource source);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_OUTSIDE_CANDIDATE_H_
