// The one table of what each kind of case but `kernel` has in its line. Walked to print, to parse
// and to list parameters (run_case.cc).
#ifndef DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_FIELDS_H_
#define DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_FIELDS_H_

#include <cstdint>

#include "harness/config/run_case.h"

namespace deltagauge {

inline constexpr int64_t kMaxRunTokens = int64_t{1} << 18;

template <typename Visitor>
void VisitSetup(Visitor& v, ModelSetup& c) {
  v.Path("model", c.model);
  v.Enum("dtype", c.data_type);
  v.Number("threads", c.threads, 1, 256);
}

template <typename Visitor>
void VisitArms(Visitor& v, ModelSetup& c) {
  v.Arm("candidate", c.candidate);
  v.Arm("baseline", c.baseline);
}

template <typename Visitor>
void VisitText(Visitor& v, TextSpan& c) {
  v.Path("text", c.path);
  v.Number("offset", c.offset, 0, kMaxRunTokens);
  v.Number("tokens", c.tokens, 1, kMaxRunTokens);
}

template <typename Visitor>
void VisitProtocol(Visitor& v, ProtocolConfig& c) {
  v.Real("min_effect", c.min_effect, 1e-4, 1);
  v.Real("confidence", c.confidence, 0.5, 0.9999);
  v.Real("budget_s", c.budget_s, 1e-3, 86400);
  v.Number("max_quads", c.max_quads, 8, 100'000);
  v.Number("input_sets", c.input_sets, 1, 64);
  v.Real("speedup_target", c.speedup_target, 0, 1e6);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, CapturedRun& c) {
  VisitSetup(v, c.setup);
  VisitText(v, c.text);
  v.NumberOrAll("layer", c.layer, 0, 1000);
  v.Arm("candidate", c.setup.candidate);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, DriftRun& c) {
  VisitSetup(v, c.setup);
  VisitText(v, c.text);
  v.NumberOrAll("positions", c.positions, 1, kMaxRunTokens);
  v.YesNo("by_layer", c.by_layer);
  v.Truth("truth", c.truth);
  VisitArms(v, c.setup);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, AgreementRun& c) {
  VisitSetup(v, c.setup);
  VisitText(v, c.text);
  v.NumberOrAll("positions", c.positions, 1, kMaxRunTokens);
  VisitArms(v, c.setup);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, GreedyRun& c) {
  VisitSetup(v, c.setup);
  v.Prompt("prompt", c.prompt);
  v.Path("text", c.text);
  v.Number("offset", c.offset, 0, kMaxRunTokens);
  v.Number("prompts", c.prompts, 1, 10'000);
  v.Number("prompt_tokens", c.prompt_tokens, 1, 65536);
  v.NumberOrAll("only", c.only, 0, 9'999);
  v.Number("tokens", c.tokens, 2, 65536);
  VisitArms(v, c.setup);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, InvarianceRun& c) {
  v.Enum("check", c.check);
  VisitSetup(v, c.setup);
  VisitText(v, c.text);
  v.Seed("seed", c.seed);
  VisitArms(v, c.setup);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, KernelTimingRun& c) {
  v.Number("tokens", c.tokens, 1, int64_t{1} << 20);
  v.Number("Hv", c.value_heads, 1, 1024);
  v.Number("Hk", c.key_heads, 1, 1024);
  v.Number("K", c.key_dim, 1, 256);
  v.Number("V", c.value_dim, 1, 256);
  v.Enum("dtype", c.data_type);
  v.Enum("gates", c.gates);
  v.Number("threads", c.threads, 1, 256);
  v.Target("target", c.target);
  v.Seed("seed", c.seed);
  v.Arm("candidate", c.candidate);
  v.Arm("baseline", c.baseline);
  VisitProtocol(v, c.protocol);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, PrefillRun& c) {
  VisitSetup(v, c.setup);
  VisitText(v, c.text);
  v.Seed("seed", c.seed);
  VisitArms(v, c.setup);
  VisitProtocol(v, c.protocol);
}

template <typename Visitor>
void VisitRunFields(Visitor& v, DecodeRun& c) {
  VisitSetup(v, c.setup);
  v.Path("text", c.text);
  v.Number("offset", c.offset, 0, kMaxRunTokens);
  v.Number("context", c.context, 0, kMaxRunTokens);
  v.Number("tokens", c.tokens, 1, 4096);
  v.Seed("seed", c.seed);
  VisitArms(v, c.setup);
  VisitProtocol(v, c.protocol);
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_FIELDS_H_
