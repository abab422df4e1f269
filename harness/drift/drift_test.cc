#include "harness/drift/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"
#include "harness/drift/drift_test_rows.h"

namespace deltagauge {
namespace {

constexpr int64_t kPositions = 256;

// The limits for float32 of the tolerance table: each fault below has to exceed what it should.
constexpr double kMaxCentered = 1e-3;
constexpr double kKlMean = 1e-7;
constexpr double kKlMax = 1e-5;

TEST(LogitDriftTest, HonestNoiseIsWithinAllLimits) {
  const LogitDrift drift = MeterOf(kPositions).Drift();
  EXPECT_EQ(drift.vocabulary, static_cast<int64_t>(kTestVocabulary));
  EXPECT_EQ(drift.rows.usable, kPositions);
  EXPECT_EQ(ValidityOf(drift.rows).verdict, Verdict::kPassed);
  EXPECT_NEAR(drift.raw.rms, kTestNoise, 0.02 * kTestNoise);
  EXPECT_NEAR(drift.centered.rms, kTestNoise, 0.02 * kTestNoise);
  EXPECT_LT(drift.centered.max_abs, 6 * kTestNoise);
  EXPECT_GT(drift.reference_max_abs, 15);
  EXPECT_LT(drift.kl.max, 1e-9);
  EXPECT_GT(drift.kl.mean, 0);
  EXPECT_EQ(drift.rows.identical, 0);
  EXPECT_EQ(drift.true_tokens, kPositions);
  EXPECT_NEAR(drift.perplexity.ratio, 1, 1e-5);
  EXPECT_GT(drift.perplexity.log_correlation, 0.999);
}

// p = (1/4, 3/4), q = (1/2, 1/2), and the other way round:
//   KL(p||q) = 1/4 ln(1/2) + 3/4 ln(3/2) = 0.130812,  KL(q||p) = 1/2 ln 2 + 1/2 ln(2/3) = 0.143841.
// True token 1: log p -> log q is ln(2/3) = -0.405465, then +0.405465; perplexities
// sqrt(4/3 * 2) = 1.632993 each, ratio 1; its error: differences +-ln(3/2), standard error
// sqrt(2 * 0.164402 / 1 / 2) = 0.405465.
TEST(LogitDriftTest, ByHand) {
  const std::vector<double> p = {0, std::log(3)}, q = {0, 0};
  LogitDriftMeter meter(2, LogitType::kFloat64);
  meter.Add(0, std::span<const double>(p), std::span<const double>(q), 1);
  meter.Add(1, std::span<const double>(q), std::span<const double>(p), 1);
  const LogitDrift drift = meter.Drift();
  EXPECT_NEAR(drift.kl.mean, 0.5 * (0.130812 + 0.143841), 1e-6);
  EXPECT_NEAR(drift.kl.standard_error, 0.5 * (0.143841 - 0.130812), 1e-6);
  EXPECT_NEAR(drift.kl.max, 0.143841, 1e-6);
  EXPECT_EQ(drift.kl.max_position, 1);
  EXPECT_NEAR(drift.kl.p50, 0.137327, 1e-6);
  EXPECT_NEAR(drift.raw.max_abs, 1.098612, 1e-6);
  EXPECT_EQ(drift.raw.max_position, 0);
  EXPECT_EQ(drift.raw.max_token, 1);
  EXPECT_NEAR(drift.raw.rms, 1.098612 / std::sqrt(2), 1e-6);
  EXPECT_NEAR(drift.centered.max_abs, 1.098612 / 2, 1e-6);
  EXPECT_NEAR(drift.centered.rms, 1.098612 / 2, 1e-6);
  EXPECT_NEAR(drift.delta_log_p.rms, 0.405465, 1e-6);
  EXPECT_NEAR(drift.delta_log_p.min, -0.405465, 1e-6);
  EXPECT_NEAR(drift.delta_p.max, 0.25, 1e-12);
  EXPECT_NEAR(drift.perplexity.reference, 1.632993, 1e-6);
  EXPECT_NEAR(drift.perplexity.candidate, 1.632993, 1e-6);
  EXPECT_NEAR(drift.perplexity.ratio, 1, 1e-12);
  EXPECT_NEAR(drift.perplexity.ratio_standard_error, 0.405465, 1e-6);
  EXPECT_NEAR(drift.perplexity.log_correlation, -1, 1e-12);
}

TEST(LogitDriftTest, PercentilesOverAllElementsAreWithinTheirError) {
  const LogitDrift drift = MeterOf(kPositions).Drift();
  std::vector<double> deltas;
  for (int64_t position = 0; position < kPositions; ++position) {
    const std::vector<float> reference = ReferenceRow(position), candidate = NoisyRow(position);
    for (size_t i = 0; i < reference.size(); ++i) {
      deltas.push_back(std::abs(double{candidate[i]} - double{reference[i]}));
    }
  }
  std::sort(deltas.begin(), deltas.end());
  const auto exact = [&](double share) {
    return deltas[static_cast<size_t>(std::ceil(share * static_cast<double>(deltas.size()))) - 1];
  };
  EXPECT_NEAR(drift.raw.p50, exact(0.5), 0.004 * exact(0.5));
  EXPECT_NEAR(drift.raw.p99, exact(0.99), 0.004 * exact(0.99));
  EXPECT_NEAR(drift.raw.p999, exact(0.999), 0.004 * exact(0.999));
  EXPECT_EQ(drift.raw.max_abs, deltas.back());
}

TEST(LogitDriftTest, PlantedWrongLogitIsFoundWithItsPlace) {
  const LogitDrift drift =
      MeterOf(kPositions, [](int64_t position, std::vector<float>&, std::vector<float>& candidate) {
        if (position == 200) candidate[123] -= 0.01f;
      }).Drift();
  EXPECT_GT(drift.centered.max_abs, kMaxCentered);
  EXPECT_EQ(drift.raw.max_position, 200);
  EXPECT_EQ(drift.raw.max_token, 123);
  EXPECT_EQ(drift.centered.max_position, 200);
  EXPECT_EQ(drift.centered.max_token, 123);
  // One in 179,200: percentiles can't see it, which is why there is a maximum.
  EXPECT_LT(drift.raw.p999, 5 * kTestNoise);
}

TEST(LogitDriftTest, PlantedSwapOfTwoTokensExceedsTheKlLimits) {
  const LogitDrift drift =
      MeterOf(kPositions, [](int64_t position, std::vector<float>&, std::vector<float>& candidate) {
        if (position != 31) return;
        std::swap(candidate[static_cast<size_t>(ArgMax(candidate))],
                  candidate[SecondBest(candidate)]);
      }).Drift();
  EXPECT_GT(drift.kl.max, kKlMax);
  EXPECT_GT(drift.kl.mean, kKlMean);
  EXPECT_EQ(drift.kl.max_position, 31);
  EXPECT_GT(drift.centered.max_abs, 1);
}

TEST(LogitDriftTest, PlantedRotatedRowExceedsEverything) {
  const LogitDrift drift =
      MeterOf(kPositions, [](int64_t position, std::vector<float>&, std::vector<float>& candidate) {
        if (position == 5) std::rotate(candidate.begin(), candidate.begin() + 1, candidate.end());
      }).Drift();
  EXPECT_GT(drift.kl.max, 1);
  EXPECT_EQ(drift.kl.max_position, 5);
  EXPECT_GT(drift.centered.max_abs, 5);
}

TEST(LogitDriftTest, PlantedPositionOffByOneExceedsEverything) {
  const LogitDrift drift =
      MeterOf(kPositions, [](int64_t position, std::vector<float>&, std::vector<float>& candidate) {
        candidate = NoisyRow(position + 1);
      }).Drift();
  EXPECT_GT(drift.kl.p50, 1);
  EXPECT_GT(drift.centered.rms, 3);
  EXPECT_GT(drift.delta_log_p.rms, 1);
}

// All logits 1 % larger: every arg-max stays, the distribution sharpens.
TEST(LogitDriftTest, PlantedTemperatureExceedsTheKlLimits) {
  const LogitDriftMeter meter =
      MeterOf(kPositions, [](int64_t, std::vector<float>&, std::vector<float>& candidate) {
        for (float& logit : candidate) logit *= 1.01f;
      });
  EXPECT_EQ(meter.TokenAgreement().agree, kPositions);
  EXPECT_GT(meter.Drift().kl.mean, kKlMean);
  EXPECT_GT(meter.Drift().centered.max_abs, kMaxCentered);
}

TEST(LogitDriftTest, PlantedCommonShiftMattersOnlyRaw) {
  const LogitDriftMeter meter =
      MeterOf(kPositions, [](int64_t, std::vector<float>&, std::vector<float>& candidate) {
        for (float& logit : candidate) logit += 0.5f;
      });
  const LogitDrift drift = meter.Drift();
  EXPECT_NEAR(drift.raw.max_abs, 0.5, 1e-3);
  EXPECT_NEAR(drift.raw.p50, 0.5, 0.004);
  EXPECT_LT(drift.centered.max_abs, 10 * kTestNoise);
  EXPECT_LT(drift.kl.max, 1e-9);
  EXPECT_NEAR(drift.perplexity.ratio, 1, 1e-5);
  EXPECT_EQ(meter.TokenAgreement().agree, kPositions);
}

// The true token alone loses 0.1 wherever it is unlikely: log p falls by about 0.1 (1 - p).
TEST(LogitDriftTest, PlantedLossOnTheTrueTokenShowsInPerplexity) {
  const LogitDrift drift =
      MeterOf(kPositions, [](int64_t, std::vector<float>&, std::vector<float>& candidate) {
        candidate[2] -= 0.1f;
      }).Drift();
  EXPECT_NEAR(drift.delta_log_p.p50, -0.1, 0.01);
  EXPECT_LT(drift.delta_p.mean, 0);
  EXPECT_NEAR(drift.perplexity.ratio, std::exp(-drift.delta_log_p.mean), 1e-12);
  EXPECT_NEAR(drift.perplexity.candidate / drift.perplexity.reference, drift.perplexity.ratio,
              1e-9);
  EXPECT_GT(drift.perplexity.ratio, 1 + 5 * drift.perplexity.ratio_standard_error);
  EXPECT_GT(drift.perplexity.ratio_standard_error, 0);
}

TEST(LogitDriftTest, PlantedNonFiniteRowIsLeftOutAndNeverPasses) {
  const auto plant = [](bool in_reference, float value) {
    return MeterOf(kPositions, [=](int64_t position, std::vector<float>& reference,
                                   std::vector<float>& candidate) {
      if (position == 40) (in_reference ? reference : candidate)[600] = value;
    });
  };
  const LogitDriftMeter good_meter = MeterOf(kPositions);
  const LogitDrift good = good_meter.Drift();
  const double good_kl_mean =
      (good.kl.mean * kPositions - good_meter.Rows().at(40).kl) / (kPositions - 1);
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    const LogitDrift drift = plant(false, value).Drift();
    EXPECT_EQ(ValidityOf(drift.rows).verdict, Verdict::kFailed);
    EXPECT_EQ(drift.rows.usable, kPositions - 1);
    EXPECT_EQ(drift.rows.first_non_finite, 40);
    EXPECT_EQ(drift.true_tokens, kPositions - 1);
    EXPECT_NEAR(drift.raw.rms, good.raw.rms, 1e-3 * good.raw.rms);  // 1 / 256 / 2 if diluted
    EXPECT_NEAR(drift.kl.mean, good_kl_mean, 1e-10 * good_kl_mean);
    EXPECT_EQ(ValidityOf(plant(true, value).Drift().rows).verdict, Verdict::kInvalid);
    EXPECT_EQ(ValidityOf(plant(true, value).TokenAgreement().rows).verdict, Verdict::kInvalid);
  }
}

TEST(LogitDriftTest, PlantedSharedStorageIsInvalid) {
  LogitDriftMeter meter(static_cast<int64_t>(kTestVocabulary), LogitType::kFloat32);
  for (int64_t position = 0; position < kPositions; ++position) {
    const std::vector<float> row = ReferenceRow(position);
    meter.Add(position, std::span<const float>(row), std::span<const float>(row));
  }
  EXPECT_EQ(ValidityOf(meter.Drift().rows).verdict, Verdict::kInvalid);
  EXPECT_EQ(meter.Drift().rows.shares_storage, kPositions);
}

TEST(LogitDriftTest, NothingAndTooLittleAreNoPass) {
  const LogitDriftMeter empty(10, LogitType::kFloat32);
  EXPECT_EQ(ValidityOf(empty.Drift().rows).verdict, Verdict::kInvalid);
  EXPECT_TRUE(empty.Drift().buckets.empty());
  EXPECT_EQ(ValidityOf(MeterOf(99).Drift().rows).verdict, Verdict::kInconclusive);
  EXPECT_EQ(ValidityOf(MeterOf(100).Drift().rows).verdict, Verdict::kPassed);
}

void ExpectSame(const DeltaFigures& a, const DeltaFigures& b) {
  EXPECT_EQ(a.max_abs, b.max_abs);
  EXPECT_EQ(a.max_position, b.max_position);
  EXPECT_EQ(a.max_token, b.max_token);
  EXPECT_EQ(a.rms, b.rms);
  EXPECT_EQ(a.p50, b.p50);
  EXPECT_EQ(a.p99, b.p99);
  EXPECT_EQ(a.p999, b.p999);
}

// Dealt out to three meters, filled backwards, and merged: the same bits.
TEST(LogitDriftTest, MergedEqualsOne) {
  LogitDriftMeter parts[] = {{static_cast<int64_t>(kTestVocabulary), LogitType::kFloat32},
                             {static_cast<int64_t>(kTestVocabulary), LogitType::kFloat32},
                             {static_cast<int64_t>(kTestVocabulary), LogitType::kFloat32}};
  for (int64_t position = kPositions - 1; position >= 0; --position) {
    const std::vector<float> reference = ReferenceRow(position), candidate = NoisyRow(position);
    parts[position % 3].Add(position, std::span<const float>(reference),
                            std::span<const float>(candidate), 2);
  }
  parts[2].Merge(parts[0]);
  parts[2].Merge(parts[1]);
  const LogitDrift one = MeterOf(kPositions).Drift(), merged = parts[2].Drift();
  EXPECT_EQ(one.rows, merged.rows);
  ExpectSame(one.raw, merged.raw);
  ExpectSame(one.centered, merged.centered);
  EXPECT_EQ(one.kl.mean, merged.kl.mean);
  EXPECT_EQ(one.kl.standard_error, merged.kl.standard_error);
  EXPECT_EQ(one.kl.p999, merged.kl.p999);
  EXPECT_EQ(one.delta_log_p, merged.delta_log_p);
  EXPECT_EQ(one.delta_p, merged.delta_p);
  EXPECT_EQ(one.perplexity.ratio, merged.perplexity.ratio);
  EXPECT_EQ(one.buckets.back().rms, merged.buckets.back().rms);
  EXPECT_EQ(MeterOf(kPositions).TokenAgreement().noise, parts[2].TokenAgreement().noise);
}

TEST(LogitDriftTest, BucketsFollowThePositions) {
  const LogitDrift drift =
      MeterOf(kPositions, [](int64_t position, std::vector<float>& reference,
                             std::vector<float>& candidate) {
        for (size_t i = 0; i < candidate.size(); ++i) {  // grows with the position
          const float noise = i % 2 == 0 ? 1e-4f : -1e-4f;
          candidate[i] = reference[i] + noise * static_cast<float>(position + 1);
        }
      }).Drift();
  ASSERT_EQ(drift.buckets.size(), kDriftBuckets);
  int64_t expected = 0;
  for (const DriftBucket& bucket : drift.buckets) {
    EXPECT_EQ(bucket.first_position, expected);
    EXPECT_EQ(bucket.positions, 4);
    EXPECT_EQ(bucket.last_position, expected + 3);
    EXPECT_NEAR(bucket.max_abs, 1e-4 * static_cast<double>(expected + 4), 3e-6);
    // Of four consecutive numbers about m: sqrt(m^2 + 1.25).
    const double rms = 1e-4 * std::hypot(static_cast<double>(expected) + 2.5, std::sqrt(1.25));
    EXPECT_NEAR(bucket.rms, rms, 2e-6);
    EXPECT_GE(bucket.kl_max, bucket.kl_mean);
    expected += 4;
  }
  EXPECT_EQ(MeterOf(5).Drift().buckets.size(), 5u);
  // 100 positions are not 64 times anything: no position is lost.
  const std::vector<DriftBucket> uneven = MeterOf(100).Drift().buckets;
  ASSERT_EQ(uneven.size(), kDriftBuckets);
  EXPECT_EQ(uneven.front().first_position, 0);
  for (size_t i = 1; i < uneven.size(); ++i) {
    EXPECT_EQ(uneven[i].first_position, uneven[i - 1].last_position + 1);
  }
  EXPECT_EQ(uneven.back().last_position, 99);
}

TEST(LogitDriftTest, NegativeKlWithinRoundingCountsAsZero) {
  LogitDriftMeter meter(200, LogitType::kFloat64);
  TestRandom random(32);
  int64_t position = 0;
  while (position < 20) {
    std::vector<double> reference(200), candidate(200);
    for (size_t i = 0; i < reference.size(); ++i) {
      reference[i] = 5 * random.Normal();
      candidate[i] = reference[i] + 1e-15 * random.Normal();
    }
    DeltaHistograms histograms;
    const std::span<const double> r(reference), c(candidate);
    if (AnalyzeLogits(r, c, LogitType::kFloat64, {}, histograms).kl >= 0) continue;
    meter.Add(position++, r, c);
  }
  const LogitDrift drift = meter.Drift();
  EXPECT_EQ(drift.rows.negative_kl, 20);
  EXPECT_EQ(drift.rows.impossible_kl, 0);
  EXPECT_EQ(drift.kl.mean, 0);
  EXPECT_EQ(drift.kl.max, 0);
  EXPECT_EQ(drift.buckets[0].kl_mean, 0);
}

// With and without true tokens: statistics of them are of those that have one.
TEST(LogitDriftTest, TrueTokensAreOptional) {
  LogitDriftMeter meter(static_cast<int64_t>(kTestVocabulary), LogitType::kFloat32);
  for (int64_t position = 0; position < 3; ++position) {
    const std::vector<float> reference = ReferenceRow(position), candidate = NoisyRow(position);
    meter.Add(position, std::span<const float>(reference), std::span<const float>(candidate),
              position == 1 ? std::optional<int64_t>(4) : std::nullopt);
  }
  EXPECT_EQ(meter.Drift().true_tokens, 1);
  EXPECT_EQ(meter.Drift().delta_p.count, 1);
  EXPECT_EQ(meter.Drift().kl.max_position >= 0, true);
}

// A truth in fp64 sees the rounding to float32 of the candidate, and nothing else.
TEST(LogitDriftTest, AgainstTruthInDouble) {
  LogitDriftMeter meter(1000, LogitType::kFloat32);
  TestRandom random(31);
  std::vector<double> truth(1000);
  for (double& logit : truth) logit = 4 + random.Uniform();
  const std::vector<float> candidate(truth.begin(), truth.end());
  meter.Add(0, std::span<const double>(truth), std::span<const float>(candidate));
  const LogitDrift drift = meter.Drift();
  EXPECT_LE(drift.raw.max_abs, 0x1p-22);  // half of 2^-21, the distance of floats in [4, 8)
  EXPECT_GT(drift.raw.max_abs, 0x1p-23);
}

TEST(LogitDriftTest, BrokenCallsThrowAndChangeNothing) {
  EXPECT_THROW(LogitDriftMeter(1, LogitType::kFloat32), std::logic_error);
  EXPECT_THROW(LogitDriftMeter(int64_t{1} << 31, LogitType::kFloat32), std::logic_error);
  LogitDriftMeter meter(3, LogitType::kFloat32);
  const std::vector<float> a = {1, 2, 3}, b = {1, 2, 4}, two = {1, 2};
  const std::span<const float> reference(a), candidate(b), narrow(two);
  meter.Add(7, reference, candidate);
  EXPECT_THROW(meter.Add(7, reference, candidate), std::logic_error);
  EXPECT_THROW(meter.Add(-1, reference, candidate), std::logic_error);
  EXPECT_THROW(meter.Add(8, narrow, narrow), std::logic_error);
  EXPECT_THROW(meter.Add(8, reference, narrow), std::logic_error);
  EXPECT_THROW(meter.Add(8, reference, candidate, 3), std::logic_error);
  LogitDriftMeter other(3, LogitType::kFloat32);
  other.Add(6, reference, candidate);
  other.Add(7, reference, candidate);
  EXPECT_THROW(meter.Merge(other), std::logic_error);
  EXPECT_THROW(meter.Merge(meter), std::logic_error);
  EXPECT_THROW(meter.Merge(LogitDriftMeter(4, LogitType::kFloat32)), std::logic_error);
  EXPECT_THROW(meter.Merge(LogitDriftMeter(3, LogitType::kBFloat16)), std::logic_error);
  EXPECT_EQ(meter.Drift().rows.positions, 1);
}

}  // namespace
}  // namespace deltagauge
