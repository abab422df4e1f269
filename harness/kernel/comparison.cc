#include "harness/kernel/comparison.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

constexpr double kSmallestNormal = 0x1p-126;  // of float32 and bfloat16 alike

// Distance between neighbouring numbers of the type at |r|, which is finite.
double UlpAt(double r, DataType type) {
  const double magnitude = std::max(std::abs(r), kSmallestNormal);
  // The power of two at or below it: its exponent, without the mantissa. No call, for each element.
  constexpr uint64_t kExponent = uint64_t{0x7ff} << 52;
  const auto power = std::bit_cast<double>(std::bit_cast<uint64_t>(magnitude) & kExponent);
  return power * (type == DataType::kFloat32 ? 0x1p-23 : 0x1p-7);
}

float RoundTo(DataType type, double truth) {
  const auto rounded = static_cast<float>(truth);
  return type == DataType::kFloat32 ? rounded : RoundToBFloat16(rounded);
}

// Whether the truth rounds to a finite number of the type: 1e39 is a rightful Inf.
bool IsFiniteIn(DataType type, double truth) { return std::isfinite(RoundTo(type, truth)); }

double Rms(double sum_of_squares, int64_t count) {
  return count == 0 ? 0 : std::sqrt(sum_of_squares / static_cast<double>(count));
}

class Comparer {
 public:
  Comparer(std::span<const double> truth, std::span<const float> result,
           const ComparisonOptions& options)
      : truth_(truth), result_(result), options_(options) {}

  TensorComparison Compare() {
    out_.count = static_cast<int64_t>(truth_.size());
    DescribeTruth();
    std::vector<int64_t> begins = options_.group_begins;
    if (begins.empty()) begins = {0, out_.count};
    for (size_t group = 0; group + 1 < begins.size(); ++group) {
      CompareGroup(static_cast<int64_t>(group), begins[group], begins[group + 1]);
    }
    out_.rel_rmse = Rms(squared_error_, finite_count_) /
                    std::max(Rms(squared_truth_, finite_count_), kSmallestNormal);
    out_.nmse = out_.rel_rmse * out_.rel_rmse;
    RankUlps();
    return out_;
  }

 private:
  void DescribeTruth() {
    out_.truth_is_constant = truth_.size() > 1;
    double squares = 0;
    for (const double r : truth_) {
      if (r != truth_.front()) out_.truth_is_constant = false;
      if (!IsFiniteIn(options_.destination, r)) {
        ++out_.truth_non_finite_count;
        continue;
      }
      out_.truth_zero_count += RoundTo(options_.destination, r) == 0;
      out_.truth_max_abs = std::max(out_.truth_max_abs, std::abs(r));
      squares += r * r;
    }
    out_.truth_rms = Rms(squares, out_.count - out_.truth_non_finite_count);
  }

  void CompareGroup(int64_t group, int64_t begin, int64_t end) {
    double squared_error = 0;
    double squared_truth = 0;
    int64_t finite = 0;
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      CountKind(result_[at]);
      if (!BothFinite(i)) continue;
      const double error = std::abs(double{result_[at]} - truth_[at]);
      CompareElement(i, error);
      squared_error += error * error;
      squared_truth += truth_[at] * truth_[at];
      ++finite;
    }
    squared_error_ += squared_error;
    squared_truth_ += squared_truth;
    finite_count_ += finite;
    const double scale = std::max({Rms(squared_truth, finite), out_.truth_rms, kSmallestNormal});
    const double rel_rmse = Rms(squared_error, finite) / scale;
    if (finite > 0 && (out_.worst_group < 0 || rel_rmse > out_.worst_group_rel_rmse)) {
      out_.worst_group_rel_rmse = rel_rmse;
      out_.worst_group = group;
    }
  }

  void CountKind(float x) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x) & 0x7fffffffu;
    constexpr uint32_t kSmallestNormalBits = 0x00800000, kInfBits = 0x7f800000;
    if (magnitude >= kSmallestNormalBits && magnitude < kInfBits) return;
    out_.nan_count += magnitude > kInfBits;
    out_.inf_count += magnitude == kInfBits;
    out_.denormal_count += magnitude != 0 && magnitude < kSmallestNormalBits;
    out_.zero_count += magnitude == 0;
  }

  // Counts a mismatch of kinds.
  bool BothFinite(int64_t i) {
    const double r = truth_[static_cast<size_t>(i)];
    const float x = result_[static_cast<size_t>(i)];
    const bool truth_finite = IsFiniteIn(options_.destination, r);
    const bool unlike_signs =
        std::isinf(x) && !truth_finite && !std::isnan(r) && std::signbit(x) != std::signbit(r);
    if (std::isfinite(x) != truth_finite || unlike_signs) {
      if (out_.non_finite_mismatches++ == 0) out_.first_non_finite_mismatch = i;
    }
    return std::isfinite(x) && truth_finite;
  }

  void CompareElement(int64_t i, double error) {
    const double magnitude = std::abs(truth_[static_cast<size_t>(i)]);
    const ElementTolerance& tolerance = options_.tolerance;
    if (out_.max_abs_error_index < 0 || error > out_.max_abs_error) {
      out_.max_abs_error = error;
      out_.max_abs_error_index = i;
    }
    const double largest = std::max(out_.truth_max_abs, kSmallestNormal);
    const bool ranks = options_.ulp_ranks == UlpRanks::kYes;
    const double ulp =
        ranks || tolerance.ulps > 0 ? UlpAt(magnitude, options_.destination) : 0;  // not asked for
    if (error >
        tolerance.of_largest * largest + tolerance.relative * magnitude + tolerance.ulps * ulp) {
      if (out_.violations++ == 0) out_.first_violation = i;
    }
    if (ranks && magnitude > 0x1p-10 * out_.truth_max_abs) ulps_.push_back(error / ulp);
  }

  void RankUlps() {
    if (ulps_.empty()) return;
    // In rising order: what is below a rank need not be looked at again.
    auto begin = ulps_.begin();
    const auto at_share = [&](double share) {
      const auto rank = static_cast<int64_t>(share * static_cast<double>(ulps_.size() - 1));
      std::nth_element(begin, ulps_.begin() + rank, ulps_.end());
      begin = ulps_.begin() + rank;
      return *begin;
    };
    out_.ulp_p50 = at_share(0.50);
    out_.ulp_p99 = at_share(0.99);
    out_.ulp_max = at_share(1.0);
  }

  const std::span<const double> truth_;
  const std::span<const float> result_;
  const ComparisonOptions& options_;
  TensorComparison out_;
  double squared_error_ = 0;
  double squared_truth_ = 0;
  int64_t finite_count_ = 0;
  std::vector<double> ulps_;
};

}  // namespace

TensorComparison CompareTensors(std::span<const double> truth, std::span<const float> result,
                                const ComparisonOptions& options) {
  return Comparer(truth, result, options).Compare();
}

}  // namespace deltagauge
