// Whether two arms choose the same next token, teacher-forced, with ties told apart from mistakes.
//
// At each position, with l the reference's logits in descending order, m = l(1) - l(2) and
//   tau = max(2 ULP of the logit type at the larger of |l(1)|, |l(2)|, 4 * noise),
// noise = RMS of the centred deltas over the reference's first ten tokens of all positions:
//
// | class     | condition                                                                   |
// |-----------|-----------------------------------------------------------------------------|
// | agree     | same token; the arg-max is the lowest index among equal maxima, in both arms |
// | tie flip  | tokens differ, m <= tau, and the candidate's token is among the reference's  |
// |           | second to tenth with l(1) - l(token) <= tau                                  |
// | mismatch  | anything else                                                               |
//
// The noise is one number for the whole run. Taken at each position alone, one wrong logit would
// widen the very tau that excuses it: two swapped tokens a margin m apart give a noise of
// m sqrt(2 / 10), and 4 times that is above m. A candidate that is wrong everywhere still widens
// tau: so `differ_beyond_ulp` counts the differences that 2 ULP alone do not excuse, and the gates
// on the deltas themselves have to hold as well.
#ifndef DELTAGAUGE_HARNESS_DRIFT_AGREEMENT_H_
#define DELTAGAUGE_HARNESS_DRIFT_AGREEMENT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "harness/bench/bench_statistics.h"  // Interval
#include "harness/drift/logit_row.h"
#include "harness/drift/row_census.h"

namespace deltagauge {

inline constexpr double kTieUlps = 2;
inline constexpr double kTieNoiseFactor = 4;
inline constexpr size_t kListedDifferences = 20;

enum class TokenMatch : uint8_t { kAgree, kTieFlip, kMismatch };

// "agree", "tie_flip", "mismatch".
std::string_view TokenMatchName(TokenMatch match);

TokenMatch ClassifyToken(const LogitRow& row, double tau);

// One position at which the tokens differ.
struct TokenDifference {
  TokenMatch match = TokenMatch::kMismatch;
  int64_t position = -1;
  int64_t reference_token = -1;
  int64_t candidate_token = -1;
  double margin = 0;            // the reference's first minus its second
  double candidate_margin = 0;  // the candidate's first minus its second
  double gap = 0;               // the reference's first minus its logit of the candidate's token
  int32_t candidate_rank = 0;   // of the candidate's token in the reference, from 1; 0: beyond 10
  double tau = 0;

  bool operator==(const TokenDifference&) const = default;
};

struct Agreement {
  RowCensus rows;

  // Of `rows.usable` positions.
  int64_t agree = 0;
  int64_t tie_flip = 0;
  int64_t mismatch = 0;
  int64_t differ_beyond_ulp = 0;  // tokens differ and m or the gap is above 2 ULP

  // Shares with their 95 % Wilson intervals; 0 with [0, 1] without positions.
  double agree_share = 0;
  Interval agree_interval;
  double tie_flip_share = 0;
  double mismatch_share = 0;
  Interval mismatch_interval;

  double noise = 0;       // see above
  double tau_median = 0;  // over the positions
  double tau_max = 0;
  double tie_density = 0;  // share of positions with m <= tau, whether or not the token flipped

  double top5_overlap = 0;  // mean Jaccard
  double top10_overlap = 0;
  double top5_overlap_min = 0;
  double top10_overlap_min = 0;

  // In order of position: the first kListedDifferences of each (or as many as were asked for).
  std::vector<TokenDifference> mismatches;
  std::vector<TokenDifference> tie_flips;
};

// `rows` by position. Pure.
Agreement AgreementOf(const std::map<int64_t, LogitRow>& rows,
                      size_t listed_differences = kListedDifferences);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_AGREEMENT_H_
