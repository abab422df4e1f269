// A tensor in a few numbers, so that results of two machines can be compared by their reports
// alone.
//
// The hash tells whether two tensors are the same bits. The sketch tells how far apart they are:
// each of its numbers is the sum of all elements with pseudo-random signs, over sqrt(count). Sums
// of a difference are then about as large as its root mean square, so the root mean square over the
// kSketchSize numbers estimates it: within a factor of 2 in 99 of 100 cases, and a difference in
// one element alone is never lost (Alon, Matias, Szegedy, "The space complexity of approximating
// the frequency moments", 1996).
#ifndef DELTAGAUGE_HARNESS_KERNEL_TENSOR_DIGEST_H_
#define DELTAGAUGE_HARNESS_KERNEL_TENSOR_DIGEST_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace deltagauge {

inline constexpr size_t kSketchSize = 8;

struct TensorDigest {
  std::string hash;            // 16 hex digits: FNV-1a, 64 bits, of all bits; every NaN is the same
  double rms = 0;              // of the finite elements, as is the sketch
  std::vector<double> sketch;  // [kSketchSize]; the same bits on every platform for the same tensor

  bool operator==(const TensorDigest&) const = default;
};

TensorDigest DigestOf(std::span<const float> tensor);

// Estimate of RMS(a - b) / max(RMS(a), RMS(b)), for tensors of one shape; 0 for equal sketches.
// Infinite if the sketches are of different length.
double SketchDistance(const TensorDigest& a, const TensorDigest& b);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_TENSOR_DIGEST_H_
