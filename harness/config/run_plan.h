// From a configuration to its cases, in the order in which they run.
//
// Kernel cases come first and timed ones last, since a candidate that failed its correctness gates
// gets no speedup: kernel, captured, drift and agreement (text by text), greedy, invariance,
// timing, prefill, decode. Within a kind: by model, dtype, threads, candidate, then as the
// configuration lists them.
#ifndef DELTAGAUGE_HARNESS_CONFIG_RUN_PLAN_H_
#define DELTAGAUGE_HARNESS_CONFIG_RUN_PLAN_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.h"
#include "harness/config/run_case.h"

namespace deltagauge {

struct PlanEntry {
  std::string id;  // CaseId: unique in a plan, the same in every plan that has the case
  RunCase run_case;
  // Entries of equal pass (not empty) are read off one pass of a model and stay in one shard.
  std::string pass;
  // A rough guess for 2 cores: only to balance shards and for the time left, never a result.
  double estimated_s = 0;
};

// Throws InputError when the configuration gives no case, more than kMaxPlanCases, or one that
// CheckRunCase refuses. A case that comes up twice (a listed one is also in the grid) runs once.
inline constexpr size_t kMaxPlanCases = 100'000;
std::vector<PlanEntry> BuildPlan(const Config& config);

// `--only`: those whose id matches one of the patterns: `*` is any characters, `?` any one, all
// others are themselves; the whole id must match. A pattern without wildcards, or a kind's name
// alone, also matches what begins with it: `--only drift`. Throws InputError for a pattern that
// nothing matches. No pattern: everything.
bool MatchesGlob(std::string_view pattern, std::string_view text);
std::vector<PlanEntry> SelectOnly(std::vector<PlanEntry> plan,
                                  std::span<const std::string> patterns);

// `--shard i/n`, 1-based.
struct Shard {
  int index = 1;
  int count = 1;  // at most 1000
};
Shard ParseShard(std::string_view text);  // throws InputError

// A function of the plan alone: every entry is in one of the n shards, order is kept, and costs are
// balanced (the costliest first, each to the least loaded shard). More shards than cases leave some
// empty.
std::vector<PlanEntry> SelectShard(const std::vector<PlanEntry>& plan, const Shard& shard);

// For `deltagauge list`: a line a case (the repro line), then how many of which kind and the
// estimated time.
std::string FormatPlan(std::span<const PlanEntry> plan);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_RUN_PLAN_H_
