// Gates: which figure has to be on which side of which limit, and what the cases of a run say.
//
// Cases -> gate results, without files, clock or kernels. A gate looks at every case that has its
// metric and that `at` and `candidate` let through; every one of them must satisfy it, and one that
// finds none proves nothing and is invalid.
#ifndef DELTAGAUGE_HARNESS_REPORT_GATES_H_
#define DELTAGAUGE_HARNESS_REPORT_GATES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/config/config.h"  // Gate

namespace deltagauge {

struct CaseReport;  // harness/report/report.h
struct Report;

enum class GateOperator : uint8_t { kAtMost, kAtLeast };

// "<=", ">=".
std::string_view GateOperatorName(GateOperator op);

// "I know that this fails, until then."
struct Waiver {
  std::string target;  // a gate's id or metric, or a case's id; '*' stands for any characters
  std::string by;      // who answers for it
  std::string reason;
  std::string until;  // "2026-12-31": the last day, UTC, on which it counts
};

struct GateResult {
  std::string id;  // "performance.prefill.speedup >= 1.3 at tokens=512"
  std::string metric;
  GateOperator op = GateOperator::kAtMost;
  double threshold = 0;
  std::string at;
  std::string candidate;
  LimitSource source = LimitSource::kConfig;
  Concern concern = Concern::kCorrectness;

  Verdict verdict = Verdict::kInvalid;
  int64_t cases = 0;  // that it looked at, skipped ones aside
  // Of the case that decides: the one with the worst verdict, of these the one with least margin.
  std::string case_id;
  std::string repro;
  std::optional<double> observed;
  std::optional<double> ci_lo;  // of `observed`, where it is an estimate with an interval
  std::optional<double> ci_hi;
  std::optional<double> floor;   // the measurement's own noise, as |log ratio|
  std::optional<double> margin;  // distance to the threshold in the metric's unit; positive: inside
  std::string reason;            // why not passed; empty if passed
  std::optional<Waiver> waiver;  // that turned a failure into kWaived, or would have but expired
};

// What a gate means that finds no case.
enum class NoCase : uint8_t {
  kIsInvalid,  // in a whole run it is a mistake
  kIsSkipped,  // in a shard or a selection, others have its cases
};

struct GatePolicy {
  // Noise above which a timing can't show a speedup, as |log ratio|; the protocol's min_effect.
  double min_effect = 0.02;
  // Waivers count on this day ("2026-03-11", UTC) if it is not after their `until`.
  std::string today;
  NoCase no_case = NoCase::kIsInvalid;
};

// One result for each limit (a gate with min and max gives two), in order. Throws InputError for an
// unknown metric, a gate without a limit or with a limit that is no number, an `at` that is not
// name=value[,name=value], a waiver without author, reason or date.
//
// For a performance metric with an interval: passed if all of the interval is inside the limit,
// failed if all of it is outside, else inconclusive. If the noise floor exceeds min_effect, both
// need a distance from the limit that is more than the floor. An interval of a level below 0.9, of
// too few values, decides nothing.
std::vector<GateResult> EvaluateGates(std::span<const Gate> gates, std::span<const Waiver> waivers,
                                      std::span<const CaseReport> cases, const GatePolicy& policy);

// The configuration's gates that gave these results, each limit on its own: for a merge.
std::vector<Gate> GatesOf(std::span<const GateResult> results);

// Turns failed cases that a waiver names into waived ones. A waiver that has expired changes
// nothing.
void WaiveCases(std::span<const Waiver> waivers, std::string_view today,
                std::vector<CaseReport>* cases);

// Whether "tokens=512,dtype=bfloat16" holds for a case.
bool MatchesAt(std::string_view at, const CaseReport& case_report);

// What a case of a kind (run_case.h) is about: kernels, models or speed. Of a kind that nobody
// knows: correctness.
Concern ConcernOfKind(std::string_view kind);

// Sets report->gates from its cases, waivers and policy (WaiveCases, then EvaluateGates), then
// report->summary. A report that is not complete can't pass: it is inconclusive at least. In it,
// and in a shard, gates that find no case are skipped, whatever the policy says.
void JudgeReport(std::span<const Gate> gates, Report* report);

// report->summary from its cases and gates as they are.
void Summarize(Report* report);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_GATES_H_
