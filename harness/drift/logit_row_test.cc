#include "harness/drift/logit_row.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename Reference, typename Candidate>
LogitRow Analyze(const std::vector<Reference>& reference, const std::vector<Candidate>& candidate,
                 std::optional<int64_t> true_token = std::nullopt,
                 LogitType type = LogitType::kFloat32) {
  DeltaHistograms histograms;
  return AnalyzeLogits(std::span<const Reference>(reference), std::span<const Candidate>(candidate),
                       type, true_token, histograms);
}

// p = 0.1, 0.2, 0.3, 0.4 and q the same backwards:
//   KL = 0.1 ln(1/4) + 0.2 ln(2/3) + 0.3 ln(3/2) + 0.4 ln 4 = 0.3 ln 4 + 0.1 ln 1.5 = 0.456435.
// Deltas ln 4, ln 1.5, -ln 1.5, -ln 4: mean 0, sum of squares 2 (1.921812 + 0.164402) = 4.172428.
TEST(LogitRowTest, ByHand) {
  const std::vector<double> reference = {0, std::log(2), std::log(3), std::log(4)};
  const std::vector<double> candidate(reference.rbegin(), reference.rend());
  const LogitRow row = Analyze(reference, candidate, 3);
  EXPECT_TRUE(row.finite);
  EXPECT_NEAR(row.kl, 0.3 * std::log(4) + 0.1 * std::log(1.5), 1e-15);
  EXPECT_NEAR(row.kl, 0.456435, 1e-6);
  EXPECT_NEAR(row.reference_log_p, std::log(0.4), 1e-15);
  EXPECT_NEAR(row.candidate_log_p, std::log(0.1), 1e-15);
  EXPECT_NEAR(row.max_abs, std::log(4), 1e-15);
  EXPECT_EQ(row.max_abs_token, 0);  // token 3 is as far off
  EXPECT_NEAR(row.sum_squares, 4.172428, 1e-6);
  EXPECT_NEAR(row.mean, 0, 1e-15);
  EXPECT_NEAR(row.reference_max_abs, std::log(4), 1e-15);
  EXPECT_EQ(row.reference_token, 3);
  EXPECT_EQ(row.candidate_token, 0);
  EXPECT_NEAR(row.margin, std::log(4.0 / 3.0), 1e-15);
  EXPECT_NEAR(row.gap, std::log(4), 1e-15);
  EXPECT_EQ(row.candidate_rank, 4);
  EXPECT_NEAR(row.top_mean_square, 4.172428 / 4, 1e-6);
  EXPECT_EQ(row.top5_overlap, 1);
}

// The plain formulas, in the order of the definitions, against all of the blocks and lanes.
void ExpectPlainFormulas(const std::vector<float>& r, const std::vector<float>& c) {
  const double size = static_cast<double>(r.size());
  double sum_r = 0, sum_c = 0, delta_sum = 0;
  for (size_t i = 0; i < r.size(); ++i) {
    sum_r += std::exp(double{r[i]});
    sum_c += std::exp(double{c[i]});
    delta_sum += double{c[i]} - double{r[i]};
  }
  const double mean = delta_sum / size;
  double kl = 0, squares = 0, squares_centered = 0, max_abs = 0, max_centered = 0;
  size_t token = 0, centered_token = 0;
  for (size_t i = 0; i < r.size(); ++i) {
    const double delta = double{c[i]} - double{r[i]};
    const double log_p = r[i] - std::log(sum_r);
    kl += std::exp(log_p) * (log_p - (c[i] - std::log(sum_c)));
    squares += delta * delta;
    squares_centered += (delta - mean) * (delta - mean);
    if (std::abs(delta) > max_abs) token = i;
    if (std::abs(delta - mean) > max_centered) centered_token = i;
    max_abs = std::max(max_abs, std::abs(delta));
    max_centered = std::max(max_centered, std::abs(delta - mean));
  }
  const LogitRow row = Analyze(r, c, static_cast<int64_t>(r.size()) - 1);
  EXPECT_NEAR(row.kl, kl, 1e-13 + 1e-12 * kl);
  EXPECT_NEAR(row.mean, mean, 1e-14);
  EXPECT_NEAR(row.sum_squares, squares, 1e-12 * squares);
  EXPECT_NEAR(row.sum_squares_centered, squares_centered, 1e-12 * squares_centered);
  EXPECT_EQ(row.max_abs, max_abs);
  EXPECT_EQ(row.max_abs_token, static_cast<int64_t>(token));
  EXPECT_NEAR(row.max_abs_centered, max_centered, 1e-14);
  EXPECT_EQ(row.max_abs_centered_token, static_cast<int64_t>(centered_token));
  EXPECT_NEAR(row.reference_log_p, r.back() - std::log(sum_r), 1e-13);
  EXPECT_NEAR(row.candidate_log_p, c.back() - std::log(sum_c), 1e-13);
}

TEST(LogitRowTest, EqualsThePlainFormulasAtAnySize) {
  TestRandom random(21);
  for (const size_t size : {2u, 3u, 511u, 512u, 513u, 1024u, 1537u}) {
    std::vector<float> reference(size), candidate(size);
    for (size_t i = 0; i < size; ++i) {
      reference[i] = static_cast<float>(4 * random.Normal());
      candidate[i] = static_cast<float>(reference[i] + 0.2 + 0.1 * random.Normal());
    }
    SCOPED_TRACE(size);
    ExpectPlainFormulas(reference, candidate);
  }
}

// Deltas of 1e-15 give a KL of 5e-31, far below what two logarithms can tell apart.
TEST(LogitRowTest, KlNeverFallsBelowItsRounding) {
  TestRandom random(22);
  for (int i = 0; i < 200; ++i) {
    std::vector<double> reference(1000), candidate(1000);
    for (size_t k = 0; k < reference.size(); ++k) {
      reference[k] = 5 * random.Normal();
      candidate[k] = reference[k] + 100 + 1e-15 * random.Normal();
    }
    const LogitRow row = Analyze(reference, candidate);
    EXPECT_LE(std::abs(row.kl), 1e-14);
    EXPECT_GE(row.kl, -row.kl_rounding);
  }
}

TEST(LogitRowTest, TheLowestOfEqualDeltasIsNamed) {
  for (const float off : {0.25f, -0.25f}) {
    const std::vector<float> reference(2000, 1);
    std::vector<float> candidate = reference;
    for (const size_t token : {700u, 701u, 1500u}) candidate[token] += off;
    const LogitRow row = Analyze(reference, candidate);
    EXPECT_EQ(row.max_abs_token, 700);
    EXPECT_EQ(row.max_abs_centered_token, 700);
  }
}

TEST(LogitRowTest, IdenticalRowsHaveNoDrift) {
  const std::vector<float> reference = ReferenceRow(1);
  const LogitRow row = Analyze(reference, std::vector<float>(reference), 5);
  EXPECT_EQ(row.kl, 0);
  EXPECT_EQ(row.max_abs, 0);
  EXPECT_EQ(row.max_abs_centered, 0);
  EXPECT_EQ(row.candidate_log_p, row.reference_log_p);
  EXPECT_EQ(row.top10_overlap, 1);
  EXPECT_FALSE(row.shares_storage);
}

TEST(LogitRowTest, CommonShiftCountsOnlyRaw) {
  std::vector<double> reference, candidate;
  for (const float logit : ReferenceRow(2)) {
    reference.push_back(logit);
    candidate.push_back(logit + 1024.0);
  }
  const LogitRow row = Analyze(reference, candidate, 7);
  EXPECT_EQ(row.max_abs, 1024);
  EXPECT_LE(row.max_abs_centered, 1e-12);
  EXPECT_NEAR(row.kl, 0, 1e-15);
  EXPECT_NEAR(row.candidate_log_p, row.reference_log_p, 1e-12);
  EXPECT_LE(row.top_mean_square, 1e-24);
}

// Where probabilities underflow, and where one row is as good as certain.
TEST(LogitRowTest, FarApartStaysFinite) {
  const std::vector<float> reference = {0, -1e4f, 1};
  const std::vector<float> candidate = {-3e38f, 3e38f, 0};
  const LogitRow row = Analyze(reference, candidate, 2);
  EXPECT_TRUE(row.finite);
  EXPECT_GT(row.kl, 1e38);
  EXPECT_LT(row.kl, kInfinity);
  EXPECT_LT(row.candidate_log_p, -1e38);
  EXPECT_GE(row.kl, -row.kl_rounding);
}

TEST(LogitRowTest, NonFiniteIsSeenWhereverItIs) {
  for (const double bad : {std::nan(""), kInfinity, -kInfinity}) {
    for (const size_t place : {0u, 300u, 512u, 699u}) {
      std::vector<float> reference = ReferenceRow(3), candidate = ReferenceRow(3);
      candidate[place] = static_cast<float>(bad);
      LogitRow row = Analyze(reference, candidate);
      EXPECT_FALSE(row.finite) << bad << " at " << place;
      EXPECT_EQ(row.candidate_non_finite, 1);
      EXPECT_EQ(row.reference_non_finite, 0);
      reference[place] = static_cast<float>(bad);  // the same in both is no agreement either
      row = Analyze(reference, candidate);
      EXPECT_FALSE(row.finite) << bad << " at " << place;
      EXPECT_EQ(row.reference_non_finite, 1);
    }
  }
}

TEST(LogitRowTest, TopTokensAreTheLargestWithTheLowestIndexFirst) {
  TestRandom random(23);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<float> reference(1300);  // few values: many ties
    for (float& logit : reference) logit = static_cast<float>(random.Bits() % 40);
    if (trial == 0) std::sort(reference.begin(), reference.end());  // each one beats all before
    std::vector<float> other = reference;
    std::reverse(other.begin(), other.end());
    std::vector<int64_t> order(reference.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return reference[static_cast<size_t>(a)] > reference[static_cast<size_t>(b)];
    });
    const LogitRow row = Analyze(reference, other);
    EXPECT_EQ(row.reference_token, order[0]);
    EXPECT_EQ(row.margin,
              reference[static_cast<size_t>(order[0])] - reference[static_cast<size_t>(order[1])]);
    EXPECT_EQ(row.candidate_token, ArgMax(other));
    const auto found = std::find(order.begin(), order.begin() + 10, row.candidate_token);
    EXPECT_EQ(row.candidate_rank, found == order.begin() + 10 ? 0 : found - order.begin() + 1);
  }
}

TEST(LogitRowTest, OverlapIsJaccard) {
  const std::vector<float> reference = {20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 1, 0};
  std::vector<float> candidate = reference;
  candidate[4] = -1;  // the fifth goes, the sixth and eleventh come: 4 of 6, 9 of 11
  const LogitRow row = Analyze(reference, candidate);
  EXPECT_NEAR(row.top5_overlap, 4.0 / 6, 1e-15);
  EXPECT_NEAR(row.top10_overlap, 9.0 / 11, 1e-15);
}

TEST(LogitRowTest, StorageAndConstantsAreSeen) {
  const std::vector<float> both(20, 1.5f);
  const std::span<const float> whole(both);
  DeltaHistograms histograms;
  EXPECT_TRUE(AnalyzeLogits(whole, whole, LogitType::kFloat32, {}, histograms).shares_storage);
  EXPECT_TRUE(AnalyzeLogits(whole.first(11), whole.last(11), LogitType::kFloat32, {}, histograms)
                  .shares_storage);
  const LogitRow apart =
      AnalyzeLogits(whole.first(10), whole.last(10), LogitType::kFloat32, {}, histograms);
  EXPECT_FALSE(apart.shares_storage);
  EXPECT_TRUE(apart.constant_reference);
  EXPECT_FALSE(Analyze(ReferenceRow(1), ReferenceRow(1)).constant_reference);
}

TEST(LogitRowTest, BrokenCallsThrow) {
  const std::vector<float> three = {1, 2, 3}, two = {1, 2}, one = {1};
  EXPECT_THROW(Analyze(three, two), std::logic_error);
  EXPECT_THROW(Analyze(one, one), std::logic_error);
  EXPECT_THROW(Analyze(three, std::vector<float>(three), 3), std::logic_error);
  EXPECT_THROW(Analyze(three, std::vector<float>(three), -1), std::logic_error);
}

TEST(UlpTest, OfTheTypeAtTheMagnitude) {
  EXPECT_EQ(UlpAt(16, LogitType::kBFloat16), 0.125);
  EXPECT_EQ(UlpAt(-31.9, LogitType::kBFloat16), 0.125);
  EXPECT_EQ(UlpAt(32, LogitType::kBFloat16), 0.25);
  EXPECT_EQ(UlpAt(1, LogitType::kFloat32), 0x1p-23);
  EXPECT_EQ(UlpAt(20, LogitType::kFloat32), 0x1p-19);
  EXPECT_EQ(UlpAt(20, LogitType::kFloat64), 0x1p-48);
  EXPECT_EQ(UlpAt(0, LogitType::kFloat32), 0x1p-149);
  EXPECT_EQ(UlpAt(1e-300, LogitType::kBFloat16), 0x1p-133);
  EXPECT_EQ(UlpAt(0, LogitType::kFloat64), 0x1p-1074);
}

}  // namespace
}  // namespace deltagauge
