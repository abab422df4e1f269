#include "harness/drift/row_census.h"

#include <functional>

#include "fmt/format.h"

namespace deltagauge {

RowCensus CensusOf(const std::map<int64_t, LogitRow>& rows) {
  RowCensus census;
  for (const auto& [position, row] : rows) {
    ++census.positions;
    if (row.shares_storage) ++census.shares_storage;
    if (!row.finite) {
      // A reference without fault leaves the candidate, or a difference that overflowed: its fault
      // too.
      if (row.reference_non_finite > 0) {
        ++census.reference_non_finite;
      } else {
        ++census.candidate_non_finite;
      }
      if (census.first_non_finite < 0) census.first_non_finite = position;
      continue;
    }
    ++census.usable;
    if (row.constant_reference) ++census.constant_reference;
    if (row.max_abs == 0) ++census.identical;
    if (row.kl < -row.kl_rounding) {
      ++census.impossible_kl;
    } else if (row.kl < 0) {
      ++census.negative_kl;
    }
  }
  return census;
}

Validity ValidityOf(const RowCensus& rows) {
  if (rows.positions == 0) return {Verdict::kInvalid, "no positions were compared"};
  if (rows.shares_storage > 0) {
    return {Verdict::kInvalid,
            fmt::format("{} of {} positions compare a row with itself: the arms share storage",
                        rows.shares_storage, rows.positions)};
  }
  if (rows.reference_non_finite > 0) {
    return {Verdict::kInvalid,
            fmt::format("the reference has NaN or Inf at {} of {} positions, first at {}",
                        rows.reference_non_finite, rows.positions, rows.first_non_finite)};
  }
  if (rows.constant_reference > 0) {
    return {Verdict::kInvalid,
            fmt::format("all logits of the reference are the same at {} of {} positions",
                        rows.constant_reference, rows.positions)};
  }
  if (rows.impossible_kl > 0) {
    return {Verdict::kError,
            fmt::format("KL divergence below 0 beyond rounding at {} of {} positions",
                        rows.impossible_kl, rows.positions)};
  }
  if (rows.candidate_non_finite > 0) {
    return {Verdict::kFailed,
            fmt::format("the candidate has NaN or Inf at {} of {} positions, first at {}",
                        rows.candidate_non_finite, rows.positions, rows.first_non_finite)};
  }
  if (rows.TooFew()) {
    return {Verdict::kInconclusive,
            fmt::format("{} positions are too few for statistics, which need {}", rows.usable,
                        kFewestPositions)};
  }
  return {};
}

bool ShareStorage(std::span<const std::byte> a, std::span<const std::byte> b) {
  if (a.empty() || b.empty()) return false;
  // std::less orders pointers into unlike arrays, too.
  const std::less<const std::byte*> before;
  return before(a.data(), b.data() + b.size()) && before(b.data(), a.data() + a.size());
}

}  // namespace deltagauge
