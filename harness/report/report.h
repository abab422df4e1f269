// The report of a run: everything that a reader, a comparison, an exporter, a page or a store may
// want to know of it. Only this crosses over to them; none of them looks anywhere else.
//
// report_json.h writes and reads it; reports/report.schema.json describes the JSON, whose names are
// those of the fields here unless report_fields.h says otherwise. What could not be found out is
// absent (an empty optional, an empty string), never a guess.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/drift/agreement.h"
#include "harness/drift/drift.h"
#include "harness/drift/greedy.h"
#include "harness/drift/layer_drift.h"
#include "harness/kernel/comparison.h"
#include "harness/kernel/pass_rules.h"
#include "harness/kernel/tensor_digest.h"
#include "harness/report/gates.h"
#include "harness/report/json.h"
#include "harness/report/metric_names.h"
#include "harness/timing/machine.h"
#include "harness/timing/preflight.h"
#include "harness/timing/timing_result.h"

namespace deltagauge {

// Semantic version of the JSON: a new optional field raises the second number, anything that an
// older reader would misread raises the first.
inline constexpr std::string_view kReportSchemaVersion = "1.2.0";
inline constexpr std::string_view kReportSchema = "urn:deltagauge:schema:report:1";

// One figure of a case, by its name in metric_names.h. `CaseMetrics` (report_metrics.h) takes them
// from the parts of a case; gates and exporters read nothing else.
struct Metric {
  std::string name;
  double value = 0;
  std::string unit;
  Direction direction = Direction::kSmallerIsBetter;
  // Where the figure is an estimate: its interval, at `level`.
  std::optional<double> ci_lo;
  std::optional<double> ci_hi;
  std::optional<double> level;
  // What the measurement shows where nothing differs, as |log ratio|.
  std::optional<double> floor;

  bool operator==(const Metric&) const = default;
};

// One tensor of a kernel, against its fp64 truth.
struct TensorResult {
  std::string name;              // "output", "state", "snapshots"
  std::optional<int64_t> layer;  // of the model that the inputs were captured from
  std::string dtype;
  std::vector<int64_t> shape;
  TensorComparison result;
  double reference_rel_rmse = 0;  // the worst of the float32 references' own
  double rounding_slack = 0;      // of rule R1, in relative RMS
  // max(0, result.rel_rmse - rounding_slack) / reference_rel_rmse; 0/0 is 0.
  double error_ratio = 0;
  std::optional<double> snr_db;        // -10 log10(nmse); absent where the error is 0
  std::optional<TensorDigest> digest;  // of kernel cases, since 1.1
};

struct CorrectnessResult {
  std::string check;   // "accuracy", "threads", ...
  std::string target;  // instruction set, named by the code that ran
  std::vector<Finding> findings;
  std::vector<TensorResult> tensors;
  // Of kernel cases, since 1.1: 16 hex digits of HashInputs (harness/kernel/inputs.h).
  std::optional<std::string> input_hash;
};

// One text, teacher-forced. The pairs that were not run are absent.
struct DriftResult {
  std::optional<LogitDrift> baseline;           // candidate against the baseline
  std::optional<LogitDrift> truth;              // candidate against fp64
  std::optional<LogitDrift> baseline_to_truth;  // so that a reader sees whose error it is
  std::optional<LayerDrift> layers_baseline;
  std::optional<LayerDrift> layers_truth;
  std::optional<LayerDrift> layers_baseline_to_truth;
};

struct GreedyPrompt {
  std::string prompt;  // which: its text or its place
  GreedyResult result;
};

struct GreedyReport {
  GreedySummary summary;
  std::optional<Agreement> agreement;  // along all continuations; since 1.2
  std::vector<GreedyPrompt> prompts;
};

// Two ways to compute the same, compared logit by logit.
struct InvarianceComparison {
  std::string what;      // "129 tokens in one call against 64 + 65"
  int64_t compared = 0;  // logits
  bool same_bits = false;
  double max_abs = 0;
  int64_t max_position = -1;
  int64_t max_token = -1;
  std::optional<double> limit;  // of max_abs; absent: the same bits are asked for
};

struct InvarianceResult {
  std::string check;  // "pieces", "decode", "threads", "repeat"
  std::vector<InvarianceComparison> comparisons;
};

struct CaseReport {
  std::string id;     // unique in the report, the same in every report that asks the same
  int64_t index = 0;  // place in the plan of the whole run, from 0; cases are in this order
  std::string kind;   // "kernel", "drift", ...: the first word of the repro line
  std::string candidate;
  std::map<std::string, std::string, std::less<>> params;
  uint64_t seed = 0;
  std::string repro;  // for `deltagauge repro`
  Verdict status = Verdict::kError;
  std::string reason_code;  // a stable word: "rule", "contaminated", "no_target"; empty if passed
  std::string reason;       // a sentence; empty if passed
  double duration_ms = 0;
  // Fingerprint of the machine that it ran on, where it is one of `other_machines`.
  std::optional<std::string> machine;
  std::vector<Metric> metrics;

  std::optional<CorrectnessResult> correctness;
  std::optional<DriftResult> drift;
  std::optional<Agreement> agreement;
  std::optional<GreedyReport> greedy;
  std::optional<InvarianceResult> invariance;
  std::optional<TimingResult> performance;
};

struct ShardReport {
  int index = 1;  // from 1
  int count = 1;
};

struct ConfigReport {
  std::string name;
  std::string path;
  std::string sha256;  // of the resolved configuration's text
  Json resolved;
};

struct VcsReport {
  std::string repo;
  std::string branch;
  std::string head_sha;
  std::string base_sha;
  std::string pull_request;
};

struct CiReport {
  std::string provider;
  std::string workflow_id;
  std::string job_id;
  std::string run_attempt;
  std::string url;
};

struct ToolReport {
  std::string name = "deltagauge";
  std::string version;
  std::string commit;
  bool dirty = false;
  std::string build_type;
  std::string compiler;
  std::string flags;
  std::map<std::string, std::string, std::less<>>
      libraries;                        // "libtorch": "2.13.0", "highway": ...
  std::optional<std::string> platform;  // that it was built for: "linux-x86_64"; since 1.1
};

struct ArmReport {
  std::string name;
  std::string role;  // "truth", "baseline", "candidate"
  std::string version;
  std::string description;
};

struct ModelReport {
  std::string name;  // as cases refer to it
  std::string arch;
  std::string revision;
  std::string weights_sha256;
  std::string tokenizer_sha256;
  int64_t layers = 0;
  int64_t linear_layers = 0;
  int64_t vocabulary = 0;
};

struct TextReport {
  std::string name;  // as cases refer to it
  std::string sha256;
  int64_t tokens = 0;
  int64_t prompts = 0;
};

struct VerdictCount {
  Verdict verdict = Verdict::kError;
  int64_t cases = 0;
  int64_t gates = 0;
};

struct SummaryReport {
  Verdict verdict = Verdict::kInvalid;
  int exit_code = kExitInvalid;
  std::string headline;              // one sentence
  std::vector<VerdictCount> counts;  // those that occur, from bad to good
};

struct Report {
  std::string schema_version{kReportSchemaVersion};
  std::string report_id;  // UUID
  std::string run_id;     // shared by the shards of a run
  std::optional<ShardReport> shard;
  std::vector<std::string> parent_report_ids;  // of a merged report
  std::string created_at;                      // RFC 3339, UTC
  double duration_s = 0;
  // Whether every case that was planned is here. If not, `incomplete_reason` says why ("interrupted
  // after 12 of 40 cases").
  bool complete = true;
  std::string incomplete_reason;

  ConfigReport config;
  VcsReport vcs;
  std::optional<CiReport> ci;
  ToolReport tool;
  Machine machine;
  std::vector<Machine> other_machines;  // of a merged report whose shards ran on several
  std::vector<PreflightFinding> preflight;
  std::vector<ArmReport> arms;  // these three in the order of their names
  std::vector<ModelReport> models;
  std::vector<TextReport> texts;
  std::vector<CaseReport> cases;
  GatePolicy gate_policy;
  std::vector<Waiver> waivers;  // all that were given, those that changed nothing too
  std::vector<GateResult> gates;
  SummaryReport summary;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_H_
