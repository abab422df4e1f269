#include "harness/kernel/tensor_digest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

// Multiples of 2^-8 in [-1, 1): exact, and the same everywhere.
std::vector<float> Values(size_t count, uint64_t seed) {
  std::vector<float> values;
  uint64_t x = seed;
  for (size_t i = 0; i < count; ++i) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<float>(static_cast<int>(x >> 55) - 256) / 256.0f);
  }
  return values;
}

double TrueDistance(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, squares_a = 0, squares_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    squares_a += double{a[i]} * a[i];
    squares_b += double{b[i]} * b[i];
  }
  return std::sqrt(difference / std::max(squares_a, squares_b));
}

// Reports of different platforms and releases are compared by these: they must not change unseen.
TEST(TensorDigestTest, IsPinned) {
  const TensorDigest digest = DigestOf(Values(1000, 1));
  EXPECT_EQ(digest.hash, "1f2bd3a7e92a2bbb");
  EXPECT_EQ(digest.rms, 0.578948658407864);
  EXPECT_THAT(digest.sketch,
              testing::ElementsAre(-0.47854154904266805, -0.4983057844187204, -0.5081879021067466,
                                   0.20604215379534596, -0.15070229474239932, -0.09388011803624877,
                                   0.4358013900419548, 0.4614948960308229));
}

TEST(TensorDigestTest, HashSeesEveryBitAndTheOrder) {
  std::vector<float> values = {1, 2, 3};
  const TensorDigest digest = DigestOf(values);
  EXPECT_NE(DigestOf(std::vector<float>{2, 1, 3}).hash, digest.hash);
  EXPECT_NE(DigestOf(std::vector<float>{1, 2}).hash, digest.hash);
  for (float& x : values) {
    const float before = x;
    x = std::nextafter(x, 4.0f);
    EXPECT_NE(DigestOf(values).hash, digest.hash);
    EXPECT_GT(SketchDistance(DigestOf(values), digest), 0);
    x = before;
  }
  EXPECT_NE(DigestOf(std::vector<float>{0.0f}).hash, DigestOf(std::vector<float>{-0.0f}).hash);
}

TEST(TensorDigestTest, EveryNanIsTheSame) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(DigestOf(std::vector<float>{1, nan}), DigestOf(std::vector<float>{1, -nan}));
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_NE(DigestOf(std::vector<float>{1, inf}).hash, DigestOf(std::vector<float>{1, -inf}).hash);
  EXPECT_EQ(DigestOf(std::vector<float>{3, nan, 4, inf}).rms, std::sqrt(12.5));
}

TEST(TensorDigestTest, EmptyAndZeroTensorsHaveNumbers) {
  EXPECT_EQ(DigestOf({}).rms, 0);
  EXPECT_EQ(SketchDistance(DigestOf({}), DigestOf({})), 0);
  const TensorDigest zeros = DigestOf(std::vector<float>(100));
  EXPECT_EQ(SketchDistance(zeros, zeros), 0);
  EXPECT_GT(SketchDistance(zeros, DigestOf(Values(100, 1))), 0.3);
}

TEST(TensorDigestTest, DistanceIsThatOfTheTensors) {
  int outside = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const std::vector<float> a = Values(5000, seed);
    std::vector<float> b = a;
    const std::vector<float> noise = Values(5000, seed + 1000);
    for (size_t i = 0; i < b.size(); ++i) b[i] += 1e-3f * noise[i];
    const double ratio = SketchDistance(DigestOf(a), DigestOf(b)) / TrueDistance(a, b);
    outside += ratio < 0.5 || ratio > 2;
  }
  EXPECT_LE(outside, 4);  // of 200: 1 % are expected
}

TEST(TensorDigestTest, OneWrongElementOfAMillionIsSeen) {
  const std::vector<float> a = Values(1'000'000, 1);
  std::vector<float> b = a;
  b[654'321] = 2;
  const double distance = SketchDistance(DigestOf(a), DigestOf(b));
  EXPECT_NEAR(distance / TrueDistance(a, b), 1, 1e-6);
  EXPECT_GT(distance, 1e-3);
}

TEST(TensorDigestTest, OtherLengthsAreInfinitelyFar) {
  TensorDigest shorter = DigestOf(Values(10, 1));
  const TensorDigest whole = shorter;
  shorter.sketch.pop_back();
  EXPECT_EQ(SketchDistance(shorter, whole), std::numeric_limits<double>::infinity());
  EXPECT_EQ(SketchDistance({}, {}), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace deltagauge
