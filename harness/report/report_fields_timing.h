// Fields of timings and of machines, for report_binding.h.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_TIMING_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_TIMING_H_

#include <string_view>

#include "harness/report/report.h"
#include "harness/report/report_binding.h"
#include "harness/report/report_enum_names.h"

namespace deltagauge {

template <>
struct FieldsOf<RunCounters> {
  static constexpr std::string_view kName = "counters";
  static void Each(auto& visit, auto& value) {
    visit("instructions", value.instructions, "of one run, all threads, user space");
    visit("cycles", value.cycles, "");
    visit("cache_misses", value.cache_misses, "last level");
    visit("branch_misses", value.branch_misses, "");
    visit("unavailable", value.unavailable, "why those that are absent are");
  }
};

template <>
struct FieldsOf<ArmTiming> {
  static constexpr std::string_view kName = "arm_timing";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "");
    visit("units_per_run", value.units_per_run, "tokens");
    visit("samples_ns", value.samples_ns, "of one run, in the order taken, two a quad");
    visit("median_ns", value.median_ns, "");
    visit("min_ns", value.min_ns, "");
    visit("p10_ns", value.p10_ns, "");
    visit("p90_ns", value.p90_ns, "");
    visit("iqr_ns", value.iqr_ns, "");
    visit("cv", value.cv, "standard deviation / mean");
    visit("units_per_second", value.units_per_second, "at the median");
    visit("warm_up_calls", value.warm_up_calls, "");
    visit("warmed_up", value.warmed_up, "false: still changing when its time was over");
    visit("counters", value.counters, "");
  }
};

template <>
struct FieldsOf<SpeedupEstimate> {
  static constexpr std::string_view kName = "speedup";
  static void Each(auto& visit, auto& value) {
    visit("point", value.point, "e^(median log ratio)");
    visit("ci_lo", value.ci_lo, "");
    visit("ci_hi", value.ci_hi, "");
    visit("level", value.level, "");
    visit("method", value.method, "");
  }
};

template <>
struct FieldsOf<TimingTests> {
  static constexpr std::string_view kName = "tests";
  static void Each(auto& visit, auto& value) {
    visit("wilcoxon_p", value.wilcoxon_p, "");
    visit("mwu_p", value.mwu_p, "");
    visit("cliffs_delta", value.cliffs_delta, "positive where A is faster");
    visit("holm_p", value.holm_p, "wilcoxon_p corrected for all cases of the run");
  }
};

template <>
struct FieldsOf<OutlierCounts> {
  static constexpr std::string_view kName = "outliers";
  static void Each(auto& visit, auto& value) {
    visit("mild", value.mild, "");
    visit("severe", value.severe, "");
  }
};

template <>
struct FieldsOf<TimingNoise> {
  static constexpr std::string_view kName = "noise";
  static void Each(auto& visit, auto& value) {
    visit("aa_floor", value.aa_floor, "|log ratio| that A against itself shows");
    visit("mde", value.mde, "smallest |log ratio| that would be found");
    visit("n_aa", value.n_aa, "A/A quads");
    visit("same_log_ratios", value.same_log_ratios, "of them");
    visit("lag1_autocorrelation", value.lag1_autocorrelation, "");
    visit("control_ratio", value.control_ratio, "1 where the arms' places were equal");
    visit("disturbed_quads", value.disturbed_quads, "share");
    visit("control_drift", value.control_drift, "its time at the end / at the beginning");
    visit("contaminated", value.contaminated, "");
    visit("throttled", value.throttled, "");
  }
};

template <>
struct FieldsOf<TimingConfirmation> {
  static constexpr std::string_view kName = "confirmation";
  static void Each(auto& visit, auto& value) {
    visit("speedup", value.speedup, "");
    visit("aa_floor", value.aa_floor, "");
    visit("n", value.n, "");
    visit("outcome", value.outcome, "");
  }
};

template <>
struct FieldsOf<TimingResult> {
  static constexpr std::string_view kName = "performance";
  static void Each(auto& visit, auto& value) {
    visit("verdict", value.verdict, "");
    visit("outcome", value.outcome, "where the interval lies");
    visit("reason", value.reason, "");
    visit("notes", value.notes, "");
    visit("unit", value.unit, "");
    visit("a", value.a, "the candidate");
    visit("b", value.b, "the baseline");
    visit("order", value.order, "of the quads");
    visit("log_ratios", value.log_ratios, "log(b / a) of each A/B quad");
    visit("n", value.n, "A/B quads");
    visit("calls_per_sample", value.calls_per_sample, "the least of so many is a sample");
    visit("runs_per_timing", value.runs_per_timing, "");
    visit("speedup", value.speedup, "");
    visit("min_ratio", value.min_ratio, "shortest b / shortest a");
    visit("median_ratio", value.median_ratio, "median b / median a");
    visit("suspicious", value.suspicious, "more than 10 times as fast or as slow");
    visit("tests", value.tests, "");
    visit("outliers", value.outliers, "Tukey's fences on the log ratios; none are dropped");
    visit("noise", value.noise, "");
    visit("confirmation", value.confirmation, "the second measurement of a regression");
    visit("gflops", value.gflops, "of A at its median");
    visit("gbps", value.gbps, "of A at its median");
    visit("peak_share", value.peak_share, "of the machine's measured limit");
    visit("spent_s", value.spent_s, "");
  }
};

template <>
struct FieldsOf<CpuCache> {
  static constexpr std::string_view kName = "cache";
  static void Each(auto& visit, auto& value) {
    visit("level", value.level, "");
    visit("type", value.type, "");
    visit("size_bytes", value.size_bytes, "");
    visit("shared_by", value.shared_by, "logical CPUs");
  }
};

template <>
struct FieldsOf<Machine> {
  static constexpr std::string_view kName = "machine";
  static void Each(auto& visit, auto& value) {
    visit("fingerprint", value.fingerprint, "timings of unlike ones are not comparable");
    visit("name", value.name, "host");
    visit("os", value.os, "");
    visit("kernel", value.kernel, "");
    visit("arch", value.arch, "");
    visit("cpu_model", value.cpu_model, "");
    visit("microcode", value.microcode, "");
    visit("sockets", value.sockets, "0: unknown");
    visit("cores", value.cores, "0: unknown");
    visit("threads", value.threads, "logical CPUs");
    visit("smt", value.smt, "");
    visit("caches", value.caches, "of the first CPU");
    visit("memory_bytes", value.memory_bytes, "");
    visit("numa_nodes", value.numa_nodes, "");
    visit("isa", value.isa, "vector extensions");
    visit("isa_dispatched", value.isa_dispatched, "the target that kernels ran on");
    visit("virtualisation", value.virtualisation, "");
    visit("governor", value.governor, "");
    visit("boost", value.boost, "");
    visit("mhz_nominal", value.mhz_nominal, "");
    visit("mhz_before", value.mhz_before, "");
    visit("mhz_after", value.mhz_after, "");
    visit("affinity", value.affinity, "CPUs that this process may use");
    visit("affinity_count", value.affinity_count, "");
    visit("cgroup_quota", value.cgroup_quota, "CPUs; absent: no limit");
    visit("load_avg", value.load_avg, "over the minute before the run");
    visit("steal_pct", value.steal_pct, "taken by other guests during the run");
    visit("aslr", value.aslr, "");
    visit("ftz", value.ftz, "denormal results are flushed to zero");
    visit("daz", value.daz, "denormal operands are taken for zero");
    visit("env_threads", value.env_threads, "OMP_NUM_THREADS and the like, if set");
    visit("intra_threads", value.intra_threads, "");
    visit("inter_threads", value.inter_threads, "");
  }
};

template <>
struct FieldsOf<PreflightFinding> {
  static constexpr std::string_view kName = "preflight_finding";
  static void Each(auto& visit, auto& value) {
    visit("code", value.code, "");
    visit("severity", value.severity, "");
    visit("what", value.what, "");
    visit("advice", value.advice, "");
  }
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_TIMING_H_
