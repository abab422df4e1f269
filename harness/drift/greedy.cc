#include "harness/drift/greedy.h"

#include <algorithm>
#include <cstddef>

#include "fmt/format.h"

namespace deltagauge {
namespace {

size_t CommonPrefix(std::span<const int64_t> a, std::span<const int64_t> b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<size_t>(in_a - a.begin());
}

int64_t TokenAt(std::span<const int64_t> tokens, size_t index) {
  return index < tokens.size() ? tokens[index] : -1;
}

void TakeLeast(int64_t index, int64_t& least) {
  if (least < 0 || index < least) least = index;
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

GreedyResult CompareGreedy(std::span<const int64_t> reference, std::span<const int64_t> candidate,
                           const ContinueGreedily& continue_greedily) {
  GreedyResult result;
  result.reference_tokens = static_cast<int64_t>(reference.size());
  result.candidate_tokens = static_cast<int64_t>(candidate.size());
  result.shares_storage = ShareStorage(std::as_bytes(reference), std::as_bytes(candidate));
  const size_t matched = CommonPrefix(reference, candidate);
  result.matched_prefix = static_cast<int64_t>(matched);
  if (matched == reference.size() && matched == candidate.size()) return result;

  result.greedy_class = GreedyClass::kDiverged;
  result.first_divergence = result.matched_prefix;
  result.reference_token = TokenAt(reference, matched);
  result.candidate_token = TokenAt(candidate, matched);
  // Without a rest nothing can speak for the candidate.
  if (matched + 1 >= reference.size()) return result;

  const std::span<const int64_t> rest = reference.subspan(matched + 1);
  result.reanchored_tokens = static_cast<int64_t>(rest.size());
  const std::vector<int64_t> again =
      continue_greedily(reference.first(matched + 1), result.reanchored_tokens);
  result.reanchored_matched = static_cast<int64_t>(CommonPrefix(rest, again));
  if (again.size() == rest.size() && result.reanchored_matched == result.reanchored_tokens) {
    result.greedy_class = GreedyClass::kTieBreak;
  }
  return result;
}

GreedySummary SummarizeGreedy(std::span<const GreedyResult> results) {
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

Validity ValidityOf(const GreedySummary& summary) {
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
  return {};
}

}  // namespace deltagauge
