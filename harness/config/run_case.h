// One case of a run as one value, whatever its kind. It prints itself as a line that can be pasted
// back (`deltagauge repro 'LINE'`), and parses:
//
//   kernel:T=65,Hv=16,gates=spikes,dtype=bfloat16,candidate=chunked
//   drift:model=builtin:qwen3_5-tiny,text=builtin:wordnet,tokens=256,by_layer=yes
//   timing:tokens=512,dtype=bfloat16,threads=2
//
// The grammar is that of case.h: the kind and a colon, then `name=value` pairs separated by commas,
// each name at most once, no spaces. Fields that hold their default may be left out; printed are
// those that don't, and (but in kernel cases) model, text, tokens, check and context. Characters of
// names, paths and prompts other than A-Z a-z 0-9 _ . / : + ~ @ - stand as %XX, byte by byte of
// UTF-8.
//
// | kind       | what                                           | metrics                       |
// |------------|------------------------------------------------|-------------------------------|
// | kernel     | a KernelCase (case.h) with a candidate         | kernel.*                      |
// | captured   | the rule's own inputs inside a model           | kernel.*                      |
// | drift      | a text's logits, against baseline and truth    | model.logit_drift.*, kld, ... |
// | agreement  | a text's next tokens, teacher-forced           | model.agreement.*             |
// | greedy     | greedy continuation of prompts                 | model.greedy.*                |
// | invariance | what must not change a model's result          | invariance.*                  |
// | timing     | speed of the kernel alone                      | performance.kernel.*          |
// | prefill    | speed of a model over a prompt                 | performance.prefill.*         |
// | decode     | speed of a model token by token                | performance.decode.*          |
//
// | field         | of kinds                 | value                           | default         |
// |---------------|--------------------------|---------------------------------|-----------------|
// | candidate     | all                      | name of an arm                  | fused           |
// | baseline      | all but kernel, captured | name of an arm                  | eager           |
// | model         | all but kernel, timing   | a name or a folder              | the tiny one    |
// | dtype         | all                      | float32, bfloat16; of a model   | float32         |
// |               |                          | float64 too                     |                 |
// | threads       | all                      | 1 to 256                        | 1               |
// | text          | of a model               | a name or a file                | builtin:pydoc   |
// | offset        | of a model               | first token of the text         | 0               |
// | tokens        | all but kernel (T)       | of the text; greedy: to go on   | 512; captured   |
// |               |                          | by; decode: in a timed call     | 256, greedy 64, |
// |               |                          |                                 | invariance 129, |
// |               |                          |                                 | decode 16       |
// | positions     | drift, agreement         | all, or the first n             | all             |
// | by_layer      | drift                    | yes, no                         | no              |
// | truth         | drift                    | oracle, none                    | oracle          |
// | layer         | captured                 | all, or one, from 0             | all             |
// | prompt        | greedy                   | a literal prompt, not one cut   | none            |
// |               |                          | from a text                     |                 |
// | prompts       | greedy                   | how many, cut from the text     | 8               |
// | prompt_tokens | greedy                   | of each                         | 32              |
// | only          | greedy                   | all, or one of them, from 0     | all             |
// | check         | invariance               | pieces, decode, threads, repeat | pieces          |
// | context       | decode                   | tokens before the decoded ones  | 0               |
// | seed          | invariance and the timed | of inputs and random orders     | 1               |
// | Hv, Hk, K, V  | timing                   | as in case.h                    | 16, 16, 128,    |
// |               |                          |                                 | 128             |
// | gates, target | timing                   | as in case.h                    | long, the best  |
// | min_effect, confidence, budget_s, | the timed | ProtocolConfig in config.h | its own;        |
// | max_quads, input_sets,            |           |                            | budget_s 10     |
// | speedup_target                    |           |                            |                 |
#ifndef DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_H_
#define DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/config/config.h"
#include "harness/kernel/case.h"

namespace deltagauge {

// What every case inside a model shares.
struct ModelSetup {
  std::string candidate = "fused";
  std::string baseline = "eager";
  std::string model = "builtin:qwen3_5-tiny";
  ModelDataType data_type = ModelDataType::kFloat32;
  int threads = 1;

  bool operator==(const ModelSetup&) const = default;
};

// Tokens [offset, offset + tokens) of a text.
struct TextSpan {
  std::string path = "builtin:pydoc";
  int64_t offset = 0;
  int64_t tokens = 512;

  bool operator==(const TextSpan&) const = default;
};

struct KernelRun {
  KernelCase kernel_case;
  std::string candidate = "fused";

  bool operator==(const KernelRun&) const = default;
};

struct CapturedRun {
  ModelSetup setup;  // the baseline doesn't count and holds its default
  TextSpan text = {.tokens = 256};
  std::optional<int64_t> layer;  // absent: all linear-attention layers

  bool operator==(const CapturedRun&) const = default;
};

struct DriftRun {
  ModelSetup setup;
  TextSpan text;
  std::string truth = "oracle";      // or "none": candidate against baseline only
  std::optional<int64_t> positions;  // absent: all
  bool by_layer = false;

  bool operator==(const DriftRun&) const = default;
};

struct AgreementRun {
  ModelSetup setup;
  TextSpan text;
  std::optional<int64_t> positions;

  bool operator==(const AgreementRun&) const = default;
};

struct GreedyRun {
  ModelSetup setup;
  std::string prompt;  // not empty: this text; the five fields below hold their defaults
  std::string text = "builtin:pydoc";
  int64_t offset = 0;
  int64_t prompts = 8;  // prompt i begins evenly spaced in the text, see the runner
  int64_t prompt_tokens = 32;
  std::optional<int64_t> only;  // one prompt of these, from 0
  int64_t tokens = 64;          // to continue by

  bool operator==(const GreedyRun&) const = default;
};

struct InvarianceRun {
  ModelSetup setup;
  TextSpan text = {.tokens = 129};
  InvarianceKind check = InvarianceKind::kPieces;
  uint64_t seed = 1;  // of the cuts

  bool operator==(const InvarianceRun&) const = default;
};

// budget_s is that of this case alone.
inline constexpr double kDefaultCaseBudgetSeconds = 10;

struct KernelTimingRun {
  std::string candidate = "fused";
  std::string baseline = "eager";
  int64_t tokens = 512;
  int64_t value_heads = 16;
  int64_t key_heads = 16;
  int64_t key_dim = 128;
  int64_t value_dim = 128;
  DataType data_type = DataType::kFloat32;
  GateRegime gates = GateRegime::kLong;
  int threads = 1;
  std::string target;  // empty: the best
  uint64_t seed = 1;
  ProtocolConfig protocol = {.budget_s = kDefaultCaseBudgetSeconds};

  bool operator==(const KernelTimingRun&) const = default;
};

struct PrefillRun {
  ModelSetup setup;
  TextSpan text;
  uint64_t seed = 1;
  ProtocolConfig protocol = {.budget_s = kDefaultCaseBudgetSeconds};

  bool operator==(const PrefillRun&) const = default;
};

struct DecodeRun {
  ModelSetup setup;
  std::string text = "builtin:pydoc";
  int64_t offset = 0;
  int64_t context = 0;
  int64_t tokens = 16;  // decoded in each timed call
  uint64_t seed = 1;
  ProtocolConfig protocol = {.budget_s = kDefaultCaseBudgetSeconds};

  bool operator==(const DecodeRun&) const = default;
};

// The alternatives are in the order of RunKind.
using RunCase = std::variant<KernelRun, CapturedRun, DriftRun, AgreementRun, GreedyRun,
                             InvarianceRun, KernelTimingRun, PrefillRun, DecodeRun>;

enum class RunKind : uint8_t {
  kKernel,
  kCaptured,
  kDrift,
  kAgreement,
  kGreedy,
  kInvariance,
  kTiming,
  kPrefill,
  kDecode,
};

template <>
std::span<const NamedValue<RunKind>> NamesOf();

RunKind KindOf(const RunCase& run_case);
bool IsTimed(RunKind kind);  // timing, prefill, decode

// Of any kind.
const std::string& CandidateOf(const RunCase& run_case);
int ThreadsOf(const RunCase& run_case);
std::optional<ModelSetup> ModelOf(const RunCase& run_case);  // absent: kernel, timing

inline constexpr size_t kMaxRunLine = 16384;   // characters
inline constexpr size_t kMaxPathBytes = 1024;  // of a model or text
inline constexpr size_t kMaxPromptBytes = 2000;

std::string PrintRunCase(const RunCase& run_case);

// Never throws; bounded in time and memory for any input. PrintRunCase then ParseRunCase gives the
// same case, and what it accepts passes CheckRunCase.
std::variant<RunCase, CaseError> ParseRunCase(std::string_view line);

// Whether the fields are in range and fit together. `position` of the error is 0.
std::optional<CaseError> CheckRunCase(const RunCase& run_case);

// The line without what only says how long to measure (budget, confidence, ...): equal for the
// same question asked with more patience, so that reports can be joined by it.
std::string CaseId(const RunCase& run_case);

// Every field with its value as the line spells it, defaults too, in the order of the line: what
// `at:` of a gate looks at and what a report shows as parameters. Fields of the protocol are left
// out. Kernel cases give their T as "tokens" (absent for packed lengths), so that it has one name
// everywhere.
std::vector<std::pair<std::string, std::string>> ParametersOf(const RunCase& run_case);

// Whether the case gives the metric: its kind does, and its fields ask for it (by_layer for
// model.layer_drift, a truth for model.logit_drift_truth, accuracy for kernel cases).
bool CaseHasMetric(const RunCase& run_case, std::string_view metric);

// Metric, `at` and candidate all apply.
bool GateLooksAt(const Gate& gate, const RunCase& run_case);

// All names that ParametersOf gives to any case, sorted.
std::vector<std::string> ParameterNames();

// A byte string in the characters that a line may hold, and back; absent if it isn't valid.
std::string PercentEncoded(std::string_view text);
std::optional<std::string> PercentDecoded(std::string_view text);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_H_
