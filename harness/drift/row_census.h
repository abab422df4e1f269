// What was there to compare, and whether its figures mean anything.
#ifndef DELTAGAUGE_HARNESS_DRIFT_ROW_CENSUS_H_
#define DELTAGAUGE_HARNESS_DRIFT_ROW_CENSUS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "harness/base/verdict.h"
#include "harness/drift/logit_row.h"

namespace deltagauge {

// Fewer give a standard error and a p99 that say nothing.
inline constexpr int64_t kFewestPositions = 100;

struct RowCensus {
  int64_t positions = 0;             // all that were added
  int64_t usable = 0;                // finite in both arms: what the statistics are of
  int64_t reference_non_finite = 0;  // positions
  int64_t candidate_non_finite = 0;
  int64_t first_non_finite = -1;  // position, in either arm
  int64_t constant_reference = 0;
  int64_t shares_storage = 0;
  int64_t identical = 0;      // all deltas are 0: no fault, but good to know
  int64_t negative_kl = 0;    // within rounding: counted as 0
  int64_t impossible_kl = 0;  // negative beyond rounding

  bool TooFew() const { return usable < kFewestPositions; }
  bool operator==(const RowCensus&) const = default;
};

RowCensus CensusOf(const std::map<int64_t, LogitRow>& rows);

struct Validity {
  Verdict verdict = Verdict::kPassed;
  std::string reason;  // empty if passed
};

// The first that applies:
//   invalid       no positions; rows that share storage; a reference that is not finite or constant
//   error         a KL divergence that is negative beyond rounding
//   failed        the candidate is not finite where the reference is
//   inconclusive  fewer than kFewestPositions: a limit that is exceeded is, but none can be kept
//   passed        the figures may be judged
Validity ValidityOf(const RowCensus& rows);

// Whether two tensors overlap in memory: then a comparison of the two is of a thing with itself.
bool ShareStorage(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_ROW_CENSUS_H_
