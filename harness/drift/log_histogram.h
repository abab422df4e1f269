// A histogram of magnitudes with buckets of equal relative width, for percentiles of more numbers
// than can be kept.
//
// Each power of two from 2^-80 (8e-25) up to 2^48 (2.8e14) has 128 buckets of equal width, so the
// middle of a bucket is within a relative kRelativeError = 2^-8 = 0.4 % of all that fell into it.
// Smaller magnitudes count as 0, larger ones as the last bucket's. Adding is exact counting: the
// order does not matter, and merged histograms equal one.
#ifndef DELTAGAUGE_HARNESS_DRIFT_LOG_HISTOGRAM_H_
#define DELTAGAUGE_HARNESS_DRIFT_LOG_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace deltagauge {

class LogHistogram {
 public:
  static constexpr double kRelativeError = 0x1p-8;
  static constexpr double kSmallest = 0x1p-80;
  static constexpr double kLargest = 0x1p48;

  LogHistogram();

  // `magnitudes` are finite and not negative.
  void Add(std::span<const double> magnitudes);
  void Merge(const LogHistogram& other);

  int64_t Count() const;

  // About the magnitude of rank ceil(share * n), counted from 1, at least 1: within kRelativeError
  // of it if it lies within [kSmallest, kLargest). 0 if nothing was added.
  double Percentile(double share) const;

 private:
  std::vector<int64_t> counts_;  // [0]: below kSmallest
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_LOG_HISTOGRAM_H_
