// How far a float32 or bfloat16 result is from its fp64 truth: the figures, without a judgement.
// pass_rules.h judges.
#ifndef DELTAGAUGE_HARNESS_KERNEL_COMPARISON_H_
#define DELTAGAUGE_HARNESS_KERNEL_COMPARISON_H_

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// An element may differ from its truth r by
//   of_largest * max|r| + relative * |r| + ulps * (distance of neighbouring numbers at |r|).
// The first term is what absolute tolerances mean by "outputs of order 1", at any scale down to the
// smallest normal number, which counts for all smaller ones: denormals have absolute precision.
struct ElementTolerance {
  double of_largest = 0;
  double relative = 0;
  double ulps = 0;
};

// Ranks of ULP errors take longer than all the rest together; no rule asks for them.
enum class UlpRanks : uint8_t { kYes, kNo };

struct ComparisonOptions {
  DataType destination = DataType::kFloat32;  // type of the result: sets ULP and smallest normal
  ElementTolerance tolerance;
  // Boundaries of groups (heads), [groups + 1], from 0 to the element count; empty: one group.
  std::vector<int64_t> group_begins;
  UlpRanks ulp_ranks = UlpRanks::kYes;  // kNo: they stay 0
};

// "Finite elements" below are those whose truth and result are both finite.
struct TensorComparison {
  int64_t count = 0;

  // Over the finite elements. A root mean square of the truth below the smallest normal number
  // counts as that number, too.
  double rel_rmse = 0;  // RMS(result - truth) / RMS(truth)
  double nmse = 0;      // its square
  // RMS(error of the group) / max(RMS(truth of the group), RMS(truth)). A group of small numbers is
  // measured against the whole: it may be small because it has cancelled, and then what is left of
  // it is rounding.
  double worst_group_rel_rmse = 0;
  int64_t worst_group = -1;
  double max_abs_error = 0;
  int64_t max_abs_error_index = -1;

  // In units of the distance between neighbouring numbers at the truth, where
  // |truth| > 2^-10 max|truth|: nearer to zero the figure says nothing.
  double ulp_p50 = 0;
  double ulp_p99 = 0;
  double ulp_max = 0;

  int64_t violations = 0;  // of the element tolerance
  int64_t first_violation = -1;

  // Of the result.
  int64_t nan_count = 0;
  int64_t inf_count = 0;
  int64_t denormal_count = 0;
  int64_t zero_count = 0;

  // Places where the truth, rounded to the destination, is finite and the result is not, or the
  // other way round, or both are Inf of unlike sign.
  int64_t non_finite_mismatches = 0;
  int64_t first_non_finite_mismatch = -1;

  // Of the truth.
  int64_t truth_non_finite_count = 0;
  int64_t truth_zero_count = 0;  // rounded to the destination: 1e-50 is a zero of float32
  double truth_rms = 0;
  double truth_max_abs = 0;
  bool truth_is_constant = false;  // two or more elements, all the same
};

// Both tensors have the same size. Where the truth is not finite, the kind of the result does not
// matter (Inf - Inf depends on the order of additions), but it must not be finite.
TensorComparison CompareTensors(std::span<const double> truth, std::span<const float> result,
                                const ComparisonOptions& options);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_COMPARISON_H_
