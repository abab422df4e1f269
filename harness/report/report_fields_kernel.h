// Fields of the kernel half of a case, for report_binding.h.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_KERNEL_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_KERNEL_H_

#include <string_view>

#include "harness/report/report.h"
#include "harness/report/report_binding.h"
#include "harness/report/report_enum_names.h"

namespace deltagauge {

template <>
struct FieldsOf<TensorComparison> {
  static constexpr std::string_view kName = "tensor_comparison";
  static void Each(auto& visit, auto& value) {
    visit("count", value.count, "elements");
    visit("rel_rmse", value.rel_rmse, "RMS(result - truth) / RMS(truth)");
    visit("nmse", value.nmse, "its square");
    visit("worst_group_rel_rmse", value.worst_group_rel_rmse, "of the worst head");
    visit("worst_group", value.worst_group, "that head; -1: none");
    visit("max_abs", value.max_abs_error, "largest absolute error");
    visit("argmax_abs", value.max_abs_error_index, "its element; -1: none");
    visit("ulp_p50", value.ulp_p50, "error in units of neighbouring numbers' distance, median");
    visit("ulp_p99", value.ulp_p99, "the same, 99th percentile");
    visit("ulp_max", value.ulp_max, "the same, largest");
    visit("violations", value.violations, "elements beyond the element tolerance");
    visit("first_violation", value.first_violation, "its element; -1: none");
    visit("nan", value.nan_count, "of the result");
    visit("inf", value.inf_count, "of the result");
    visit("denormal", value.denormal_count, "of the result");
    visit("zero", value.zero_count, "of the result");
    visit("non_finite_mismatches", value.non_finite_mismatches,
          "elements of which only one side is finite, or infinities of unlike sign");
    visit("first_non_finite_mismatch", value.first_non_finite_mismatch, "its element; -1: none");
    visit("truth_non_finite", value.truth_non_finite_count, "");
    visit("truth_zero", value.truth_zero_count, "");
    visit("truth_rms", value.truth_rms, "");
    visit("truth_max_abs", value.truth_max_abs, "");
    visit("truth_is_constant", value.truth_is_constant, "");
  }
};

template <>
struct FieldsOf<TensorDigest> {
  static constexpr std::string_view kName = "tensor_digest";
  static void Each(auto& visit, auto& value) {
    visit("hash", value.hash, "of all bits");
    visit("rms", value.rms, "of the finite elements, as is the sketch");
    visit("sketch", value.sketch, "sums with pseudo-random signs, over sqrt(count)");
  }
};

template <>
struct FieldsOf<TensorResult> {
  static constexpr std::string_view kName = "tensor";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "output, state or snapshots");
    visit("layer", value.layer, "of the model that the inputs were captured from");
    visit("dtype", value.dtype, "");
    visit("shape", value.shape, "");
    visit("against_truth", value.result, "the result against its fp64 truth");
    visit("reference_rel_rmse", value.reference_rel_rmse,
          "the worst of the float32 references' own distances from the truth");
    visit("rounding_slack", value.rounding_slack, "of rule R1, in relative RMS");
    visit("error_ratio", value.error_ratio,
          "max(0, rel_rmse - rounding_slack) / reference_rel_rmse");
    visit("snr_db", value.snr_db, "-10 log10(nmse); absent where the error is 0");
    visit("digest", value.digest, "of the result, to compare it with other platforms'");
  }
};

template <>
struct FieldsOf<Finding> {
  static constexpr std::string_view kName = "finding";
  static void Each(auto& visit, auto& value) {
    visit("rule", value.rule, "");
    visit("tensor", value.tensor, "what the rule looked at");
    visit("verdict", value.verdict, "");
    visit("observed", value.observed, "");
    visit("limit", value.limit, "");
    visit("detail", value.detail, "where it went wrong; empty if it passed");
  }
};

template <>
struct FieldsOf<CorrectnessResult> {
  static constexpr std::string_view kName = "correctness";
  static void Each(auto& visit, auto& value) {
    visit("check", value.check, "what was asked of the kernel");
    visit("target", value.target, "instruction set, named by the code that ran");
    visit("findings", value.findings, "one for each rule and tensor");
    visit("tensors", value.tensors, "of accuracy checks");
    visit("input_hash", value.input_hash, "of the case's inputs, the same on every platform");
  }
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_KERNEL_H_
