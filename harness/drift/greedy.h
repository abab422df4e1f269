// Where two greedy continuations of one prompt part, and whether that was a mere tie.
#ifndef DELTAGAUGE_HARNESS_DRIFT_GREEDY_H_
#define DELTAGAUGE_HARNESS_DRIFT_GREEDY_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/drift/distribution.h"
#include "harness/drift/row_census.h"  // Validity

namespace deltagauge {

enum class GreedyClass : uint8_t {
  kIdentical,
  kTieBreak,  // put back on the reference's token, the candidate repeats all the rest of it
  kDiverged,  // it does not, or there is no rest that could show it
};

// "identical", "tie_break", "diverged".
std::string_view GreedyClassName(GreedyClass greedy_class);

// The candidate's own greedy continuation, at most `count` tokens, after the prompt and then
// `generated`. Fewer than `count` only where it ends the text itself.
using ContinueGreedily =
    std::function<std::vector<int64_t>(std::span<const int64_t> generated, int64_t count)>;

struct GreedyResult {
  GreedyClass greedy_class = GreedyClass::kIdentical;
  int64_t reference_tokens = 0;
  int64_t candidate_tokens = 0;
  int64_t matched_prefix = 0;     // tokens
  int64_t first_divergence = -1;  // index of the first unlike token; -1: none
  int64_t reference_token = -1;   // there; -1: the arm had stopped
  int64_t candidate_token = -1;
  // After the reference's token was put in: how many tokens followed in the reference, and how many
  // of them the candidate then repeated before it parted again.
  int64_t reanchored_tokens = 0;
  int64_t reanchored_matched = 0;
  bool shares_storage = false;  // the sequences overlap in memory: nothing was compared

  bool operator==(const GreedyResult&) const = default;
};

// `continue_greedily` is called once at most, only after a divergence at which the reference has a
// token and at least one more behind it. It throws through.
GreedyResult CompareGreedy(std::span<const int64_t> reference, std::span<const int64_t> candidate,
                           const ContinueGreedily& continue_greedily);

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

GreedySummary SummarizeGreedy(std::span<const GreedyResult> results);

// Invalid: no prompt, an empty continuation, or shared storage.
Validity ValidityOf(const GreedySummary& summary);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_GREEDY_H_
