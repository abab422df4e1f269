// What a worker process answers, as bytes and back.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_OUTCOME_WIRE_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_OUTCOME_WIRE_H_

#include <optional>
#include <string>
#include <string_view>

#include "harness/candidate/plugin.h"
#include "harness/kernel/kernel_check.h"

namespace deltagauge {

// Without the case, which both sides know. Nothing: these bytes are no outcome.
std::string PackOutcome(const CheckOutcome& outcome);
std::optional<CheckOutcome> UnpackOutcome(std::string_view bytes, const KernelCase& kernel_case);

std::string PackInfo(const PluginInfo& info);
std::optional<PluginInfo> UnpackInfo(std::string_view bytes);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_OUTCOME_WIRE_H_
