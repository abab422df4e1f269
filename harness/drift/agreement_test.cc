#include "harness/drift/agreement.h"

#include <cmath>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "harness/drift/distribution.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

// Two tokens above the rest, `margin` apart in the reference; the candidate prefers the second.
LogitRow FlippedRow(float top, float margin, LogitType type) {
  std::vector<float> reference(20, 0), candidate(20, 0);
  reference[3] = candidate[3] = top;
  reference[8] = top - margin;
  candidate[8] = top + 0.5f;
  return Analyze(reference, candidate, type);
}

TEST(ClassifyTokenTest, TakesTheUlpAtTheMagnitude) {
  const auto classify = [](float top, float margin) {
    const LogitRow row = FlippedRow(top, margin, LogitType::kBFloat16);
    return ClassifyToken(row, kTieUlps * row.ulp);
  };
  EXPECT_EQ(classify(20, 0.25f), TokenMatch::kTieFlip);  // 2 * 0.125
  EXPECT_EQ(classify(20, 0.375f), TokenMatch::kMismatch);
  EXPECT_EQ(classify(40, 0.5f), TokenMatch::kTieFlip);  // 2 * 0.25
  EXPECT_EQ(classify(40, 0.75f), TokenMatch::kMismatch);
  EXPECT_EQ(classify(9, 0.125f), TokenMatch::kTieFlip);  // 2 * 0.0625
  EXPECT_EQ(classify(9, 0.25f), TokenMatch::kMismatch);
}

TEST(ClassifyTokenTest, SameTokenAgreesWhateverTheMargin) {
  const std::vector<float> row = {1, 5, 5, 0};
  EXPECT_EQ(ClassifyToken(Analyze(row, std::vector<float>(row)), 0), TokenMatch::kAgree);
}

// An arm that takes the last of equal maxima differs by a tie of margin 0, no more.
TEST(ClassifyTokenTest, LastWinsIsATieFlip) {
  const std::vector<float> reference = {1, 5, 5, 0};
  const std::vector<float> candidate = {1, std::nextafter(5.0f, 0.0f), 5, 0};
  const LogitRow row = Analyze(reference, candidate);
  EXPECT_EQ(row.reference_token, 1);
  EXPECT_EQ(row.candidate_token, 2);
  EXPECT_EQ(row.margin, 0);
  EXPECT_EQ(ClassifyToken(row, kTieUlps * row.ulp), TokenMatch::kTieFlip);
}

// First and second are tied, but the candidate says something else altogether.
TEST(ClassifyTokenTest, ATieExcusesOnlyTheTied) {
  std::vector<float> reference(30, 0);
  reference[4] = 10;
  reference[5] = 10;
  reference[6] = 9;
  std::vector<float> third = reference;
  third[6] = 11;
  EXPECT_EQ(ClassifyToken(Analyze(reference, third), 0.5),
            TokenMatch::kMismatch);  // gap 1
  EXPECT_EQ(ClassifyToken(Analyze(reference, third), 1), TokenMatch::kTieFlip);
  // The eleventh of many equals: gap 0, but not within the first ten.
  const std::vector<float> equals(30, 10);
  std::vector<float> eleventh = equals;
  eleventh[10] = 11;
  EXPECT_EQ(ClassifyToken(Analyze(equals, eleventh), 0.5), TokenMatch::kMismatch);
  std::vector<float> tenth = equals;
  tenth[9] = 11;
  EXPECT_EQ(ClassifyToken(Analyze(equals, tenth), 0.5), TokenMatch::kTieFlip);
}

LogitRow MadeUp(int64_t reference_token, int64_t candidate_token, double margin,
                double top_mean_square) {
  LogitRow row;
  row.max_abs = 1;
  row.reference_token = reference_token;
  row.candidate_token = candidate_token;
  row.margin = margin;
  row.gap = reference_token == candidate_token ? 0 : margin;
  row.candidate_rank = reference_token == candidate_token ? 1 : 2;
  row.ulp = 0.001;
  row.top_mean_square = top_mean_square;
  row.top5_overlap = reference_token == candidate_token ? 1 : 0.25;
  row.top10_overlap = 1;
  return row;
}

// Noise: mean squares 0, 0, 4e-4, 0 -> RMS 0.01, so tau = max(0.002, 0.04) = 0.04.
TEST(AgreementTest, ByHand) {
  std::map<int64_t, LogitRow> rows;
  rows[10] = MadeUp(1, 1, 5, 0);
  rows[11] = MadeUp(1, 1, 0.03, 0);     // a near tie that held
  rows[12] = MadeUp(1, 2, 0.04, 4e-4);  // one that flipped
  rows[13] = MadeUp(1, 2, 0.05, 0);
  const Agreement agreement = AgreementOf(rows);
  EXPECT_NEAR(agreement.noise, 0.01, 1e-15);
  EXPECT_NEAR(agreement.tau_median, 0.04, 1e-15);
  EXPECT_NEAR(agreement.tau_max, 0.04, 1e-15);
  EXPECT_EQ(agreement.agree, 2);
  EXPECT_EQ(agreement.tie_flip, 1);
  EXPECT_EQ(agreement.mismatch, 1);
  EXPECT_EQ(agreement.differ_beyond_ulp, 2);
  EXPECT_EQ(agreement.agree_share, 0.5);
  EXPECT_EQ(agreement.tie_flip_share, 0.25);
  EXPECT_EQ(agreement.mismatch_share, 0.25);
  EXPECT_EQ(agreement.tie_density, 0.5);
  EXPECT_EQ(agreement.agree_interval.low, WilsonInterval(2, 4).low);
  EXPECT_EQ(agreement.mismatch_interval.high, WilsonInterval(1, 4).high);
  EXPECT_EQ(agreement.top5_overlap, 2.5 / 4);
  EXPECT_EQ(agreement.top5_overlap_min, 0.25);
  EXPECT_EQ(agreement.top10_overlap, 1);
  ASSERT_EQ(agreement.mismatches.size(), 1u);
  EXPECT_EQ(agreement.mismatches[0].position, 13);
  EXPECT_EQ(agreement.mismatches[0].match, TokenMatch::kMismatch);
  EXPECT_EQ(agreement.mismatches[0].reference_token, 1);
  EXPECT_EQ(agreement.mismatches[0].candidate_token, 2);
  EXPECT_EQ(agreement.mismatches[0].margin, 0.05);
  ASSERT_EQ(agreement.tie_flips.size(), 1u);
  EXPECT_EQ(agreement.tie_flips[0].position, 12);
  EXPECT_EQ(ValidityOf(agreement.rows).verdict, Verdict::kInconclusive);
}

TEST(AgreementTest, RowsThatAreNotFiniteDoNotAgree) {
  std::map<int64_t, LogitRow> rows;
  rows[0] = MadeUp(1, 1, 5, 1e-4);
  rows[1].finite = false;
  rows[1].candidate_non_finite = 1;
  const Agreement agreement = AgreementOf(rows);
  EXPECT_EQ(agreement.rows.positions, 2);
  EXPECT_EQ(agreement.agree, 1);
  EXPECT_NEAR(agreement.noise, 0.01, 1e-15);
  EXPECT_EQ(agreement.tie_density, 0);
  EXPECT_EQ(agreement.top5_overlap_min, 1);
  EXPECT_EQ(ValidityOf(agreement.rows).verdict, Verdict::kFailed);
}

TEST(AgreementTest, ListsAsManyAsAsked) {
  std::map<int64_t, LogitRow> rows;
  for (int64_t position = 0; position < 50; ++position) rows[position] = MadeUp(1, 2, 9, 0);
  EXPECT_EQ(AgreementOf(rows).mismatches.size(), kListedDifferences);
  EXPECT_EQ(AgreementOf(rows, 0).mismatches.size(), 0u);
  EXPECT_EQ(AgreementOf(rows, 3).mismatches[2].position, 2);
  EXPECT_EQ(AgreementOf(rows, 3).mismatch, 50);
}

TEST(AgreementTest, NothingIsNoAgreement) {
  const Agreement agreement = AgreementOf({});
  EXPECT_EQ(agreement.agree_share, 0);
  EXPECT_EQ(agreement.agree_interval.low, 0);
  EXPECT_EQ(agreement.agree_interval.high, 1);
  EXPECT_EQ(agreement.mismatch_interval.high, 1);
  EXPECT_EQ(ValidityOf(agreement.rows).verdict, Verdict::kInvalid);
}

TEST(AgreementTest, HonestNoiseAgrees) {
  const Agreement agreement = MeterOf(128).TokenAgreement();
  EXPECT_EQ(agreement.agree, 128);
  EXPECT_NEAR(agreement.noise, kTestNoise, 0.1 * kTestNoise);
  EXPECT_EQ(agreement.tie_density, 0);
  EXPECT_EQ(agreement.top10_overlap, 1);
  EXPECT_EQ(ValidityOf(agreement.rows).verdict, Verdict::kPassed);
}

// The margin is above 1 everywhere. Were the noise that of the position alone, the swap would
// excuse itself.
TEST(AgreementTest, PlantedSwapOfTwoTokensIsAMismatch) {
  const LogitDriftMeter meter = MeterOf(128, [](int64_t position, std::vector<float>&,
                                                std::vector<float>& candidate) {
    if (position != 77) return;
    std::swap(candidate[static_cast<size_t>(ArgMax(candidate))], candidate[SecondBest(candidate)]);
  });
  const Agreement agreement = meter.TokenAgreement();
  EXPECT_EQ(agreement.mismatch, 1);
  ASSERT_EQ(agreement.mismatches.size(), 1u);
  EXPECT_EQ(agreement.mismatches[0].position, 77);
  const LogitRow& row = meter.Rows().at(77);
  EXPECT_GT(row.margin, 1);
  EXPECT_GT(kTieNoiseFactor * std::sqrt(row.top_mean_square), row.margin);
}

// Every other position an exact tie in the reference that the noise of the candidate breaks.
TEST(AgreementTest, PlantedTiesFlipAndAreNoMismatch) {
  const Agreement agreement = MeterOf(200, [](int64_t position, std::vector<float>& reference,
                                              std::vector<float>& candidate) {
                                if (position % 2 == 0) return;
                                const size_t best = static_cast<size_t>(ArgMax(reference));
                                const size_t second = SecondBest(reference);
                                candidate[second] += reference[best] - reference[second];
                                reference[second] = reference[best];
                              }).TokenAgreement();
  EXPECT_EQ(agreement.mismatch, 0);
  EXPECT_GT(agreement.tie_flip, 20);
  EXPECT_LT(agreement.tie_flip, 80);
  EXPECT_EQ(agreement.tie_flip + agreement.agree, 200);
  EXPECT_EQ(agreement.tie_density, 0.5);
}

TEST(AgreementTest, PlantedPositionOffByOneIsAMismatchNearlyEverywhere) {
  const Agreement agreement =
      MeterOf(128, [](int64_t position, std::vector<float>&, std::vector<float>& candidate) {
        candidate = NoisyRow(position + 1);
      }).TokenAgreement();
  EXPECT_GT(agreement.differ_beyond_ulp, 120);
  EXPECT_LT(agreement.top10_overlap, 0.1);
  EXPECT_GT(agreement.mismatch, 120);
}

// Noise of 0.5 everywhere excuses flips of up to 2 by the definition of tau: what it can't excuse
// is the count beyond 2 ULP.
TEST(AgreementTest, PlantedNoiseShowsBeyondTheUlp) {
  const Agreement agreement = MeterOf(200, [](int64_t position, std::vector<float>& reference,
                                              std::vector<float>& candidate) {
                                TestRandom random(static_cast<uint64_t>(position) + 99);
                                const size_t best = static_cast<size_t>(ArgMax(reference));
                                reference[SecondBest(reference)] = reference[best] - 0.3f;
                                for (size_t i = 0; i < candidate.size(); ++i) {
                                  candidate[i] =
                                      static_cast<float>(reference[i] + 0.5 * random.Normal());
                                }
                              }).TokenAgreement();
  EXPECT_GT(agreement.tie_flip, 20);
  EXPECT_GT(agreement.tau_median, 1);
  EXPECT_EQ(agreement.differ_beyond_ulp, agreement.tie_flip + agreement.mismatch);
  EXPECT_GT(agreement.tie_density, 0.9);
}

}  // namespace
}  // namespace deltagauge
