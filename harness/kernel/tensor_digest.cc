#include "harness/kernel/tensor_digest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "fmt/format.h"

namespace deltagauge {
namespace {

// splitmix64: the signs of an element, one a bit.
uint64_t SignsOf(uint64_t place) {
  uint64_t z = (place + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// FNV-1a over the bytes of a number, lowest first.
void AddToHash(uint32_t bits, uint64_t& hash) {
  for (int shift = 0; shift < 32; shift += 8) {
    hash = (hash ^ ((bits >> shift) & 0xff)) * 0x100000001b3;
  }
}

}  // namespace

TensorDigest DigestOf(std::span<const float> tensor) {
  constexpr uint32_t kNaN = 0x7fc00000;
  uint64_t hash = 0xcbf29ce484222325;
  std::array<double, kSketchSize> sums{};
  double squares = 0;
  size_t finite = 0;
  for (size_t i = 0; i < tensor.size(); ++i) {
    const float x = tensor[i];
    AddToHash(std::isnan(x) ? kNaN : std::bit_cast<uint32_t>(x), hash);
    if (!std::isfinite(x)) continue;
    const uint64_t signs = SignsOf(i);
    for (size_t j = 0; j < kSketchSize; ++j) {
      sums[j] += ((signs >> j) & 1) != 0 ? double{x} : -double{x};
    }
    squares += double{x} * double{x};  // exact: the product of two float32 fits in a float64
    ++finite;
  }
  TensorDigest digest;
  digest.hash = fmt::format("{:016x}", hash);
  const auto count = static_cast<double>(std::max<size_t>(finite, 1));
  digest.rms = std::sqrt(squares / count);
  for (const double sum : sums) digest.sketch.push_back(sum / std::sqrt(count));
  return digest;
}

double SketchDistance(const TensorDigest& a, const TensorDigest& b) {
  if (a.sketch.size() != b.sketch.size() || a.sketch.empty()) {
    return std::numeric_limits<double>::infinity();
  }
  double squares = 0;
  for (size_t j = 0; j < a.sketch.size(); ++j) {
    squares += (a.sketch[j] - b.sketch[j]) * (a.sketch[j] - b.sketch[j]);
  }
  if (squares == 0) return 0;
  const double distance = std::sqrt(squares / static_cast<double>(a.sketch.size()));
  return distance / std::max({a.rms, b.rms, double{std::numeric_limits<float>::min()}});
}

}  // namespace deltagauge
