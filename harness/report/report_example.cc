#include "harness/report/report_example.h"

#include <cmath>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "harness/report/gates.h"
#include "harness/report/report_metrics.h"

namespace deltagauge {
namespace {

// In [-1, 1), the same for every `place`: something that looks like a measurement.
double Noise(uint64_t place) {
  uint64_t z = place * 0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d;  // splitmix64
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

// Six digits are enough to look at. By powers of ten that are exact, up to 1e22: the last bits of
// pow and log10 differ from one math library to the next, and with them the golden files would.
double Rounded(double value) {
  const double size = std::abs(value);
  double power = 1;
  if (size >= 1e6) {
    while (size / power >= 1e6) power *= 10;
    return std::round(value / power) * power;
  }
  while (size != 0 && size * power < 1e5) power *= 10;
  return std::round(value * power) / power;
}

CaseReport Case(int64_t index, const std::string& kind, const std::string& rest) {
  CaseReport of;
  of.kind = kind;
  of.index = index;
  of.candidate = "fused";
  of.repro = kind + ":" + rest;
  of.id = of.repro;
  of.seed = 20260311;
  of.status = Verdict::kPassed;
  of.duration_ms = 12.5 * static_cast<double>(index + 1);
  of.params = {{"candidate", "fused"}, {"dtype", "float32"}};
  return of;
}

CaseReport ModelCase(int64_t index, const std::string& kind, const std::string& rest) {
  CaseReport of = Case(index, kind, rest);
  of.params["model"] = "builtin:qwen3_5-tiny";
  of.params["baseline"] = "eager";
  return of;
}

TensorComparison Comparison(int64_t count, double rel_rmse) {
  TensorComparison result;
  result.count = count;
  result.rel_rmse = rel_rmse;
  result.nmse = rel_rmse * rel_rmse;
  result.worst_group_rel_rmse = Rounded(1.3 * rel_rmse);
  result.worst_group = 3;
  result.max_abs_error = Rounded(9 * rel_rmse);
  result.max_abs_error_index = count / 3;
  result.ulp_p50 = 0.5;
  result.ulp_p99 = 3;
  result.ulp_max = 17;
  result.truth_rms = 0.8125;
  result.truth_max_abs = 3.5;
  return result;
}

RowCensus Census(int64_t positions) {
  RowCensus rows;
  rows.positions = positions;
  rows.usable = positions;
  return rows;
}

LogitDrift Drift(int64_t positions, double scale) {
  LogitDrift drift;
  drift.vocabulary = 512;
  drift.rows = Census(positions);
  drift.reference_max_abs = 14.25;
  drift.raw = {9 * scale, 301, 77, scale, 0.6 * scale, 2.7 * scale, 4.5 * scale};
  drift.centered = {8 * scale, 301, 77, 0.9 * scale, 0.5 * scale, 2.5 * scale, 4.25 * scale};
  drift.kl = {2e-11, 1e-12, 1.5e-11, 3e-11, 4e-11, 6e-11, 9e-11, 1.25e-10, 301};
  drift.true_tokens = positions - 1;
  drift.delta_log_p.count = positions - 1;
  drift.delta_log_p.rms = scale;
  drift.delta_p.count = positions - 1;
  drift.delta_p.rms = 0.25 * scale;
  drift.perplexity = {11.5, 11.5 * (1 + 1e-7), 1 + 1e-7, 2e-7, 0.9999};
  constexpr int64_t kBuckets = 32;
  const int64_t width = positions / kBuckets;
  for (int64_t i = 0; i < kBuckets; ++i) {
    DriftBucket bucket;
    bucket.first_position = i * width;
    bucket.last_position = (i + 1) * width - 1;
    bucket.positions = width;
    const double growth =
        (1 + static_cast<double>(i) / kBuckets) * (1 + 0.2 * Noise(static_cast<uint64_t>(i)));
    bucket.max_abs = Rounded(5 * scale * growth);
    bucket.rms = Rounded(scale * growth);
    bucket.max_abs_centered = Rounded(4.5 * scale * growth);
    bucket.rms_centered = Rounded(0.9 * scale * growth);
    bucket.kl_mean = Rounded(2e-11 * growth);
    bucket.kl_max = Rounded(9e-11 * growth);
    drift.buckets.push_back(bucket);
  }
  return drift;
}

LayerDrift Layers(int64_t positions, double scale) {
  LayerDrift drift;
  constexpr int64_t kLayers = 8;
  for (int64_t i = 0; i < kLayers; ++i) {
    LayerFigures layer;
    layer.layer = i;
    layer.positions = positions;
    layer.rel_rmse = Rounded(scale * (1 + 0.5 * static_cast<double>(i)));
    layer.max_abs = Rounded(12 * layer.rel_rmse);
    layer.max_position = 301;
    layer.max_channel = 5;
    layer.reference_rms = 0.75;
    layer.growth = i == 0 ? 0 : Rounded(layer.rel_rmse / drift.layers.back().rel_rmse);
    drift.layers.push_back(layer);
  }
  drift.max_rel_rmse = drift.layers.back().rel_rmse;
  drift.max_layer = kLayers - 1;
  drift.budget = 1e-4;
  drift.growth_per_layer = 1.25;
  return drift;
}

ArmTiming Arm(const std::string& name, int64_t tokens, double milliseconds, uint64_t place) {
  ArmTiming arm;
  arm.name = name;
  arm.units_per_run = static_cast<double>(tokens);
  arm.median_ns = Rounded(milliseconds * 1e6);
  for (uint64_t i = 0; i < 12; ++i) {
    arm.samples_ns.push_back(Rounded(arm.median_ns * (1 + 0.01 * Noise(100 * place + i))));
  }
  arm.min_ns = Rounded(0.98 * arm.median_ns);
  arm.p10_ns = Rounded(0.985 * arm.median_ns);
  arm.p90_ns = Rounded(1.02 * arm.median_ns);
  arm.iqr_ns = Rounded(0.01 * arm.median_ns);
  arm.cv = 0.0125;
  arm.units_per_second = Rounded(static_cast<double>(tokens) / (milliseconds * 1e-3));
  arm.warm_up_calls = 8;
  arm.warmed_up = true;
  arm.counters.unavailable = "no perf events here";
  return arm;
}

TimingResult Timing(int64_t tokens, double speedup, uint64_t place) {
  TimingResult timing;
  timing.verdict = Verdict::kPassed;
  timing.outcome = TimingOutcome::kImproved;
  const double milliseconds = 0.05 * static_cast<double>(tokens);
  timing.a = Arm("fused", tokens, milliseconds, place);
  timing.b = Arm("eager", tokens, milliseconds * speedup, place + 1);
  for (uint64_t i = 0; i < 6; ++i) {
    timing.order.emplace_back(i % 2 == 0 ? "ABBA" : "BAAB");
    timing.log_ratios.push_back(Rounded((speedup - 1) * (1 + 0.01 * Noise(1000 * place + i))));
  }
  timing.n = 6;
  timing.calls_per_sample = 3;
  timing.speedup = {speedup, Rounded(0.985 * speedup), Rounded(1.015 * speedup), 0.95,
                    "order statistics 1 and 6 of 6, look 1 of 4"};
  timing.min_ratio = Rounded(0.99 * speedup);
  timing.median_ratio = Rounded(1.01 * speedup);
  timing.tests = {0.03125, 0.002, 1, 0.0625};
  timing.outliers = {1, 0};
  timing.noise.aa_floor = 0.004;
  timing.noise.mde = 0.011;
  timing.noise.n_aa = 3;
  timing.noise.same_log_ratios = {0.001, -0.002, 0.0015};
  timing.noise.control_ratio = 1.001;
  timing.gflops = 42.5;
  timing.gbps = 3.25;
  timing.peak_share = 0.62;
  timing.spent_s = 1.5;
  return timing;
}

}  // namespace

CaseReport ExampleKernelCase(int64_t index, int64_t tokens, const std::string& regime) {
  CaseReport of = Case(index, "kernel", fmt::format("T={},gates={}", tokens, regime));
  of.params["tokens"] = std::to_string(tokens);
  of.params["regime"] = regime;
  of.params["check"] = "accuracy";
  CorrectnessResult& correctness = of.correctness.emplace();
  correctness.check = "accuracy";
  correctness.target = "AVX3_ZEN4";
  correctness.input_hash = "fedcba9876543210";
  const double error = 1.5e-7 + 1e-10 * static_cast<double>(tokens);
  for (const char* name : {"output", "state"}) {
    TensorResult tensor;
    tensor.name = name;
    tensor.dtype = "float32";
    tensor.shape = {1, 16, tokens, 128};
    tensor.result = Comparison(16 * tokens * 128, Rounded(error));
    tensor.reference_rel_rmse = Rounded(1.1 * error);
    tensor.rounding_slack = 0x1p-23;
    tensor.error_ratio =
        Rounded((tensor.result.rel_rmse - tensor.rounding_slack) / tensor.reference_rel_rmse);
    tensor.snr_db = 136.5;
    tensor.digest = {"0123456789abcdef", 0.8125, {0.5, -1, 0.25, 2, -0.125, 0.75, -1.5, 1}};
    correctness.tensors.push_back(tensor);
    correctness.findings.push_back(
        {Rule::kRelative, name, Verdict::kPassed, tensor.result.rel_rmse, 4.5e-7, ""});
  }
  of.metrics = CaseMetrics(of);
  return of;
}

CaseReport ExampleFailedKernelCase(int64_t index) {
  CaseReport of = ExampleKernelCase(index, 65, "spikes");
  of.status = Verdict::kFailed;
  of.reason_code = "rule";
  of.reason = "R1 state failed: 3.1e-05 > 5.2e-07 (head 3)";
  TensorResult& state = of.correctness->tensors[1];
  state.result.rel_rmse = 3.1e-5;
  state.error_ratio = std::numeric_limits<double>::infinity();
  state.reference_rel_rmse = 0;
  Finding& finding = of.correctness->findings[1];
  finding.verdict = Verdict::kFailed;
  finding.observed = std::numeric_limits<double>::quiet_NaN();
  finding.detail = "head 3";
  of.metrics = CaseMetrics(of);
  return of;
}

CaseReport ExampleDriftCase(int64_t index, const std::string& text) {
  CaseReport of = ModelCase(index, "drift", "text=" + text + ",by_layer=yes");
  of.params["text"] = text;
  of.params["tokens"] = "512";
  DriftResult& drift = of.drift.emplace();
  drift.baseline = Drift(512, 1.25e-6);
  drift.truth = Drift(512, 1e-6);
  drift.baseline_to_truth = Drift(512, 1.5e-6);
  drift.layers_baseline = Layers(512, 2e-7);
  drift.layers_truth = Layers(512, 1.75e-7);
  drift.layers_baseline_to_truth = Layers(512, 2.5e-7);
  of.metrics = CaseMetrics(of);
  return of;
}

CaseReport ExampleAgreementCase(int64_t index) {
  CaseReport of = ModelCase(index, "agreement", "text=builtin:pydoc");
  of.params["text"] = "builtin:pydoc";
  of.params["tokens"] = "512";
  Agreement& agreement = of.agreement.emplace();
  agreement.rows = Census(512);
  agreement.agree = 511;
  agreement.tie_flip = 1;
  agreement.agree_share = 511.0 / 512;
  agreement.agree_interval = {0.989, 0.99965};
  agreement.tie_flip_share = 1.0 / 512;
  agreement.mismatch_interval = {0, 0.00745};
  agreement.noise = 1.25e-6;
  agreement.tau_median = 5e-6;
  agreement.tau_max = 7.5e-6;
  agreement.tie_density = 1.0 / 512;
  agreement.top5_overlap = 1;
  agreement.top10_overlap = 0.9996;
  agreement.top5_overlap_min = 1;
  agreement.top10_overlap_min = 0.8181;
  agreement.tie_flips = {{TokenMatch::kTieFlip, 301, 7, 11, 2e-6, 1e-6, 2e-6, 2, 5e-6}};
  of.metrics = CaseMetrics(of);
  return of;
}

CaseReport ExampleGreedyCase(int64_t index) {
  CaseReport of = ModelCase(index, "greedy", "prompts=2");
  of.params["prompts"] = "2";
  GreedyReport& greedy = of.greedy.emplace();
  GreedyPrompt identical;
  identical.prompt = "builtin:pydoc 0";
  identical.result.reference_tokens = 64;
  identical.result.candidate_tokens = 64;
  identical.result.matched_prefix = 64;
  GreedyPrompt tie = identical;
  tie.prompt = "builtin:pydoc 1";
  tie.result.greedy_class = GreedyClass::kTieBreak;
  tie.result.matched_prefix = 40;
  tie.result.first_divergence = 40;
  tie.result.reference_token = 7;
  tie.result.candidate_token = 11;
  tie.result.reanchored_tokens = 23;
  tie.result.reanchored_matched = 23;
  greedy.prompts = {identical, tie};
  Agreement& agreement = greedy.agreement.emplace();
  agreement.rows = Census(128);
  agreement.agree = 127;
  agreement.tie_flip = 1;
  agreement.agree_share = 0.9921875;
  agreement.agree_interval = {0.957, 0.9986};
  agreement.tie_flip_share = 0.0078125;
  agreement.mismatch_interval = {0, 0.0291};
  agreement.noise = 1.25e-6;
  agreement.tau_median = agreement.tau_max = 5e-6;
  agreement.tie_density = 0.0078125;
  agreement.top5_overlap = agreement.top10_overlap = 1;
  agreement.top5_overlap_min = agreement.top10_overlap_min = 1;
  agreement.tie_flips = {{TokenMatch::kTieFlip, 104, 7, 11, 2e-6, 1e-6, 2e-6, 2, 5e-6}};
  greedy.summary.prompts = 2;
  greedy.summary.identical = 1;
  greedy.summary.tie_break = 1;
  greedy.summary.first_divergence = 40;
  greedy.summary.matched_prefix = SpreadOf({40, 64});
  of.metrics = CaseMetrics(of);
  return of;
}

CaseReport ExampleInvarianceCase(int64_t index) {
  CaseReport of = ModelCase(index, "invariance", "check=pieces");
  of.params["check"] = "pieces";
  of.params["tokens"] = "129";
  InvarianceResult& invariance = of.invariance.emplace();
  invariance.check = "pieces";
  InvarianceComparison comparison;
  comparison.what = "129 tokens in one call against 64 + 65";
  comparison.compared = 129 * 512;
  comparison.max_abs = 2.5e-6;
  comparison.max_position = 128;
  comparison.max_token = 9;
  comparison.limit = 1e-4;
  invariance.comparisons.push_back(comparison);
  of.metrics = CaseMetrics(of);
  return of;
}

CaseReport ExampleTimingCase(int64_t index, const std::string& kind, int64_t tokens,
                             double speedup) {
  CaseReport of = ModelCase(index, kind, fmt::format("tokens={}", tokens));
  of.params["tokens"] = std::to_string(tokens);
  of.params["threads"] = "1";
  if (kind == "decode") of.params["context"] = "0";
  of.performance = Timing(tokens, speedup, static_cast<uint64_t>(index));
  of.metrics = CaseMetrics(of);
  return of;
}

std::vector<Gate> ExampleGates() {
  return {
      {"kernel.error_ratio", {}, 2, "", "", LimitSource::kConfig},
      {"model.logit_drift.max_abs", {}, 1e-4, "", "", LimitSource::kTolerances},
      {"model.agreement.mismatch", {}, 0, "", "", LimitSource::kConfig},
      {"performance.prefill.speedup", 1.3, {}, "tokens=512", "fused", LimitSource::kConfig},
  };
}

Report ExampleEnvelope() {
  Report report;
  report.report_id = "0f8fad5b-d9cb-4a5f-8a16-0f0b1a2c3d4e";
  report.run_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
  report.created_at = "2026-03-11T09:30:00Z";
  report.duration_s = 42.5;
  report.config = {"quick", "configs/quick.yaml",
                   "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
                   Json::MakeObject({{"name", "quick"}, {"seed", 20260311}, {"truth", "oracle"}})};
  report.vcs = {"example/deltagauge", "main", "0123456789abcdef0123456789abcdef01234567", "", "12"};
  report.ci = CiReport{"github", "77", "3", "1", "https://ci.example/77"};
  report.tool.version = "0.1.0";
  report.tool.commit = report.vcs.head_sha;
  report.tool.build_type = "Release";
  report.tool.compiler = "g++ 12.2.0";
  report.tool.flags = "-O3 -DNDEBUG";
  report.tool.libraries = {{"highway", "1.0.3"}, {"libtorch", "2.13.0"}};
  report.tool.platform = "linux-x86_64";
  Machine& machine = report.machine;
  machine.fingerprint = "8f14e45fceea167a";
  machine.name = "bench-1";
  machine.os = "Debian GNU/Linux 12 (bookworm)";
  machine.kernel = "6.1.0-18-amd64";
  machine.arch = "x86_64";
  machine.cpu_model = "Example CPU 9000";
  machine.microcode = "0xa101";
  machine.sockets = 1;
  machine.cores = 2;
  machine.threads = 2;
  machine.smt = false;
  machine.caches = {{1, "Data", 49152, 1}, {2, "Unified", 1048576, 1}};
  machine.memory_bytes = int64_t{16} << 30;
  machine.numa_nodes = 1;
  machine.isa = {"avx2", "avx512f", "fma"};
  machine.isa_dispatched = "AVX3_ZEN4";
  machine.virtualisation = "kvm";
  machine.mhz_nominal = 2600;
  machine.affinity = "0-1";
  machine.affinity_count = 2;
  machine.load_avg = 0.25;
  machine.steal_pct = 0.125;
  machine.aslr = "full";
  machine.env_threads = {{"OMP_NUM_THREADS", "1"}};
  machine.intra_threads = 1;
  machine.inter_threads = 1;
  report.preflight = {{"virtualisation", PreflightFinding::Severity::kNote,
                       "this is a virtual machine", "time on bare metal"}};
  report.arms = {{"eager", "baseline", "2.13.0", "ATen, token by token"},
                 {"fused", "candidate", "0.1.0", "the fused kernel"},
                 {"oracle", "truth", "0.1.0", "fp64 recurrence"}};
  report.models = {{"builtin:qwen3_5-tiny", "qwen3_5", "", "aa11", "bb22", 8, 6, 512}};
  report.texts = {{"builtin:pydoc", "cc33", 512, 8}, {"builtin:wordnet", "dd44", 512, 8}};
  report.gate_policy.today = "2026-03-11";
  return report;
}

Report ExamplePassingReport() {
  Report report = ExampleEnvelope();
  int64_t index = 0;
  for (const char* regime : {"none", "long", "strong"}) {
    for (const int64_t tokens : {1, 64, 65, 512}) {
      report.cases.push_back(ExampleKernelCase(index++, tokens, regime));
    }
  }
  report.cases.push_back(ExampleDriftCase(index++, "builtin:pydoc"));
  report.cases.push_back(ExampleDriftCase(index++, "builtin:wordnet"));
  report.cases.push_back(ExampleAgreementCase(index++));
  report.cases.push_back(ExampleGreedyCase(index++));
  report.cases.push_back(ExampleInvarianceCase(index++));
  report.cases.push_back(ExampleTimingCase(index++, "timing", 512, 3.25));
  report.cases.push_back(ExampleTimingCase(index++, "prefill", 128, 1.5));
  report.cases.push_back(ExampleTimingCase(index++, "prefill", 512, 1.625));
  report.cases.push_back(ExampleTimingCase(index++, "decode", 16, 1.0625));
  JudgeReport(ExampleGates(), &report);
  return report;
}

Report ExampleFailingReport() {
  Report report = ExamplePassingReport();
  CaseReport failed = ExampleFailedKernelCase(static_cast<int64_t>(report.cases.size()));
  failed.params["note"] = "a|b `c` </script><b>&\"'\xff]]>\x01";
  failed.reason += " a|b `c` </script><b>&\"'\xff]]>\x01";
  report.cases.push_back(failed);
  CaseReport skipped = Case(static_cast<int64_t>(report.cases.size()), "kernel", "T=1,target=SVE2");
  skipped.params["check"] = "accuracy";
  skipped.status = Verdict::kSkipped;
  skipped.reason_code = "no_target";
  skipped.reason = "this machine has no SVE2";
  report.cases.push_back(skipped);
  report.waivers = {
      {"model.logit_drift.rms *", "R. Reviewer", "known until the next release", "2026-12-31"},
      {"model.kld.max *", "R. Reviewer", "was known", "2026-01-31"}};
  std::vector<Gate> gates = ExampleGates();
  gates.push_back({"model.logit_drift.rms", {}, 1e-7, "", "", LimitSource::kConfig});
  gates.push_back({"model.kld.max", {}, 1e-12, "", "", LimitSource::kConfig});
  gates.push_back({"performance.prefill.speedup", 1.5, {}, "tokens=128", "", LimitSource::kConfig});
  gates.push_back({"performance.decode.speedup", 1.5, {}, "", "", LimitSource::kConfig});
  gates.push_back(
      {"performance.prefill.speedup", 1.3, {}, "tokens=4096", "", LimitSource::kConfig});
  JudgeReport(gates, &report);
  return report;
}

}  // namespace deltagauge
