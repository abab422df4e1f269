#include "harness/drift/agreement.h"

#include <algorithm>
#include <cmath>

#include "harness/drift/distribution.h"

namespace deltagauge {
namespace {

double NoiseOf(const std::map<int64_t, LogitRow>& rows) {
  double sum = 0;
  int64_t count = 0;
  for (const auto& [position, row] : rows) {
    if (!row.finite) continue;
    sum += row.top_mean_square;
    ++count;
  }
  return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

double ShareOf(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void List(const TokenDifference& difference, size_t limit, std::vector<TokenDifference>& list) {
  if (list.size() < limit) list.push_back(difference);
}

void Count(int64_t position, const LogitRow& row, double tau, size_t listed, Agreement& agreement) {
  const TokenMatch match = ClassifyToken(row, tau);
  if (match == TokenMatch::kAgree) {
    ++agreement.agree;
    return;
  }
  if (ClassifyToken(row, kTieUlps * row.ulp) == TokenMatch::kMismatch) {
    ++agreement.differ_beyond_ulp;
  }
  const TokenDifference difference{match,
                                   position,
                                   row.reference_token,
                                   row.candidate_token,
                                   row.margin,
                                   row.candidate_margin,
                                   row.gap,
                                   row.candidate_rank,
                                   tau};
  if (match == TokenMatch::kTieFlip) {
    ++agreement.tie_flip;
    List(difference, listed, agreement.tie_flips);
  } else {
    ++agreement.mismatch;
    List(difference, listed, agreement.mismatches);
  }
}

}  // namespace

std::string_view TokenMatchName(TokenMatch match) {
  switch (match) {
    case TokenMatch::kAgree:
      return "agree";
    case TokenMatch::kTieFlip:
      return "tie_flip";
    case TokenMatch::kMismatch:
      return "mismatch";
  }
  return "?";
}

TokenMatch ClassifyToken(const LogitRow& row, double tau) {
  if (row.reference_token == row.candidate_token) return TokenMatch::kAgree;
  const bool is_tie = row.margin <= tau && row.gap <= tau && row.candidate_rank >= 2;
  return is_tie ? TokenMatch::kTieFlip : TokenMatch::kMismatch;
}

Agreement AgreementOf(const std::map<int64_t, LogitRow>& rows, size_t listed_differences) {
  Agreement agreement;
  agreement.rows = CensusOf(rows);
  agreement.noise = NoiseOf(rows);
  std::vector<double> taus;
  int64_t near_ties = 0;
  double top5 = 0, top10 = 0;
  agreement.top5_overlap_min = agreement.top10_overlap_min = agreement.rows.usable > 0 ? 1 : 0;
  for (const auto& [position, row] : rows) {
    if (!row.finite) continue;
    const double tau = std::max(kTieUlps * row.ulp, kTieNoiseFactor * agreement.noise);
    taus.push_back(tau);
    if (row.margin <= tau) ++near_ties;
    Count(position, row, tau, listed_differences, agreement);
    top5 += row.top5_overlap;
    top10 += row.top10_overlap;
    agreement.top5_overlap_min = std::min(agreement.top5_overlap_min, row.top5_overlap);
    agreement.top10_overlap_min = std::min(agreement.top10_overlap_min, row.top10_overlap);
  }
  const int64_t count = agreement.rows.usable;
  agreement.agree_share = ShareOf(agreement.agree, count);
  agreement.agree_interval = WilsonInterval(agreement.agree, count);
  agreement.tie_flip_share = ShareOf(agreement.tie_flip, count);
  agreement.mismatch_share = ShareOf(agreement.mismatch, count);
  agreement.mismatch_interval = WilsonInterval(agreement.mismatch, count);
  agreement.tie_density = ShareOf(near_ties, count);
  if (count > 0) {
    agreement.top5_overlap = top5 / static_cast<double>(count);
    agreement.top10_overlap = top10 / static_cast<double>(count);
    std::sort(taus.begin(), taus.end());
    agreement.tau_median = Percentile(taus, 0.5);
    agreement.tau_max = taus.back();
  }
  return agreement;
}

}  // namespace deltagauge
