#include "harness/drift/greedy.h"

#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"

namespace deltagauge {
namespace {

void TakeLeast(int64_t index, int64_t& least) {
  if (least < 0 || index < least) least = index;
}

bool Parts(const LogitRow& row) {
  return !row.finite || row.reference_token != row.candidate_token;
}

// The rows are at `first_position` and on; `ties` are the positions of all tie flips.
GreedyResult ResultOf(std::span<const LogitRow> rows, int64_t first_position,
                      const std::set<int64_t>& ties) {
  GreedyResult result;
  const auto count = static_cast<int64_t>(rows.size());
  result.reference_tokens = result.candidate_tokens = count;
  result.matched_prefix = count;
  for (int64_t i = 0; i < count; ++i) {
    const LogitRow& row = rows[static_cast<size_t>(i)];
    if (row.shares_storage) result.shares_storage = true;
    if (!Parts(row)) {
      if (result.first_divergence >= 0) ++result.reanchored_matched;
      continue;
    }
    if (result.first_divergence < 0) {
      result.greedy_class = GreedyClass::kTieBreak;
      result.matched_prefix = result.first_divergence = i;
      result.reanchored_tokens = count - 1 - i;
      result.reference_token = row.reference_token;
      result.candidate_token = row.candidate_token;
    }
    if (!ties.contains(first_position + i)) result.greedy_class = GreedyClass::kDiverged;
  }
  return result;
}

GreedySummary SummaryOf(std::span<const GreedyResult> results) {
  GreedySummary summary;
  std::vector<double> matched;
  for (const GreedyResult& result : results) {
    ++summary.prompts;
    matched.push_back(static_cast<double>(result.matched_prefix));
    if (result.reference_tokens == 0) ++summary.empty;
    if (result.shares_storage) ++summary.shares_storage;
    if (result.greedy_class == GreedyClass::kIdentical) {
      ++summary.identical;
      continue;
    }
    TakeLeast(result.first_divergence, summary.first_divergence);
    if (result.greedy_class == GreedyClass::kTieBreak) {
      ++summary.tie_break;
    } else {
      ++summary.diverged;
      TakeLeast(result.first_divergence, summary.first_true_divergence);
    }
  }
  summary.matched_prefix = SpreadOf(std::move(matched));
  return summary;
}

}  // namespace

std::string_view GreedyClassName(GreedyClass greedy_class) {
  switch (greedy_class) {
    case GreedyClass::kIdentical:
      return "identical";
    case GreedyClass::kTieBreak:
      return "tie_break";
    case GreedyClass::kDiverged:
      return "diverged";
  }
  return "?";
}

GreedyComparison CompareGreedy(std::span<const std::vector<LogitRow>> prompts) {
  std::map<int64_t, LogitRow> rows;
  for (const std::vector<LogitRow>& prompt : prompts) {
    for (const LogitRow& row : prompt) rows.emplace(static_cast<int64_t>(rows.size()), row);
  }
  GreedyComparison comparison;
  comparison.agreement = AgreementOf(rows, std::numeric_limits<size_t>::max());
  std::set<int64_t> ties;
  for (const TokenDifference& flip : comparison.agreement.tie_flips) ties.insert(flip.position);
  int64_t position = 0;
  for (const std::vector<LogitRow>& prompt : prompts) {
    comparison.prompts.push_back(ResultOf(prompt, position, ties));
    position += static_cast<int64_t>(prompt.size());
  }
  comparison.summary = SummaryOf(comparison.prompts);
  return comparison;
}

Validity ValidityOf(const GreedyComparison& comparison) {
  const GreedySummary& summary = comparison.summary;
  if (summary.prompts == 0) return {Verdict::kInvalid, "no prompt was continued"};
  if (summary.shares_storage > 0) {
    return {Verdict::kInvalid,
            fmt::format("{} of {} prompts compare a sequence with itself: the arms share storage",
                        summary.shares_storage, summary.prompts)};
  }
  if (summary.empty > 0) {
    return {Verdict::kInvalid, fmt::format("the reference says nothing after {} of {} prompts",
                                           summary.empty, summary.prompts)};
  }
  Validity validity = ValidityOf(comparison.agreement.rows);
  if (validity.verdict == Verdict::kInconclusive) return {};
  return validity;
}

}  // namespace deltagauge
