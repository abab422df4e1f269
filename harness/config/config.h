// What a run shall do, as one value: every name resolved, every default filled in, every number in
// range. config_yaml.h reads it, run_plan.h turns it into cases; it knows neither YAML nor kernels.
//
// Where a part is absent (no `performance`, no `drift`), no case of that kind runs. Without gates a
// run still judges: rules R1 to R7 (pass_rules.h) hold in every kernel and captured case, and the
// invariances in every invariance case. A gate adds a limit on a metric, it never removes a rule.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel/case.h"

namespace deltagauge {

// The type in which a model's weights and activations are held.
enum class ModelDataType : uint8_t { kFloat32, kBFloat16, kFloat64 };

// What must not change a model's result; see run_case.h.
enum class InvarianceKind : uint8_t {
  kPieces,   // the prompt in one call or in pieces
  kDecode,   // the last tokens by prefill or one by one
  kThreads,  // one thread or several
  kRepeat,   // the same call twice: the same bits
};

enum class ModelTiming : uint8_t { kPrefill, kDecode };

template <>
std::span<const NamedValue<ModelTiming>> NamesOf();
template <>
std::span<const NamedValue<ModelDataType>> NamesOf();
template <>
std::span<const NamedValue<InvarianceKind>> NamesOf();

// Names that are no paths. A text or a model that doesn't begin with one of the schemes is a path.
inline constexpr std::array<std::string_view, 2> kModelNames = {"builtin:qwen3_5-tiny",
                                                                "graft:qwen3_5-0.8b"};
inline constexpr std::array<std::string_view, 2> kTextNames = {"builtin:pydoc", "builtin:wordnet"};
// Arms that every build has. Each may be a candidate or the baseline; the truth is the oracle.
inline constexpr std::array<std::string_view, 4> kArmNames = {"oracle", "eager", "chunked",
                                                              "fused"};

// What becomes of an arm from outside that isn't there.
enum class Fallback : uint8_t {
  kNone,   // the run does not begin
  kSkip,   // its cases are skipped
  kEager,  // in place of a torch_op: the reference token by token, under its name
};

// Where a recurrence from outside has its inputs translated into its own conventions when the rule
// alone is timed. Inside a model the clock has it always.
enum class Translation : uint8_t { kOutside, kInside };

template <>
std::span<const NamedValue<Fallback>> NamesOf();
template <>
std::span<const NamedValue<Translation>> NamesOf();

// Operators whose conventions are known.
inline constexpr std::array<std::string_view, 3> kTorchOps = {
    "llama::gated_delta_rule", "llama::recurrent_gated_delta_rule", "deltagauge::gated_delta_rule"};

// An operator that a library registers with libtorch.
struct TorchOpConfig {
  std::string library;  // empty: looked for, see harness/model/torch_operator.h
  std::string op = "llama::gated_delta_rule";

  bool operator==(const TorchOpConfig&) const = default;
};

struct TextConfig {
  std::string path;    // one of kTextNames or a file of UTF-8
  int64_t offset = 0;  // first token

  bool operator==(const TextConfig&) const = default;
};

// Logits that another engine computed for a text: a file as harness/model/foreign_logits.h says.
struct LogitsConfig {
  TextConfig text;
  std::string file;  // path

  bool operator==(const LogitsConfig&) const = default;
};

// An arm that isn't ours: a plug-in (kernels/candidate.h), an operator, or logits.
struct OutsideArm {
  std::string name;
  std::string plugin;  // path; empty: none
  std::optional<TorchOpConfig> torch_op;
  std::vector<LogitsConfig> logits = {};  // empty: none
  Fallback fallback = Fallback::kNone;
  Translation translation = Translation::kOutside;

  bool operator==(const OutsideArm&) const = default;
};

// Sizes of kernel cases; one case for each of `tokens`. The checks that run a case dozens of times
// (pieces, contagion, snapshots) take only the longest of them up to kLongestCostlyCheck, or the
// shortest.
inline constexpr int64_t kLongestCostlyCheck = 65;

struct KernelShape {
  std::vector<int64_t> tokens;
  int64_t sequences = 1;
  int64_t value_heads = 16;
  int64_t key_heads = 16;
  int64_t key_dim = 128;
  int64_t value_dim = 128;
  std::vector<CheckKind> checks;  // resolved: never empty

  bool operator==(const KernelShape&) const = default;
};

struct KernelConfig {
  std::vector<KernelShape> shapes;
  std::vector<GateRegime> regimes = {GateRegime::kNone, GateRegime::kLong, GateRegime::kStrong};
  std::vector<DataType> dtypes = {DataType::kFloat32};
  // Guards (R6) and repeatability (R7) are part of accuracy.
  std::vector<CheckKind> checks = {CheckKind::kAccuracy};
  std::vector<int> threads;       // of each accuracy case; resolved: never empty
  bool standard_cases = false;    // also what `deltagauge check` runs (kernel_plan.h)
  std::vector<KernelCase> cases;  // also these, as repro lines

  bool operator==(const KernelConfig&) const = default;
};

struct DriftConfig {
  std::optional<int64_t> positions;  // absent: all; else the first so many
  bool by_layer = false;             // also layer by layer, to see where drift begins
  bool by_arm = true;                // also each arm against the truth, to see whose error it is

  bool operator==(const DriftConfig&) const = default;
};

struct GreedyConfig {
  int64_t prompts = 8;         // cut evenly from each text, unless the model has prompts of its own
  int64_t prompt_tokens = 32;  // of those cut from texts
  int64_t tokens = 64;         // to continue by

  bool operator==(const GreedyConfig&) const = default;
};

struct AgreementConfig {
  bool teacher_forced = true;
  std::optional<GreedyConfig> greedy;

  bool operator==(const AgreementConfig&) const = default;
};

// The rule's own q, k, v, g, beta inside the model, as kernel cases.
struct CapturedConfig {
  std::vector<int64_t> layers;  // empty: all linear-attention layers
  int64_t tokens = 256;

  bool operator==(const CapturedConfig&) const = default;
};

struct InvarianceConfig {
  std::vector<InvarianceKind> checks = {InvarianceKind::kPieces, InvarianceKind::kDecode,
                                        InvarianceKind::kThreads, InvarianceKind::kRepeat};
  std::vector<int64_t> tokens = {129};

  bool operator==(const InvarianceConfig&) const = default;
};

struct ModelRunConfig {
  std::string path;  // one of kModelNames or a checkpoint's folder
  std::vector<ModelDataType> dtypes = {ModelDataType::kFloat32};
  std::vector<TextConfig> texts;
  int64_t tokens = 512;              // of each text
  std::vector<std::string> prompts;  // literal, for greedy continuation
  std::vector<int> threads;          // resolved: never empty
  // What of `performance` is timed on this model.
  std::vector<ModelTiming> performance = {ModelTiming::kPrefill, ModelTiming::kDecode};
  std::optional<DriftConfig> drift;
  std::optional<AgreementConfig> agreement;
  std::optional<CapturedConfig> captured_inputs;
  std::optional<InvarianceConfig> invariance;

  bool operator==(const ModelRunConfig&) const = default;
};

inline bool IsTimed(const ModelRunConfig& model, ModelTiming timing) {
  return std::ranges::find(model.performance, timing) != model.performance.end();
}

struct PrefillTimingConfig {
  std::vector<int64_t> tokens;

  bool operator==(const PrefillTimingConfig&) const = default;
};

struct DecodeTimingConfig {
  std::vector<int64_t> context;  // tokens before the first decoded one
  int64_t tokens = 16;           // decoded in each call that is timed

  bool operator==(const DecodeTimingConfig&) const = default;
};

struct KernelTimingConfig {
  std::vector<int64_t> tokens;
  std::vector<DataType> dtypes = {DataType::kFloat32};
  int64_t value_heads = 16;
  int64_t key_heads = 16;
  int64_t key_dim = 128;
  int64_t value_dim = 128;

  bool operator==(const KernelTimingConfig&) const = default;
};

// How one speedup is measured; see timing_policy.h.
struct ProtocolConfig {
  double min_effect = 0.02;  // a slowdown under it is none
  double confidence = 0.95;  // of the interval
  double budget_s = 40;      // seconds for all timed cases of the run together
  int64_t max_quads = 400;   // A B B A
  // Of a case alone, from the gate that asks for the largest speedup; 0: is it no slower?
  double speedup_target = 0;
  int64_t input_sets = 4;  // walked through, so that no call repeats the one before

  bool operator==(const ProtocolConfig&) const = default;
};

struct PerformanceConfig {
  std::optional<PrefillTimingConfig> prefill;
  std::optional<DecodeTimingConfig> decode;
  std::optional<KernelTimingConfig> kernel;
  std::vector<int> threads;  // resolved: never empty
  ProtocolConfig protocol;

  bool operator==(const PerformanceConfig&) const = default;
};

enum class LimitSource : uint8_t { kConfig, kTolerances };

template <>
std::span<const NamedValue<LimitSource>> NamesOf();

// A limit on a metric, in every case that has the metric and to which `at` and `candidate` apply.
// At least one of min and max is there; both ends belong to what passes.
struct Gate {
  std::string metric;  // of metric_names.h
  std::optional<double> min;
  std::optional<double> max;
  // "tokens=512,dtype=bfloat16": the case's own parameters, by the names of its repro line.
  // Canonical: sorted, no spaces. Empty: every case.
  std::string at;
  std::string candidate;  // empty: every candidate
  LimitSource source = LimitSource::kConfig;

  bool operator==(const Gate&) const = default;
};

// A number that a gate without min and max takes, one for each dtype.
struct Tolerance {
  std::string dtype;
  std::string metric;
  std::optional<double> min;
  std::optional<double> max;

  bool operator==(const Tolerance&) const = default;
};

struct Config {
  std::string name;
  uint64_t seed = 1;
  std::string truth = "oracle";
  std::string baseline = "eager";
  std::vector<std::string> candidates = {"fused"};
  // Those of the baseline and the candidates that a map describes in the file, in that order.
  std::vector<OutsideArm> outside;
  std::vector<int> threads = {1};  // where a part below names none
  std::optional<KernelConfig> kernel;
  std::vector<ModelRunConfig> models;
  std::optional<PerformanceConfig> performance;
  std::vector<Gate> gates;            // with their numbers
  std::vector<Tolerance> tolerances;  // in order of dtype, then metric

  bool operator==(const Config&) const = default;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_H_
