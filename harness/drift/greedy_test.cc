#include "harness/drift/greedy.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

using Row = std::vector<float>;
using Plant = std::function<void(Row& reference, Row& candidate)>;

struct Fault {
  int64_t index = 0;
  Plant plant;
};

// One continuation under rounding noise, with faults at some of its tokens.
std::vector<LogitRow> Continuation(int64_t tokens, const std::vector<Fault>& faults = {},
                                   int64_t first_position = 0) {
  std::vector<LogitRow> rows;
  for (int64_t i = 0; i < tokens; ++i) {
    Row reference = ReferenceRow(first_position + i);
    Row candidate = NoisyRow(first_position + i);
    for (const Fault& fault : faults) {
      if (fault.index == i) fault.plant(reference, candidate);
    }
    rows.push_back(Analyze(reference, candidate));
  }
  return rows;
}

// The reference's first two are `margin` apart, and the candidate prefers the second.
Plant Flip(float margin) {
  return [margin](Row& reference, Row& candidate) {
    const auto best = static_cast<size_t>(ArgMax(reference));
    const size_t second = SecondBest(reference);
    reference[second] = reference[best] - margin;
    candidate[best] = reference[best];
    candidate[second] = reference[best] + 1e-5f;
  };
}

constexpr float kTie = 1e-5f;  // tau is 4 times the noise: 4e-5
constexpr float kNoTie = 1e-2f;

GreedyComparison CompareOne(const std::vector<LogitRow>& prompt) {
  return CompareGreedy(std::vector<std::vector<LogitRow>>(1, prompt));
}

GreedyComparison Compare(const std::vector<Fault>& faults, int64_t tokens = 64) {
  return CompareOne(Continuation(tokens, faults));
}

TEST(GreedyTest, SameTokensAreIdentical) {
  const GreedyComparison found = Compare({});
  const GreedyResult& result = found.prompts.at(0);
  EXPECT_EQ(result.greedy_class, GreedyClass::kIdentical);
  EXPECT_EQ(result.matched_prefix, 64);
  EXPECT_EQ(result.first_divergence, -1);
  EXPECT_EQ(result.reanchored_tokens, 0);
  EXPECT_NEAR(found.agreement.noise, kTestNoise, 0.2 * kTestNoise);
}

TEST(GreedyTest, OneTieIsATieBreak) {
  const GreedyComparison found = Compare({{20, Flip(kTie)}});
  const GreedyResult& result = found.prompts.at(0);
  EXPECT_EQ(result.greedy_class, GreedyClass::kTieBreak);
  EXPECT_EQ(result.first_divergence, 20);
  EXPECT_EQ(result.matched_prefix, 20);
  EXPECT_EQ(result.reference_token, ArgMax(ReferenceRow(20)));
  EXPECT_EQ(result.candidate_token, static_cast<int64_t>(SecondBest(ReferenceRow(20))));
  EXPECT_EQ(result.reanchored_tokens, 43);
  EXPECT_EQ(result.reanchored_matched, 43);
}

// Long continuations meet several ties: re-anchored each time, each is judged by its margin.
TEST(GreedyTest, ManyTiesAreATieBreak) {
  const GreedyComparison found = Compare({{20, Flip(kTie)}, {21, Flip(kTie)}, {63, Flip(kTie)}});
  EXPECT_EQ(found.prompts.at(0).greedy_class, GreedyClass::kTieBreak);
  EXPECT_EQ(found.prompts.at(0).first_divergence, 20);
  EXPECT_EQ(found.prompts.at(0).reanchored_matched, 41);
  EXPECT_EQ(found.agreement.tie_flips.size(), 3u);
}

// That the rest is repeated excuses nothing: neither behind nor before a tie, nor at either end.
TEST(GreedyTest, OneMismatchIsDivergence) {
  for (const std::vector<Fault>& faults : std::vector<std::vector<Fault>>{
           {{20, Flip(kNoTie)}},
           {{0, Flip(kNoTie)}},
           {{63, Flip(kNoTie)}},
           {{20, Flip(kTie)}, {50, Flip(kNoTie)}},
           {{20, Flip(kNoTie)}, {50, Flip(kTie)}},
       }) {
    const GreedyComparison found = Compare(faults);
    EXPECT_EQ(found.prompts.at(0).greedy_class, GreedyClass::kDiverged) << faults[0].index;
    EXPECT_EQ(found.summary.diverged, 1);
    EXPECT_EQ(found.summary.first_true_divergence, faults[0].index);
    EXPECT_EQ(found.agreement.mismatches.size(), 1u);
  }
}

// Its own wrong logits widen the noise, but not so far, from a handful of tokens on.
TEST(GreedyTest, AMismatchDoesNotExcuseItself) {
  for (const int64_t tokens : {4, 6, 16}) {
    EXPECT_EQ(Compare({{2, Flip(kNoTie)}}, tokens).summary.diverged, 1) << tokens;
    EXPECT_EQ(Compare({{2, Flip(3)}}, tokens).summary.diverged, 1) << tokens;
  }
}

TEST(GreedyTest, NotFiniteIsDivergence) {
  const auto spoil = [](Row&, Row& candidate) {
    candidate[5] = std::numeric_limits<float>::quiet_NaN();
  };
  const GreedyComparison found = Compare({{7, spoil}});
  EXPECT_EQ(found.prompts.at(0).greedy_class, GreedyClass::kDiverged);
  EXPECT_EQ(found.prompts.at(0).first_divergence, 7);
  EXPECT_EQ(found.prompts.at(0).candidate_token, -1);
  EXPECT_EQ(ValidityOf(found).verdict, Verdict::kFailed);
  const auto spoil_reference = [](Row& reference, Row&) {
    reference[5] = std::numeric_limits<float>::infinity();
  };
  EXPECT_EQ(ValidityOf(Compare({{7, spoil_reference}})).verdict, Verdict::kInvalid);
}

// A tie of one prompt is none of its neighbour's.
TEST(GreedyTest, PromptsAreToldApart) {
  const std::vector<std::vector<LogitRow>> prompts = {
      Continuation(30), Continuation(20, {{19, Flip(kTie)}}, 100),
      Continuation(50, {{0, Flip(kNoTie)}, {40, Flip(kTie)}}, 200),
      Continuation(10, {{3, Flip(kTie)}, {4, Flip(kTie)}}, 300)};
  const GreedyComparison found = CompareGreedy(prompts);
  using enum GreedyClass;
  std::vector<GreedyClass> classes;
  for (const GreedyResult& result : found.prompts) classes.push_back(result.greedy_class);
  EXPECT_THAT(classes, testing::ElementsAre(kIdentical, kTieBreak, kDiverged, kTieBreak));
  std::vector<int64_t> parts;
  for (const TokenDifference& tie : found.agreement.tie_flips) parts.push_back(tie.position);
  EXPECT_THAT(parts, testing::ElementsAre(49, 90, 103, 104));

  const GreedySummary& summary = found.summary;
  EXPECT_EQ(summary.prompts, 4);
  EXPECT_EQ(summary.identical, 1);
  EXPECT_EQ(summary.tie_break, 2);
  EXPECT_EQ(summary.diverged, 1);
  EXPECT_EQ(summary.first_divergence, 0);
  EXPECT_EQ(summary.first_true_divergence, 0);
  EXPECT_EQ(summary.matched_prefix.count, 4);
  EXPECT_EQ(summary.matched_prefix.min, 0);
  EXPECT_EQ(summary.matched_prefix.max, 30);
  EXPECT_EQ(summary.matched_prefix.mean, 13);
  EXPECT_EQ(ValidityOf(found).verdict, Verdict::kPassed);
}

TEST(GreedyTest, VacuousIsInvalid) {
  EXPECT_EQ(ValidityOf(CompareGreedy({})).verdict, Verdict::kInvalid);
  EXPECT_EQ(ValidityOf(CompareGreedy(std::vector<std::vector<LogitRow>>(2))).verdict,
            Verdict::kInvalid);
  const Row row = ReferenceRow(0);
  const GreedyComparison itself = CompareOne({Analyze(row, row)});
  EXPECT_TRUE(itself.prompts.at(0).shares_storage);
  EXPECT_EQ(ValidityOf(itself).verdict, Verdict::kInvalid);
  const GreedyComparison copy = CompareOne({Analyze(row, Row(row))});
  EXPECT_EQ(ValidityOf(copy).verdict, Verdict::kPassed);
}

}  // namespace
}  // namespace deltagauge
