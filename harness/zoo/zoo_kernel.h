// The zoo: kernels for tests of the harness itself. Each fault is a kernel that must be caught,
// each variant a correct kernel that must pass. Written from the equation, apart from kernels/ and
// reference/, behind the interface of the fused kernel.
#ifndef DELTAGAUGE_HARNESS_ZOO_ZOO_KERNEL_H_
#define DELTAGAUGE_HARNESS_ZOO_ZOO_KERNEL_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "harness/kernel/kernel_call.h"
#include "harness/zoo/zoo_fault.h"
#include "harness/zoo/zoo_form.h"

namespace deltagauge::zoo {

struct Member {
  std::string_view name;
  // Of a fault: the repository and thread where it was seen, or "planted".
  std::string_view origin;
  std::string_view what;
  Fault fault = Fault::kNone;
  Form form;
  // Of a fault: a small kernel case that shows it.
  std::string_view shows_in;
  // Not empty: why no case of a run can show it.
  std::string_view why_missed;
};

// In a fixed order; names are unique among both.
std::span<const Member> Faults();
std::span<const Member> Variants();

// The member behind the interface that the checks call; nullptr if this processor lacks the
// instruction set that its form asks for.
KernelFunction KernelOf(const Member& member);

// What those call.
Status RunMember(Fault fault, const Form& form, const GatedDeltaRuleArgs& args, Workspace workspace,
                 ParallelFor& threads, RunInfo* info);

}  // namespace deltagauge::zoo

#endif  // DELTAGAUGE_HARNESS_ZOO_ZOO_KERNEL_H_
