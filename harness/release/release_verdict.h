// Go or no-go: what a policy asks for, held against the reports of all platforms.
//
// Pure: policy and reports in, verdict with reasons out. `deltagauge verdict` and the service's
// /verdict both call it. A no-go names every reason, not only the first.
#ifndef DELTAGAUGE_HARNESS_RELEASE_RELEASE_VERDICT_H_
#define DELTAGAUGE_HARNESS_RELEASE_RELEASE_VERDICT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/release/release_agreement.h"
#include "harness/release/release_policy.h"
#include "harness/report/json.h"
#include "harness/report/merge.h"  // NamedReport

namespace deltagauge {

enum class ReleaseFlaw : uint8_t {
  // Of one report.
  kNoPlatform,       // the report does not say its platform, or the policy does not name it
  kStale,            // older than the policy allows, or from the future
  kOtherCommit,      // of another commit than asked for, or of none
  kDirtyTree,        // the sources differed from the commit
  kIncompleteRun,    // interrupted, a shard, or a selection of cases
  kInvalidRun,       // the run means nothing, or broke
  kFailedRun,        // something failed in it
  kInconclusiveRun,  // nothing failed, but a timing is undecided
  kWaivedRun,        // passed by a waiver that the policy refuses
  // Of a platform.
  kMissingPlatform,
  kMissingConfig,
  kMissingCandidate,
  kMissingModel,
  kMissingTarget,
  kMissingGate,    // no gate of that metric decided anything
  kGateNotPassed,  // one did, and not well
  // Between reports.
  kOtherConfig,     // two reports of one configuration's name, but not of its text
  kRepeatedReport,  // the same report twice
  kOtherInputs,     // a case has other inputs on another platform
  kOtherOutputs,    // ... or outputs that are further apart than the policy allows
  kTooFewShared,    // two platforms share fewer cases than the policy asks for
};

// A stable word: "stale", "other_commit", ...
std::string_view ReleaseFlawName(ReleaseFlaw flaw);

struct ReleaseReason {
  ReleaseFlaw flaw = ReleaseFlaw::kInvalidRun;
  std::string platform;  // empty: none in particular
  std::string report;    // name of the report; empty: none in particular
  std::string what;      // a sentence
  std::string hint;      // what to do about it: a command, a repro line; may be empty
  ExitCode exit_code = kExitInvalid;
};

// One platform at a glance.
struct PlatformRow {
  std::string platform;
  std::vector<std::string> reports;  // names
  std::vector<std::string> configs;
  std::vector<std::string> targets;  // that kernel cases passed on
  int64_t cases = 0;
  int64_t passed = 0;
  int64_t skipped = 0;
  int64_t gates = 0;
  int64_t gates_passed = 0;
  int64_t reasons = 0;  // against it
  bool required = true;
};

struct ReleaseQuestion {
  int64_t now_unix_s = 0;
  // The commit to release, 40 hex digits or at least 7 of their beginning; empty: all reports must
  // be of one, whichever.
  std::string commit;
};

struct ReleaseVerdict {
  std::string policy;  // its name
  std::string commit;  // of the reports, where they are of one; else what was asked for
  std::vector<PlatformRow> platforms;  // in the policy's order, then those it does not name
  std::vector<PlatformAgreement> agreement;
  std::vector<ReleaseReason> reasons;

  bool IsGo() const { return reasons.empty(); }
  // 0: go. Else the most severe of the reasons: 1, 2, 3 something failed (as in runs), 4 timings
  // undecided, 5 what is required is missing, stale, of another commit or tree, or means nothing.
  ExitCode exit_code() const;
};

ReleaseVerdict JudgeRelease(const ReleasePolicy& policy, std::span<const NamedReport> reports,
                            const ReleaseQuestion& question);

std::string ReleaseText(const ReleaseVerdict& verdict);
std::string ReleaseMarkdown(const ReleaseVerdict& verdict);
Json ReleaseJson(const ReleaseVerdict& verdict);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RELEASE_RELEASE_VERDICT_H_
