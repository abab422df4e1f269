// Where a series falls apart best, by the energy statistic.
#ifndef DELTAGAUGE_HARNESS_HISTORY_ENERGY_SPLIT_H_
#define DELTAGAUGE_HARNESS_HISTORY_ENERGY_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace deltagauge {

struct EnergySplit {
  size_t index = 0;   // of the first value after the split
  double energy = 0;  // 0: there is no split, or nothing differs
};

// For a split into X, the first m values, and Y, the other k (Matteson and James, 2014, with
// exponent 1):
//
//   q = m k / (m + k) * (2 mean |x - y| - mean |x - x'| - mean |y - y'|)
//
// with means over pairs of different values, in which a single outlier cancels. Of all splits in
// O(n log n): a Fenwick tree over the ranks knows the distance of a value to all of X.
class EnergySplitter {
 public:
  // `values` must be finite, and their range too.
  explicit EnergySplitter(std::span<const double> values);

  // The ranks of the values, from 0, in the order given; equal values have different ranks.
  const std::vector<uint32_t>& ranks() const { return ranks_; }

  // The best split if the values came in the order of these ranks (a permutation of ranks()), with
  // at least min_segment >= 2 values on each side; the first of equally good ones.
  EnergySplit FindBest(std::span<const uint32_t> ranks, size_t min_segment);

 private:
  struct Node {
    double count = 0;
    double sum = 0;
  };

  // How many values of X have a rank below this, and their sum.
  Node SumBelow(uint32_t rank) const;
  void Add(uint32_t rank);

  std::vector<uint32_t> ranks_;
  std::vector<double> sorted_;
  std::vector<double> distances_;  // by rank: sum of the distances to all values
  double all_pairs_ = 0;           // sum of the distances of all pairs
  std::vector<Node> tree_;         // of X
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_HISTORY_ENERGY_SPLIT_H_
