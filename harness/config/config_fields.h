// The one table of what a configuration may hold: key, where it goes, what it may be. Walked three
// times: to read a file (config_decode.cc), to write one (config_print.cc) and to write the schema
// (config_schema.cc). Nothing else knows a key's name but `version` and `extends`.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_FIELDS_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/config/config.h"

namespace deltagauge {

enum class TextForm : uint8_t {
  kFree,     // one that is not empty
  kName,     // letters, digits, - _ .
  kTruth,    // oracle
  kArm,      // one of kArmNames, of ConfigOptions::more_arms or of OutsideArm; or such a map
  kArmName,  // the same without the map
  kModel,    // one of kModelNames or a path
  kText,     // one of kTextNames or a path
  kPath,     // a file's
  kMetric,   // one of metric_names.h
  kAt,       // name=value[,name=value]
  kDtype,    // float32, bfloat16, float64
};

enum class Need : uint8_t { kOptional, kRequired };
// Whether the word `all` may stand for an absent number or an empty list.
enum class AllWord : uint8_t { kNo, kYes };
enum class EmptyList : uint8_t { kRefused, kAllowed };

struct FieldSpec {
  std::string_view meaning;  // a sentence, for editors
  double lowest = 0;         // of numbers, those in lists too
  double highest = 0;
  Need need = Need::kOptional;
  AllWord all = AllWord::kNo;
  EmptyList empty = EmptyList::kRefused;
  TextForm form = TextForm::kFree;
};

inline constexpr size_t kMaxFreeTextBytes = 2000;
inline constexpr size_t kMaxListItems = 1000;
inline constexpr double kMaxKernelTokens = 1 << 20;
inline constexpr double kMaxModelTokens = 1 << 18;  // what Qwen3.5 was made for
inline constexpr double kMaxThreads = 256;

template <typename Visitor>
void VisitFields(Visitor& v, TorchOpConfig& c) {
  v.Field("library", c.library,
          {.meaning = "The library that registers it; without one EXECUTORCH_CUSTOM_OPS_AOT_LIB, "
                      "then the executorch package beside libtorch.",
           .form = TextForm::kPath});
  v.Field("op", c.op,
          {.meaning = "llama::gated_delta_rule, llama::recurrent_gated_delta_rule or "
                      "deltagauge::gated_delta_rule."});
}

template <typename Visitor>
void VisitFields(Visitor& v, LogitsConfig& c) {
  v.Field("text", c.text,
          {.meaning = "The text that the engine was fed, as models.texts names it.",
           .need = Need::kRequired});
  v.Field("file", c.file,
          {.meaning = "Safetensors as harness/model/foreign_logits.h describes it.",
           .need = Need::kRequired,
           .form = TextForm::kPath});
}

template <typename Visitor>
void VisitFields(Visitor& v, OutsideArm& c) {
  v.Field("name", c.name,
          {.meaning = "What reports call it: letters, digits, - _ .",
           .need = Need::kRequired,
           .form = TextForm::kName});
  v.Field("plugin", c.plugin,
          {.meaning = "A shared library as kernels/candidate.h describes it.",
           .form = TextForm::kPath});
  v.Field("torch_op", c.torch_op, {.meaning = "An operator of libtorch."});
  v.Field("logits", c.logits,
          {.meaning = "Logits that another engine computed, a file for each text; in drift and "
                      "agreement cases only.",
           .empty = EmptyList::kAllowed});
  v.Field("fallback", c.fallback,
          {.meaning = "What becomes of it where it is not there: no run, its cases are skipped, or "
                      "eager runs in place of a torch_op."});
  v.Field("translation", c.translation,
          {.meaning = "Whether the clock of performance.kernel has the translation into its "
                      "conventions."});
}

template <typename Visitor>
void VisitFields(Visitor& v, KernelShape& s) {
  v.Field("tokens", s.tokens,
          {.meaning = "Tokens of each sequence; a case for each.",
           .highest = kMaxKernelTokens,
           .need = Need::kRequired});
  v.Field("sequences", s.sequences,
          {.meaning = "Sequences in a batch.", .lowest = 1, .highest = 1024});
  v.Field("value_heads", s.value_heads,
          {.meaning = "Value heads, a multiple of key_heads.", .lowest = 1, .highest = 1024});
  v.Field("key_heads", s.key_heads, {.meaning = "Key heads.", .lowest = 1, .highest = 1024});
  v.Field("key_dim", s.key_dim, {.meaning = "Dimension of a key.", .lowest = 1, .highest = 256});
  v.Field("value_dim", s.value_dim,
          {.meaning = "Dimension of a value.", .lowest = 1, .highest = 256});
  v.Field("checks", s.checks,
          {.meaning = "What is checked at this shape, instead of kernel.checks.",
           .empty = EmptyList::kAllowed});
}

template <typename Visitor>
void VisitFields(Visitor& v, KernelConfig& c) {
  v.Field(
      "shapes", c.shapes,
      {.meaning = "Sizes; each with every regime, dtype and check.", .empty = EmptyList::kAllowed});
  v.Field("regimes", c.regimes, {.meaning = "What the decays look like (harness/kernel/case.h)."});
  v.Field("dtypes", c.dtypes, {.meaning = "Type of q, k, v and the output; the state is float32."});
  v.Field("checks", c.checks,
          {.meaning = "What is checked; parity, repeat and bounds are parts of accuracy and other "
                      "names for it."});
  v.Field("threads", c.threads,
          {.meaning = "Threads of each accuracy case.",
           .lowest = 1,
           .highest = kMaxThreads,
           .empty = EmptyList::kAllowed});
  v.Field("standard_cases", c.standard_cases, {.meaning = "Also the cases of `deltagauge check`."});
  v.Field("cases", c.cases,
          {.meaning = "Also these cases, as repro lines without candidate.",
           .empty = EmptyList::kAllowed});
}

template <typename Visitor>
void VisitFields(Visitor& v, TextConfig& c) {
  v.Field("path", c.path,
          {.meaning = "builtin:pydoc, builtin:wordnet, or a file of UTF-8.",
           .need = Need::kRequired,
           .form = TextForm::kText});
  v.Field("offset", c.offset, {.meaning = "First token.", .highest = kMaxModelTokens});
}

template <typename Visitor>
void VisitFields(Visitor& v, DriftConfig& c) {
  v.Field("positions", c.positions,
          {.meaning = "How many positions count, from the first; or all.",
           .lowest = 1,
           .highest = kMaxModelTokens,
           .all = AllWord::kYes});
  v.Field("by_layer", c.by_layer, {.meaning = "Also layer by layer: where drift begins."});
  v.Field("by_arm", c.by_arm, {.meaning = "Also each arm against the truth: whose error it is."});
}

template <typename Visitor>
void VisitFields(Visitor& v, GreedyConfig& c) {
  v.Field("prompts", c.prompts,
          {.meaning = "Prompts cut from each text, if the model has none of its own.",
           .lowest = 1,
           .highest = 10'000});
  v.Field(
      "prompt_tokens", c.prompt_tokens,
      {.meaning = "Length of a prompt that is cut from a text.", .lowest = 1, .highest = 65536});
  v.Field("tokens", c.tokens, {.meaning = "Tokens to continue by.", .lowest = 2, .highest = 65536});
}

template <typename Visitor>
void VisitFields(Visitor& v, AgreementConfig& c) {
  v.Field("teacher_forced", c.teacher_forced,
          {.meaning = "Next tokens of the texts, in the same pass as drift."});
  v.Field("greedy", c.greedy, {.meaning = "Greedy continuation of prompts."});
}

template <typename Visitor>
void VisitFields(Visitor& v, CapturedConfig& c) {
  v.Field("layers", c.layers,
          {.meaning = "Layers by number from 0, linear-attention ones; or all.",
           .highest = 1000,
           .all = AllWord::kYes});
  v.Field("tokens", c.tokens,
          {.meaning = "Tokens of each text.", .lowest = 1, .highest = kMaxModelTokens});
}

template <typename Visitor>
void VisitFields(Visitor& v, InvarianceConfig& c) {
  v.Field("checks", c.checks, {.meaning = "What must not change the result."});
  v.Field("tokens", c.tokens,
          {.meaning = "Tokens of the first text; a case for each.",
           .lowest = 2,
           .highest = kMaxModelTokens});
}

template <typename Visitor>
void VisitFields(Visitor& v, ModelRunConfig& c) {
  v.Field("path", c.path,
          {.meaning = "builtin:qwen3_5-tiny, graft:qwen3_5-0.8b (written on first use), or the "
                      "folder of a checkpoint.",
           .need = Need::kRequired,
           .form = TextForm::kModel});
  v.Field("dtype", c.dtypes, {.meaning = "Type of weights and activations; one or several."});
  v.Field("texts", c.texts, {.meaning = "What the model reads.", .need = Need::kRequired});
  v.Field("tokens", c.tokens,
          {.meaning = "Tokens of each text.", .lowest = 2, .highest = kMaxModelTokens});
  v.Field("prompts", c.prompts,
          {.meaning = "Prompts for greedy continuation, literally.", .empty = EmptyList::kAllowed});
  v.Field("threads", c.threads,
          {.meaning = "Threads of the model's calls.",
           .lowest = 1,
           .highest = kMaxThreads,
           .empty = EmptyList::kAllowed});
  v.Field("performance", c.performance,
          {.meaning = "What of performance is timed on this model.", .empty = EmptyList::kAllowed});
  v.Field("drift", c.drift, {.meaning = "Logits, candidate against baseline and truth."});
  v.Field("agreement", c.agreement, {.meaning = "Next tokens, candidate against baseline."});
  v.Field("captured_inputs", c.captured_inputs,
          {.meaning = "The rule's own q, k, v, g and beta as kernel cases."});
  v.Field("invariance", c.invariance, {.meaning = "What must not change the result."});
}

template <typename Visitor>
void VisitFields(Visitor& v, PrefillTimingConfig& c) {
  v.Field("tokens", c.tokens,
          {.meaning = "Tokens of a prompt; a case for each.",
           .lowest = 1,
           .highest = kMaxModelTokens,
           .need = Need::kRequired});
}

template <typename Visitor>
void VisitFields(Visitor& v, DecodeTimingConfig& c) {
  v.Field("context", c.context,
          {.meaning = "Tokens before the first decoded one; a case for each.",
           .highest = kMaxModelTokens,
           .need = Need::kRequired});
  v.Field("tokens", c.tokens,
          {.meaning = "Tokens decoded in each timed call.", .lowest = 1, .highest = 4096});
}

template <typename Visitor>
void VisitFields(Visitor& v, KernelTimingConfig& c) {
  v.Field("tokens", c.tokens,
          {.meaning = "Tokens of a call; a case for each.",
           .lowest = 1,
           .highest = kMaxKernelTokens,
           .need = Need::kRequired});
  v.Field("dtypes", c.dtypes, {.meaning = "Type of q, k, v and the output."});
  v.Field("value_heads", c.value_heads,
          {.meaning = "Value heads, a multiple of key_heads.", .lowest = 1, .highest = 1024});
  v.Field("key_heads", c.key_heads, {.meaning = "Key heads.", .lowest = 1, .highest = 1024});
  v.Field("key_dim", c.key_dim, {.meaning = "Dimension of a key.", .lowest = 1, .highest = 256});
  v.Field("value_dim", c.value_dim,
          {.meaning = "Dimension of a value.", .lowest = 1, .highest = 256});
}

template <typename Visitor>
void VisitFields(Visitor& v, ProtocolConfig& c) {
  v.Field("min_effect", c.min_effect,
          {.meaning = "Relative slowdown that counts as one; must be above the noise floor.",
           .lowest = 1e-4,
           .highest = 1});
  v.Field("confidence", c.confidence,
          {.meaning = "Of the interval of the speedup.", .lowest = 0.5, .highest = 0.9999});
  v.Field("budget_s", c.budget_s,
          {.meaning = "Seconds for all timed cases of the run together.",
           .lowest = 0.1,
           .highest = 86400});
  v.Field("max_quads", c.max_quads,
          {.meaning = "At most so many A B B A quads a case.", .lowest = 8, .highest = 100'000});
  v.Field("input_sets", c.input_sets,
          {.meaning = "Inputs that calls walk through.", .lowest = 1, .highest = 64});
}

template <typename Visitor>
void VisitFields(Visitor& v, PerformanceConfig& c) {
  v.Field("prefill", c.prefill, {.meaning = "Speed of the models over a prompt."});
  v.Field("decode", c.decode, {.meaning = "Speed of the models token by token."});
  v.Field("kernel", c.kernel, {.meaning = "Speed of the kernel alone."});
  v.Field("threads", c.threads,
          {.meaning = "Threads of the timed calls; cases for each.",
           .lowest = 1,
           .highest = kMaxThreads,
           .empty = EmptyList::kAllowed});
  v.Field("protocol", c.protocol, {.meaning = "How a speedup is measured."});
}

// Numbers without a range of their own.
inline constexpr double kLargestLimit = 1e300;

template <typename Visitor>
void VisitFields(Visitor& v, Gate& c) {
  v.Field("metric", c.metric,
          {.meaning = "What is limited.", .need = Need::kRequired, .form = TextForm::kMetric});
  v.Field("min", c.min,
          {.meaning = "At least this; without min and max, the tolerances' numbers hold.",
           .lowest = -kLargestLimit,
           .highest = kLargestLimit});
  v.Field("max", c.max,
          {.meaning = "At most this.", .lowest = -kLargestLimit, .highest = kLargestLimit});
  v.Field("at", c.at,
          {.meaning = "Only cases with these parameters: tokens=512,dtype=bfloat16.",
           .form = TextForm::kAt});
  v.Field("candidate", c.candidate,
          {.meaning = "Only this candidate.", .form = TextForm::kArmName});
  v.Field("source", c.source, {.meaning = "Where the limit comes from; for resolved files."});
}

template <typename Visitor>
void VisitFields(Visitor& v, Tolerance& c) {
  v.Field("min", c.min,
          {.meaning = "At least this.", .lowest = -kLargestLimit, .highest = kLargestLimit});
  v.Field("max", c.max,
          {.meaning = "At most this.", .lowest = -kLargestLimit, .highest = kLargestLimit});
}

template <typename Visitor>
void VisitFields(Visitor& v, Config& c) {
  v.Field("name", c.name,
          {.meaning = "The configuration's name: letters, digits, - _ .",
           .need = Need::kRequired,
           .form = TextForm::kName});
  v.Field("seed", c.seed, {.meaning = "Of all inputs and random orders."});
  v.Field("truth", c.truth,
          {.meaning = "The arm that is right by definition: float64.", .form = TextForm::kTruth});
  v.Field("baseline", c.baseline,
          {.meaning = "The arm that drift and speedup are against.", .form = TextForm::kArm});
  v.Field("candidates", c.candidates, {.meaning = "The arms under test.", .form = TextForm::kArm});
  v.Field("threads", c.threads,
          {.meaning = "Threads, where a part names none.", .lowest = 1, .highest = kMaxThreads});
  v.Field("kernel", c.kernel, {.meaning = "Kernel cases: error against float64, invariances."});
  v.Field("models", c.models,
          {.meaning = "Cases inside a model: drift, agreement, captured inputs, invariance.",
           .empty = EmptyList::kAllowed});
  v.Field("performance", c.performance, {.meaning = "Timed cases."});
  v.Field("gates", c.gates,
          {.meaning = "Limits on metrics, beside the rules that always hold.",
           .empty = EmptyList::kAllowed});
  v.Tolerances("tolerances", c.tolerances,
               {.meaning = "By dtype, then metric: what a gate without min and max takes."});
}

// A scalar in place of a map stands for the map with this key alone; empty: not allowed.
template <typename Struct>
inline constexpr std::string_view kShorthandKey = {};
template <>
inline constexpr std::string_view kShorthandKey<TextConfig> = "path";

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_FIELDS_H_
