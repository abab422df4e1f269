#include "harness/drift/log_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace deltagauge {
namespace {

// The key of a double is its exponent and its first 7 bits behind the point: 128 keys to an octave.
constexpr int kMantissaBits = 7;
constexpr int kShift = 52 - kMantissaBits;

constexpr uint64_t KeyOf(double magnitude) { return std::bit_cast<uint64_t>(magnitude) >> kShift; }

constexpr uint64_t kFirstKey = KeyOf(LogHistogram::kSmallest);
constexpr uint64_t kEndKey = KeyOf(LogHistogram::kLargest);

}  // namespace

LogHistogram::LogHistogram() : counts_(kEndKey - kFirstKey + 1, 0) {}

void LogHistogram::Add(std::span<const double> magnitudes) {
  int64_t* const counts = counts_.data();
  for (const double magnitude : magnitudes) {
    // Key k is counted at k - kFirstKey + 1, everything below at 0.
    const uint64_t key = std::clamp(KeyOf(magnitude), kFirstKey - 1, kEndKey - 1);
    ++counts[key - (kFirstKey - 1)];
  }
}

void LogHistogram::Merge(const LogHistogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

int64_t LogHistogram::Count() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

double LogHistogram::Percentile(double share) const {
  const double wanted = std::ceil(share * static_cast<double>(Count()));
  const int64_t rank = std::max<int64_t>(1, static_cast<int64_t>(wanted));
  int64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen < rank) continue;
    if (i == 0) return 0;
    const uint64_t key = kFirstKey + i - 1;
    const double low = std::bit_cast<double>(key << kShift);
    const double high = std::bit_cast<double>((key + 1) << kShift);
    return 0.5 * (low + high);
  }
  return 0;
}

}  // namespace deltagauge
