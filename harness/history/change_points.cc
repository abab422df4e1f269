#include "harness/history/change_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>

#include "harness/history/energy_split.h"
#include "harness/history/series_noise.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr size_t kMostPermutations = 100000;
// Orders that differ by rounding only are equal.
constexpr double kSameEnergy = 1 - 1e-9;
// Points that move move once or twice; this ends what would go in circles.
constexpr int kMostMoves = 4;

// One cut for so many values, but at least two. 1,000 values with 10 steps of 4 sigma up and down:
// with two cuts they pass for noise. More cuts take more of the noise for changes.
constexpr size_t kValuesPerCut = 50;
constexpr size_t kFewestCuts = 2;

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Below(uint64_t limit) {  // limit < 2^32, so that the bias is below 2^-32
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return ((z >> 32) * limit) >> 32;
  }

  void Shuffle(std::vector<uint32_t>& order) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[Below(i)]);
  }

 private:
  uint64_t state_;
};

void CheckOptions(const ChangePointOptions& options) {
  if (!(options.significance > 0 && options.significance < 1)) {
    throw reference::InputError("significance",
                                fmt::format("{} is not between 0 and 1", options.significance),
                                "0.01 is the usual one");
  }
  if (options.min_segment < 3) {
    throw reference::InputError("min_segment", fmt::format("{} is too few", options.min_segment),
                                "3 or more");
  }
  if (!(options.min_relative_change >= 0 && std::isfinite(options.min_relative_change))) {
    throw reference::InputError("min_relative_change",
                                fmt::format("{} is not a share", options.min_relative_change),
                                "0.02 leaves out changes below 2 %");
  }
  const auto permutations = static_cast<double>(options.permutations);
  if (options.permutations > kMostPermutations || options.significance * (permutations + 1) < 1) {
    throw reference::InputError("permutations",
                                fmt::format("{} can't show a significance of {}",
                                            options.permutations, options.significance),
                                fmt::format("from 1 / significance - 1 to {}", kMostPermutations));
  }
}

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return std::midpoint(*middle, *std::max_element(values.begin(), middle));
}

double MeanOf(std::span<const double> values) {
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  return mean;
}

// The series around its median in units of its largest value, so that no sum overflows.
std::vector<double> Scaled(std::span<const double> series) {
  std::vector<double> scaled(series.begin(), series.end());
  double largest = 0;
  for (const double value : series) largest = std::max(largest, std::fabs(value));
  if (largest == 0) return scaled;
  for (double& value : scaled) value /= largest;
  const double median = MedianOf(scaled);
  for (double& value : scaled) value -= median;
  return scaled;
}

// Where `values` split best, where the better of the two sides does, and so on: with one cut only,
// changes that are taken back would pass for noise. Empty if nothing differs.
std::vector<size_t> Cut(std::span<const double> values, size_t min_segment) {
  struct Side {
    size_t begin = 0;
    size_t end = 0;
    EnergySplit split;
  };
  const auto split_side = [&](size_t begin, size_t end) {
    EnergySplitter side(values.subspan(begin, end - begin));
    return Side{begin, end, side.FindBest(side.ranks(), min_segment)};
  };
  const size_t most = std::max(kFewestCuts, values.size() / kValuesPerCut);
  std::vector<size_t> cuts;
  std::vector<Side> sides{split_side(0, values.size())};
  while (cuts.size() < most) {
    const auto best = std::max_element(
        sides.begin(), sides.end(),
        [](const Side& a, const Side& b) { return a.split.energy < b.split.energy; });
    if (best->split.index == 0) break;
    const Side parent = *best;
    const size_t cut = parent.begin + parent.split.index;
    cuts.push_back(cut);
    *best = split_side(parent.begin, cut);
    sides.push_back(split_side(cut, parent.end));
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

struct Candidate {
  size_t index = 0;
  double p = 1;  // roughly, if it is above the significance
};

class Search {
 public:
  Search(std::span<const double> series, const ChangePointOptions& options)
      : series_(series), scaled_(Scaled(series)), options_(options) {}

  std::vector<ChangePoint> Run() {
    Split(0, series_.size());
    std::sort(found_.begin(), found_.end());
    for (int moves = 0;;) {
      std::vector<ChangePoint> points = Describe();
      if (const auto weakest = FindWeakest(points); weakest < points.size()) {
        found_.erase(found_.begin() + static_cast<std::ptrdiff_t>(weakest));
      } else if (moves == kMostMoves || !Move()) {
        return points;
      } else {
        ++moves;
      }
    }
  }

 private:
  // The best split of [begin, end) and its p.
  const Candidate& Examine(size_t begin, size_t end);
  Candidate ExamineAfresh(size_t begin, size_t end) const;
  // The p of a split as good as this if the values came in any order.
  double PermutationP(EnergySplitter& splitter, double energy, uint64_t seed) const;
  // Adds the significant splits of [begin, end) to found_.
  void Split(size_t begin, size_t end);
  std::vector<ChangePoint> Describe();
  ChangePoint DescribeOne(size_t begin, size_t index, size_t end);
  // The point that shall go first, or points.size() if all may stay.
  size_t FindWeakest(const std::vector<ChangePoint>& points) const;
  // Puts each point where its neighbourhood splits best. False if all are there already.
  bool Move();

  size_t BeginBefore(size_t i) const { return i == 0 ? 0 : found_[i - 1]; }
  size_t EndAfter(size_t i) const { return i + 1 < found_.size() ? found_[i + 1] : series_.size(); }

  std::span<const double> series_;
  std::vector<double> scaled_;
  const ChangePointOptions& options_;
  std::map<std::pair<size_t, size_t>, Candidate> examined_;
  std::vector<size_t> found_;
};

const Candidate& Search::Examine(size_t begin, size_t end) {
  const auto [place, is_new] = examined_.try_emplace({begin, end});
  if (is_new) place->second = ExamineAfresh(begin, end);
  return place->second;
}

Candidate Search::ExamineAfresh(size_t begin, size_t end) const {
  const auto part = std::span(scaled_).subspan(begin, end - begin);
  const std::vector<size_t> cuts = Cut(part, options_.min_segment);
  if (cuts.empty()) return {};
  EnergySplitter white(Whitened(part, NoiseAutocorrelation(part, cuts)));
  const EnergySplit best = white.FindBest(white.ranks(), options_.min_segment);
  if (best.index == 0) return {};
  const uint64_t seed = (uint64_t{begin} << 32) ^ end;
  return {begin + best.index, PermutationP(white, best.energy, seed)};
}

double Search::PermutationP(EnergySplitter& splitter, double energy, uint64_t seed) const {
  Random random(seed);
  std::vector<uint32_t> order = splitter.ranks();
  const auto all = static_cast<double>(options_.permutations + 1);
  size_t as_good = 1;  // the series itself
  for (size_t drawn = 1; drawn <= options_.permutations; ++drawn) {
    random.Shuffle(order);
    const EnergySplit split = splitter.FindBest(order, options_.min_segment);
    if (split.energy >= energy * kSameEnergy) ++as_good;
    // Most series have no change; to know that takes only a few.
    if (static_cast<double>(as_good) > options_.significance * all) {
      return static_cast<double>(as_good) / static_cast<double>(drawn + 1);
    }
  }
  return static_cast<double>(as_good) / all;
}

void Search::Split(size_t begin, size_t end) {
  const Candidate candidate = Examine(begin, end);
  if (candidate.p > options_.significance) return;
  found_.push_back(candidate.index);
  Split(begin, candidate.index);
  Split(candidate.index, end);
}

std::vector<ChangePoint> Search::Describe() {
  std::vector<ChangePoint> points;
  for (size_t i = 0; i < found_.size(); ++i) {
    points.push_back(DescribeOne(BeginBefore(i), found_[i], EndAfter(i)));
  }
  return points;
}

ChangePoint Search::DescribeOne(size_t begin, size_t index, size_t end) {
  const auto before = series_.subspan(begin, index - begin);
  const auto after = series_.subspan(index, end - index);
  ChangePoint point;
  point.index = index;
  point.mean_before = MeanOf(before);
  point.mean_after = MeanOf(after);
  point.median_before = MedianOf({before.begin(), before.end()});
  point.median_after = MedianOf({after.begin(), after.end()});
  const double change = point.median_after - point.median_before;
  point.relative_change = change == 0 ? 0 : change / std::fabs(point.median_before);
  point.p = Examine(begin, end).p;
  return point;
}

size_t Search::FindWeakest(const std::vector<ChangePoint>& points) const {
  size_t weakest = points.size();
  double largest_p = options_.significance;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].p <= largest_p) continue;
    largest_p = points[i].p;
    weakest = i;
  }
  if (weakest < points.size()) return weakest;
  double smallest_change = options_.min_relative_change;
  for (size_t i = 0; i < points.size(); ++i) {
    if (std::fabs(points[i].relative_change) >= smallest_change) continue;
    smallest_change = std::fabs(points[i].relative_change);
    weakest = i;
  }
  return weakest;
}

bool Search::Move() {
  bool has_moved = false;
  for (size_t i = 0; i < found_.size(); ++i) {
    const Candidate& candidate = Examine(BeginBefore(i), EndAfter(i));
    if (candidate.index == found_[i] || candidate.index == 0) continue;
    found_[i] = candidate.index;
    has_moved = true;
  }
  return has_moved;
}

}  // namespace

std::vector<ChangePoint> FindChangePoints(std::span<const double> series,
                                          const ChangePointOptions& options) {
  CheckOptions(options);
  for (size_t i = 0; i < series.size(); ++i) {
    if (std::isfinite(series[i])) continue;
    throw reference::InputError("series", fmt::format("value {} is {}", i, series[i]),
                                "leave out runs that have no figure");
  }
  return Search(series, options).Run();
}

}  // namespace deltagauge
