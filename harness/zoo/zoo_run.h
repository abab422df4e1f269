// The zoo against the cases and gates of a configuration: is every fault caught, does every variant
// pass?
#ifndef DELTAGAUGE_HARNESS_ZOO_ZOO_RUN_H_
#define DELTAGAUGE_HARNESS_ZOO_ZOO_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/config/config.h"
#include "harness/config/run_plan.h"
#include "harness/kernel/kernel_check.h"
#include "harness/report/gates.h"
#include "harness/zoo/zoo_kernel.h"

namespace deltagauge::zoo {

// What spoke against a member.
struct Objection {
  std::string repro;  // the case
  std::string rule;   // "R2", or a gate's id
  std::string what;   // the tensor or call that it is about
  double observed = 0;
  double limit = 0;
  std::string reason;  // in full

  // observed / limit; 0 where the limit is 0 or none of both is a figure.
  double Times() const;
};

// How near to a limit a passed case came. Limits of 0 (the same bits, no damage) have no near.
struct Approach {
  std::string repro;
  std::string rule;
  std::string what;
  double observed = 0;
  double limit = 0;

  double Share() const { return observed / limit; }
};

// What one case says of one kernel.
struct Judgement {
  std::optional<Objection> objection;  // nothing: it passed
  std::optional<Approach> nearest;     // of those that it passed with a figure
};

struct MemberResult {
  const Member* member = nullptr;
  bool is_fault = false;
  bool runs_here = true;               // false: the processor lacks its instruction set
  int64_t cases = 0;                   // that it ran
  std::optional<Objection> objection;  // the first, of the cheapest case
  std::optional<Approach> nearest;     // to a limit, of all cases that passed
};

enum class MemberVerdict : uint8_t {
  kCaught,
  kMissed,
  kKnownMiss,  // of which the table says why no case can show it
  kPassed,
  kFailed,
  kSkipped  // does not run here
};

std::string_view NameOf(MemberVerdict verdict);
MemberVerdict VerdictOf(const MemberResult& result);

// kExitPass if every fault is caught, known misses aside, and every variant that runs here passes;
// else kExitCorrectness.
ExitCode ExitCodeOf(std::span<const MemberResult> results);

struct ZooRequest {
  std::vector<PlanEntry> plan;    // only its kernel cases count, each once whatever the candidate
  std::vector<Gate> gates;        // those on kernel cases count
  std::vector<std::string> only;  // patterns of member names; empty: all
  int threads = 1;                // members that run at the same time
};

// From the cheapest case to the costliest: a fault runs until one objects, a variant runs them all.
// `progress` hears of each case before it begins. Throws reference::InputError where nothing
// matches `only`, and where the plan has no kernel case.
std::vector<MemberResult> RunZoo(
    const ZooRequest& request,
    const std::function<void(size_t index, size_t count, const std::string& repro)>& progress);

// One case, for one kernel.
Judgement Judge(const KernelCase& kernel_case, const CaseData& data, KernelFunction kernel,
                std::span<const Gate> gates);

// The results as people read them, as a document to keep, and as JSON.
std::string ZooText(std::span<const MemberResult> results);
std::string ZooMarkdown(std::span<const MemberResult> results, const std::string& configuration);
std::string ZooJson(std::span<const MemberResult> results);

}  // namespace deltagauge::zoo

#endif  // DELTAGAUGE_HARNESS_ZOO_ZOO_RUN_H_
