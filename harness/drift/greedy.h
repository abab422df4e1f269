// Whether a candidate, left to choose, would have written the reference's greedy continuation.
//
// Both arms are asked for the next token after the same tokens, the reference's, all along its own
// continuation. Where the candidate chooses another one, the two continuations part; it is put back
// on the reference's token there (re-anchored) and goes on. Each parting is judged by the margins
// of the logits, as any other position is (agreement.h), since with 16-bit logits a long
// continuation meets several ties: whether a second parting follows says nothing of either.
//
// | class     | condition                                                      |
// |-----------|----------------------------------------------------------------|
// | identical | the same token at every position                               |
// | tie break | it parts, and every parting is a tie flip                      |
// | diverged  | at one position at least it is a mismatch, or it is not finite   |
//
// The noise of tau is that of all positions of all prompts; what is said in agreement.h of a
// candidate that is wrong everywhere holds here as well: the gates on drift go beside this one.
#ifndef DELTAGAUGE_HARNESS_DRIFT_GREEDY_H_
#define DELTAGAUGE_HARNESS_DRIFT_GREEDY_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "harness/drift/agreement.h"
#include "harness/drift/distribution.h"
#include "harness/drift/logit_row.h"
#include "harness/drift/row_census.h"  // Validity

namespace deltagauge {

enum class GreedyClass : uint8_t { kIdentical, kTieBreak, kDiverged };

// "identical", "tie_break", "diverged".
std::string_view GreedyClassName(GreedyClass greedy_class);

// One prompt.
struct GreedyResult {
  GreedyClass greedy_class = GreedyClass::kIdentical;
  int64_t reference_tokens = 0;
  int64_t candidate_tokens = 0;   // that the candidate was asked for
  int64_t matched_prefix = 0;     // tokens
  int64_t first_divergence = -1;  // index of the first unlike token; -1: none
  int64_t reference_token = -1;   // there; -1: an arm is not finite
  int64_t candidate_token = -1;
  // Behind the first divergence: how many tokens followed in the reference, and how many of them
  // the candidate would have chosen, too.
  int64_t reanchored_tokens = 0;
  int64_t reanchored_matched = 0;
  bool shares_storage = false;  // the arms overlap in memory: nothing was compared

  bool operator==(const GreedyResult&) const = default;
};

struct GreedySummary {
  int64_t prompts = 0;
  int64_t identical = 0;
  int64_t tie_break = 0;
  int64_t diverged = 0;
  int64_t empty = 0;           // prompts after which the reference said nothing
  int64_t shares_storage = 0;  // prompts
  // Least index of a first divergence; -1: none. Class by class, since a tie may come anywhere.
  int64_t first_divergence = -1;
  int64_t first_true_divergence = -1;  // of those that diverged
  Spread matched_prefix;               // tokens, over prompts
};

struct GreedyComparison {
  GreedySummary summary;
  // Of all prompts' tokens together, positions counted on from prompt to prompt. It lists every
  // parting.
  Agreement agreement;
  std::vector<GreedyResult> prompts;
};

// One row for each token of the reference's continuation, by prompt. Pure.
GreedyComparison CompareGreedy(std::span<const std::vector<LogitRow>> prompts);

// Invalid: no prompt, an empty continuation, or shared storage; else as ValidityOf(RowCensus), but
// that few positions are enough.
Validity ValidityOf(const GreedyComparison& comparison);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_GREEDY_H_
