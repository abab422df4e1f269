#include "harness/history/energy_split.h"

#include <algorithm>
#include <numeric>

namespace deltagauge {

EnergySplitter::EnergySplitter(std::span<const double> values)
    : ranks_(values.size()), sorted_(values.size()), distances_(values.size()) {
  const size_t n = values.size();
  std::vector<uint32_t> places(n);
  std::iota(places.begin(), places.end(), uint32_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  for (size_t rank = 0; rank < n; ++rank) {
    ranks_[places[rank]] = static_cast<uint32_t>(rank);
    sorted_[rank] = values[places[rank]];
  }
  const double total = std::accumulate(sorted_.begin(), sorted_.end(), 0.0);
  double below = 0;
  for (size_t rank = 0; rank < n; ++rank) {
    const double excess = 2 * static_cast<double>(rank) - static_cast<double>(n);
    distances_[rank] = sorted_[rank] * excess + total - 2 * below;
    all_pairs_ += distances_[rank] / 2;
    below += sorted_[rank];
  }
}

EnergySplitter::Node EnergySplitter::SumBelow(uint32_t rank) const {
  Node below;
  for (uint32_t i = rank; i > 0; i &= i - 1) {
    below.count += tree_[i].count;
    below.sum += tree_[i].sum;
  }
  return below;
}

void EnergySplitter::Add(uint32_t rank) {
  for (uint32_t i = rank + 1; i < tree_.size(); i += i & (~i + 1)) {
    tree_[i].count += 1;
    tree_[i].sum += sorted_[rank];
  }
}

EnergySplit EnergySplitter::FindBest(std::span<const uint32_t> ranks, size_t min_segment) {
  const size_t n = ranks.size();
  EnergySplit best;
  if (n < 2 * min_segment) return best;
  tree_.assign(n + 1, Node{});
  double sum = 0;
  double within_x = 0;
  double within_y = all_pairs_;
  for (size_t before = 1; before + min_segment <= n; ++before) {
    const uint32_t rank = ranks[before - 1];
    const double value = sorted_[rank];
    const Node below = SumBelow(rank);
    const double to_x =
        value * (2 * below.count - static_cast<double>(before - 1)) + sum - 2 * below.sum;
    within_x += to_x;
    within_y -= distances_[rank] - to_x;
    sum += value;
    Add(rank);
    if (before < min_segment) continue;
    const auto m = static_cast<double>(before);
    const auto k = static_cast<double>(n - before);
    const double between = all_pairs_ - within_x - within_y;
    const double energy = 2 / (m + k) * (between - within_x * k / (m - 1) - within_y * m / (k - 1));
    if (energy > best.energy) best = {before, energy};
  }
  return best;
}

}  // namespace deltagauge
