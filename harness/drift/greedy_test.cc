#include "harness/drift/greedy.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

// A toy model: the next token is a function of all before it.
int64_t Next(const std::vector<int64_t>& tokens) {
  int64_t state = 17;
  for (const int64_t token : tokens) state = (state * 31 + token + 7) % 1009;
  return state % 50;
}

// A candidate that is the model, but says 99 instead at the lengths in `slips`. Where it is
// put back on the reference's token it goes on as the model does.
struct Candidate {
  std::vector<size_t> slips = {};
  mutable int calls = 0;  // of Continue(), and what it was asked
  mutable std::vector<int64_t> seen_prefix = {};
  mutable int64_t seen_count = 0;

  std::vector<int64_t> Generate(std::vector<int64_t> tokens, size_t length) const {
    while (tokens.size() < length) {
      const bool slips_here = std::count(slips.begin(), slips.end(), tokens.size()) > 0;
      tokens.push_back(slips_here ? 99 : Next(tokens));
    }
    return tokens;
  }

  ContinueGreedily Continue() const {
    return [this](std::span<const int64_t> generated, int64_t count) {
      ++calls;
      seen_prefix.assign(generated.begin(), generated.end());
      seen_count = count;
      const std::vector<int64_t> all =
          Generate(seen_prefix, generated.size() + static_cast<size_t>(count));
      return std::vector<int64_t>(all.begin() + static_cast<std::ptrdiff_t>(generated.size()),
                                  all.end());
    };
  }
};

std::vector<int64_t> Reference(size_t length) { return Candidate().Generate({}, length); }

GreedyResult Compare(const Candidate& candidate, size_t length = 64) {
  const std::vector<int64_t> reference = Reference(length);
  return CompareGreedy(reference, candidate.Generate({}, length), candidate.Continue());
}

TEST(GreedyTest, SameTokensAreIdentical) {
  const Candidate candidate;
  const GreedyResult result = Compare(candidate);
  EXPECT_EQ(result.greedy_class, GreedyClass::kIdentical);
  EXPECT_EQ(result.matched_prefix, 64);
  EXPECT_EQ(result.first_divergence, -1);
  EXPECT_EQ(candidate.calls, 0);
}

TEST(GreedyTest, OneSlipIsATieBreak) {
  const Candidate candidate{.slips = {20}};
  const GreedyResult result = Compare(candidate);
  EXPECT_EQ(result.greedy_class, GreedyClass::kTieBreak);
  EXPECT_EQ(result.first_divergence, 20);
  EXPECT_EQ(result.matched_prefix, 20);
  EXPECT_EQ(result.reference_token, Reference(64)[20]);
  EXPECT_EQ(result.candidate_token, 99);
  EXPECT_EQ(result.reanchored_tokens, 43);
  EXPECT_EQ(result.reanchored_matched, 43);
  // It was asked to go on after the reference's token.
  EXPECT_EQ(candidate.calls, 1);
  EXPECT_EQ(candidate.seen_prefix, Reference(21));
  EXPECT_EQ(candidate.seen_count, 43);
}

TEST(GreedyTest, ASecondSlipIsDivergence) {
  const GreedyResult result = Compare(Candidate{.slips = {20, 50}});
  EXPECT_EQ(result.greedy_class, GreedyClass::kDiverged);
  EXPECT_EQ(result.first_divergence, 20);
  EXPECT_EQ(result.reanchored_matched, 29);
}

TEST(GreedyTest, DivergenceAtEitherEnd) {
  EXPECT_EQ(Compare(Candidate{.slips = {0}}).greedy_class, GreedyClass::kTieBreak);
  EXPECT_EQ(Compare(Candidate{.slips = {62}}).greedy_class, GreedyClass::kTieBreak);
  // Nothing behind it that could speak for the candidate.
  const Candidate last{.slips = {63}};
  const GreedyResult result = Compare(last);
  EXPECT_EQ(result.greedy_class, GreedyClass::kDiverged);
  EXPECT_EQ(result.reanchored_tokens, 0);
  EXPECT_EQ(last.calls, 0);
}

std::vector<int64_t> NoMore(std::span<const int64_t>, int64_t) { return {}; }

TEST(GreedyTest, UnlikeLengths) {
  const std::vector<int64_t> four = {5, 6, 7, 8}, two = {5, 6}, none;
  const GreedyResult stopped = CompareGreedy(four, two, NoMore);
  EXPECT_EQ(stopped.greedy_class, GreedyClass::kDiverged);
  EXPECT_EQ(stopped.first_divergence, 2);
  EXPECT_EQ(stopped.reference_token, 7);
  EXPECT_EQ(stopped.candidate_token, -1);
  const GreedyResult ran_on = CompareGreedy(two, four, NoMore);
  EXPECT_EQ(ran_on.greedy_class, GreedyClass::kDiverged);
  EXPECT_EQ(ran_on.first_divergence, 2);
  EXPECT_EQ(ran_on.reference_token, -1);
  EXPECT_EQ(ran_on.candidate_token, 7);
  EXPECT_EQ(CompareGreedy(four, none, NoMore).first_divergence, 0);
  // More than was asked for is no identity either.
  const GreedyResult babbling = CompareGreedy(four, two, [](std::span<const int64_t>, int64_t) {
    return std::vector<int64_t>{8, 9};
  });
  EXPECT_EQ(babbling.greedy_class, GreedyClass::kDiverged);
}

TEST(GreedyTest, ErrorsOfTheModelPassThrough) {
  const std::vector<int64_t> a = {1, 2, 3}, b = {1, 9, 9};
  EXPECT_THROW(CompareGreedy(a, b,
                             [](std::span<const int64_t>, int64_t) -> std::vector<int64_t> {
                               throw std::runtime_error("no memory");
                             }),
               std::runtime_error);
}

TEST(GreedySummaryTest, CountsAndDistribution) {
  const std::vector<GreedyResult> results = {
      Compare(Candidate{}), Compare(Candidate{.slips = {20}}),
      Compare(Candidate{.slips = {30, 40}}), Compare(Candidate{.slips = {50, 60}})};
  const GreedySummary summary = SummarizeGreedy(results);
  EXPECT_EQ(summary.prompts, 4);
  EXPECT_EQ(summary.identical, 1);
  EXPECT_EQ(summary.tie_break, 1);
  EXPECT_EQ(summary.diverged, 2);
  EXPECT_EQ(summary.first_divergence, 20);
  EXPECT_EQ(summary.first_true_divergence, 30);
  EXPECT_EQ(summary.matched_prefix.count, 4);
  EXPECT_EQ(summary.matched_prefix.min, 20);
  EXPECT_EQ(summary.matched_prefix.max, 64);
  EXPECT_EQ(summary.matched_prefix.mean, 41);
  EXPECT_EQ(summary.matched_prefix.p50, 40);
  EXPECT_EQ(ValidityOf(summary).verdict, Verdict::kPassed);
}

TEST(GreedySummaryTest, VacuousIsInvalid) {
  EXPECT_EQ(ValidityOf(SummarizeGreedy({})).verdict, Verdict::kInvalid);
  const std::vector<int64_t> none, tokens = {1, 2, 3};
  EXPECT_EQ(ValidityOf(SummarizeGreedy(std::vector{CompareGreedy(none, none, NoMore)})).verdict,
            Verdict::kInvalid);
  const GreedyResult itself = CompareGreedy(tokens, tokens, NoMore);
  EXPECT_TRUE(itself.shares_storage);
  EXPECT_EQ(ValidityOf(SummarizeGreedy(std::vector{itself})).verdict, Verdict::kInvalid);
  const std::vector<int64_t> copy = {1, 2, 3};
  EXPECT_EQ(ValidityOf(SummarizeGreedy(std::vector{CompareGreedy(tokens, copy, NoMore)})).verdict,
            Verdict::kPassed);
}

}  // namespace
}  // namespace deltagauge
