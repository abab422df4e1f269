#include "harness/config/run_case.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

RunCase Parsed(const std::string& line) {
  const auto result = ParseRunCase(line);
  if (const auto* error = std::get_if<CaseError>(&result)) {
    ADD_FAILURE() << line << ": " << error->Message();
    return {};
  }
  return std::get<RunCase>(result);
}

std::string ErrorOf(const std::string& line) {
  const auto result = ParseRunCase(line);
  const auto* error = std::get_if<CaseError>(&result);
  return error == nullptr ? "accepted" : error->Message();
}

constexpr const char* kAwkward = "C:/tmp dir/\xc3\xbc,=%\n'\"";

ProtocolConfig OddProtocol() {
  return {
      .min_effect = 0.03, .confidence = 0.9, .budget_s = 1.0 / 3, .max_quads = 77, .input_sets = 9};
}

// One of each kind with no field at its default.
std::vector<RunCase> OddCases() {
  const ModelSetup setup = {"mine-1.2", "chunked", kAwkward, ModelDataType::kBFloat16, 3};
  const TextSpan text = {kAwkward, 5, 77};
  KernelRun kernel;
  kernel.kernel_case.tokens = 65;
  kernel.kernel_case.gates = GateRegime::kStrong;
  kernel.candidate = "mine";
  CapturedRun captured = {setup, text, 7};
  captured.setup.baseline = "eager";
  KernelTimingRun timing;
  timing.candidate = "mine";
  timing.baseline = "chunked";
  timing.tokens = 9;
  timing.value_heads = 8;
  timing.key_heads = 4;
  timing.key_dim = 64;
  timing.value_dim = 32;
  timing.data_type = DataType::kBFloat16;
  timing.gates = GateRegime::kStrong;
  timing.threads = 2;
  timing.target = "AVX2";
  timing.seed = 18446744073709551615u;
  timing.protocol = OddProtocol();
  GreedyRun cut = {setup, "", kAwkward, 4, 3, 5, 2, 6};
  GreedyRun literal;
  literal.setup = setup;
  literal.prompt = kAwkward;
  literal.tokens = 9;
  return {kernel,
          captured,
          DriftRun{setup, text, "none", 70, true},
          AgreementRun{setup, text, 70},
          cut,
          literal,
          InvarianceRun{setup, text, InvarianceKind::kRepeat, 9},
          timing,
          PrefillRun{setup, text, 9, OddProtocol()},
          DecodeRun{setup, kAwkward, 4, 100, 7, 9, OddProtocol()}};
}

TEST(RunCaseTest, EveryFieldOfEveryKindSurvivesTheRoundTrip) {
  for (const RunCase& run_case : OddCases()) {
    const std::string line = PrintRunCase(run_case);
    EXPECT_EQ(Parsed(line), run_case) << line;
    EXPECT_FALSE(CheckRunCase(run_case).has_value()) << line;
    for (const char x : line) EXPECT_TRUE(x > ' ' && x <= '~') << line;
  }
}

TEST(RunCaseTest, DefaultsOfEveryKindSurviveTheRoundTrip) {
  EXPECT_EQ(PrintRunCase(KernelRun{}), "kernel:");
  EXPECT_EQ(PrintRunCase(DriftRun{}),
            "drift:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=512");
  EXPECT_EQ(PrintRunCase(KernelTimingRun{}), "timing:tokens=512");
  EXPECT_EQ(PrintRunCase(InvarianceRun{}),
            "invariance:check=pieces,model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=129");
  for (const RunCase& run_case :
       {RunCase(KernelRun{}), RunCase(CapturedRun{}), RunCase(DriftRun{}), RunCase(AgreementRun{}),
        RunCase(GreedyRun{}), RunCase(InvarianceRun{}), RunCase(KernelTimingRun{}),
        RunCase(PrefillRun{}), RunCase(DecodeRun{})}) {
    EXPECT_EQ(Parsed(PrintRunCase(run_case)), run_case);
    EXPECT_EQ(Parsed(std::string(NameOf(KindOf(run_case))) + ":"), run_case);
  }
}

TEST(RunCaseTest, ValuesMayEndAsAKindDoes) {
  DriftRun run;
  run.setup.model = run.text.path = "a:";
  EXPECT_EQ(PrintRunCase(run), "drift:model=a:,text=a:,tokens=512");
  EXPECT_EQ(Parsed(PrintRunCase(run)), RunCase(run));
}

TEST(RunCaseTest, LinesOfKernelCasesKeepWorking) {
  const std::string line = "kernel:T=65,Hv=16,dtype=bfloat16,gates=spikes,target=AVX2";
  const auto run = std::get<KernelRun>(Parsed(line));
  EXPECT_EQ(run.candidate, "fused");
  EXPECT_EQ(run.kernel_case, std::get<KernelCase>(ParseCase(line)));
  EXPECT_EQ(PrintRunCase(run), line);
  EXPECT_EQ(PrintRunCase(KernelRun{run.kernel_case, "chunked"}), line + ",candidate=chunked");
  EXPECT_EQ(PrintRunCase(KernelRun{{}, "chunked"}), "kernel:candidate=chunked");
}

TEST(RunCaseTest, TheCandidateOfAKernelCaseStandsAnywhere) {
  KernelRun expected;
  expected.candidate = "mine";
  expected.kernel_case.tokens = 5;
  expected.kernel_case.seed = 2;
  EXPECT_EQ(Parsed("kernel:candidate=mine,T=5,seed=2"), RunCase(expected));
  EXPECT_EQ(Parsed("kernel:T=5,candidate=mine,seed=2"), RunCase(expected));
  EXPECT_EQ(Parsed("kernel:T=5,seed=2,candidate=mine"), RunCase(expected));
}

TEST(RunCaseTest, ErrorsOfKernelCasesPointIntoTheWholeLine) {
  EXPECT_EQ(ErrorOf("kernel:candidate=mine,gate=none"),
            "character 23: unknown field 'gate'; did you mean 'gates'?");
  EXPECT_EQ(ErrorOf("kernel:gate=none,candidate=mine"),
            "character 8: unknown field 'gate'; did you mean 'gates'?");
  EXPECT_EQ(ErrorOf("kernel:T=5,candidate=a,T=6"), "character 24: field 'T' comes twice");
  EXPECT_EQ(ErrorOf("kernel:candidate=a,candidate=b"),
            "character 20: field 'candidate' comes twice");
  EXPECT_EQ(ErrorOf("kernel:candidate=a,"), "character 19: nothing after the last ','");
  EXPECT_EQ(ErrorOf("kernel:T=5,candidate=a,"), "character 23: nothing after the last ','");
  EXPECT_THAT(ErrorOf("kernel:candidate=a b"), HasSubstr("character 18: 'a b' is not valid"));
  EXPECT_THAT(ErrorOf("kernel:candidate="), HasSubstr("'' is not valid for 'candidate'"));
}

TEST(RunCaseTest, ErrorsNameThePositionTheFaultAndTheNearestName) {
  EXPECT_EQ(ErrorOf("drifd:"), "character 1: unknown kind 'drifd'; did you mean 'drift'?");
  EXPECT_EQ(ErrorOf("drift"), "character 1: no ':' in 'drift'; a case is kind:name=value,...");
  EXPECT_EQ(ErrorOf("drift:tokns=5"), "character 7: unknown field 'tokns'; did you mean 'tokens'?");
  EXPECT_EQ(ErrorOf("drift:by_layer=maybe"),
            "character 16: 'maybe' is not valid for 'by_layer'; expected yes or no");
  EXPECT_EQ(ErrorOf("drift:tokens=0"),
            "character 14: '0' is not valid for 'tokens'; expected 1 to 262144");
  EXPECT_EQ(ErrorOf("drift:tokens=5,tokens=5"), "character 16: field 'tokens' comes twice");
  EXPECT_EQ(ErrorOf("drift:tokens"), "character 7: no '=' in 'tokens'; expected name=value");
  EXPECT_EQ(ErrorOf("drift:tokens=5,"), "character 15: nothing after the last ','");
  EXPECT_THAT(ErrorOf("drift:truth=orcale"), HasSubstr("did you mean 'oracle'?"));
  EXPECT_THAT(ErrorOf("invariance:check=piece"), HasSubstr("did you mean 'pieces'?"));
  EXPECT_THAT(ErrorOf("captured:layer=some"), HasSubstr("expected 0 to 1000 or all"));
  EXPECT_THAT(ErrorOf("timing:target=A-B"), HasSubstr("letters, digits and _"));
  EXPECT_THAT(ErrorOf("timing:seed=-1"), HasSubstr("expected 0 to 18446744073709551615"));
  EXPECT_THAT(ErrorOf("timing:confidence=nan"), HasSubstr("expected 0.5 to 0.9999"));
  EXPECT_THAT(ErrorOf("prefill:baseline=a/b"), HasSubstr("letters, digits, _ - ."));
}

TEST(RunCaseTest, NumbersAreReadStrictly) {
  for (const char* value :
       {"", " 5", "5 ", "+5", "5.0", "0x5", "-1", "1e3", "9999999999999999999", "262145"}) {
    EXPECT_THAT(ErrorOf(std::string("drift:tokens=") + value), HasSubstr("not valid for 'tokens'"))
        << value;
  }
}

TEST(RunCaseTest, FieldsThatDoNotFitTogetherAreRefused) {
  EXPECT_THAT(ErrorOf("drift:tokens=5,positions=6"), HasSubstr("6 positions are more than 5"));
  EXPECT_THAT(ErrorOf("agreement:tokens=5,positions=6"), HasSubstr("6 positions"));
  EXPECT_THAT(ErrorOf("greedy:only=8"), HasSubstr("there is no prompt 8 of 8"));
  EXPECT_THAT(ErrorOf("greedy:prompt=a,offset=3"), HasSubstr("'prompt' excludes"));
  EXPECT_THAT(ErrorOf("invariance:tokens=1"), HasSubstr("can't be taken apart"));
  EXPECT_THAT(ErrorOf("timing:Hk=3"), HasSubstr("Hv = 16 is not a multiple of Hk = 3"));
  EXPECT_THAT(ErrorOf("timing:tokens=1048576,Hv=1024"), HasSubstr("too large"));
}

TEST(RunCaseTest, PercentEncodingHasOneSpellingForEachText) {
  EXPECT_EQ(PercentEncoded("a b,\xc3\xbc%"), "a%20b%2C%C3%BC%25");
  EXPECT_EQ(PercentDecoded("a%20b%2C%C3%BC%25"), "a b,\xc3\xbc%");
  EXPECT_EQ(PercentDecoded(""), "");
  for (const char* wrong :
       {"%", "%2", "%zz", "%2c", "%41", " ", "\xc3\xbc", "%FF", "%00", "%C3", "%+1", "a,b"}) {
    EXPECT_FALSE(PercentDecoded(wrong).has_value()) << wrong;
  }
  EXPECT_THAT(ErrorOf("drift:text=%FF"), HasSubstr("bytes of UTF-8"));
  EXPECT_THAT(ErrorOf("drift:text="), HasSubstr("expected 1 to 1024 bytes"));
  EXPECT_THAT(ErrorOf("drift:text=" + std::string(1025, 'x')), HasSubstr("1 to 1024 bytes"));
}

TEST(RunCaseTest, LinesAreBoundedAndMessagesPrintable) {
  EXPECT_THAT(ErrorOf("drift:" + std::string(kMaxRunLine, 'T')), HasSubstr("at most 16384"));
  EXPECT_THAT(ErrorOf("kernel:" + std::string(kMaxCaseLine, 'T')), HasSubstr("at most 4096"));
  const std::string error = ErrorOf("drift:" + std::string(1000, '\x01') + "\n=3");
  EXPECT_LT(error.size(), 500u);
  for (const char x : error) EXPECT_TRUE(x >= ' ' && x <= '~');
  // The longest fields still fit into a line.
  GreedyRun run;
  run.setup.model = std::string(kMaxPathBytes, ' ');
  run.prompt = std::string(kMaxPromptBytes, ' ');
  EXPECT_FALSE(CheckRunCase(run).has_value());
}

TEST(RunCaseTest, CheckGuardsCasesBuiltInCode) {
  DriftRun run;
  run.text.tokens = 0;
  EXPECT_TRUE(CheckRunCase(run).has_value());
  run = {};
  run.setup.threads = 0;
  EXPECT_TRUE(CheckRunCase(run).has_value());
  run = {};
  run.text.path = "";
  EXPECT_TRUE(CheckRunCase(run).has_value());
  run = {};
  run.text.path = "\xff";
  EXPECT_TRUE(CheckRunCase(run).has_value());
  run = {};
  run.setup.candidate = "a,b";
  EXPECT_TRUE(CheckRunCase(run).has_value());
  KernelRun kernel;
  kernel.kernel_case.key_dim = 0;
  EXPECT_TRUE(CheckRunCase(kernel).has_value());
}

TEST(RunCaseTest, IdsLeaveOutHowLongIsMeasured) {
  PrefillRun run;
  run.text.tokens = 128;
  run.seed = 7;
  const std::string id = CaseId(run);
  run.protocol = OddProtocol();
  EXPECT_EQ(CaseId(run), id);
  EXPECT_EQ(id, "prefill:model=builtin:qwen3_5-tiny,text=builtin:pydoc,tokens=128,seed=7");
  EXPECT_NE(PrintRunCase(run), id);
  run.text.tokens = 129;
  EXPECT_NE(CaseId(run), id);
}

TEST(RunCaseTest, ParametersHaveDefaultsToo) {
  const auto drift = ParametersOf(DriftRun{});
  EXPECT_THAT(drift, Contains(Pair("tokens", "512")));
  EXPECT_THAT(drift, Contains(Pair("dtype", "float32")));
  EXPECT_THAT(drift, Contains(Pair("candidate", "fused")));
  EXPECT_THAT(drift, Contains(Pair("positions", "all")));
  const auto kernel = ParametersOf(KernelRun{});
  EXPECT_THAT(kernel, Contains(Pair("tokens", "64")));
  EXPECT_THAT(kernel, Contains(Pair("gates", "medium")));
  EXPECT_THAT(kernel, Not(Contains(Pair("target", ""))));
  for (const auto& [name, value] : ParametersOf(PrefillRun{})) EXPECT_NE(name, "budget_s");
  const std::vector<std::string> names = ParameterNames();
  for (const RunCase& run_case : OddCases()) {
    for (const auto& [name, value] : ParametersOf(run_case)) {
      EXPECT_TRUE(std::binary_search(names.begin(), names.end(), name)) << name;
    }
  }
}

// A field added to case.h must be added to the parameters of a kernel case too.
TEST(RunCaseTest, ParametersOfAKernelCaseAreThoseOfItsLine) {
  KernelCase c;
  c.sequences = 2;
  c.tokens = 3;
  c.key_heads = 3;
  c.value_heads = 6;
  c.key_dim = 5;
  c.value_dim = 60;
  c.data_type = DataType::kBFloat16;
  c.gates = GateRegime::kMixed;
  c.keys = KeyRegime::kHuge;
  c.betas = BetaRegime::kTiny;
  c.state = StateRegime::kLarge;
  c.layout = TensorLayout::kUnaligned;
  c.state_layout = StateLayout::kValueMajor;
  c.place = StatePlace::kInPlace;
  c.head_map = HeadMap::kTiled;
  c.decay_form = DecayForm::kExponentiated;
  c.beta_form = BetaForm::kLogit;
  c.qk_norm = QkNorm::kL2;
  c.norm_epsilon = 1e-12f;
  c.scale = 0.5f;
  c.snapshots = 1;
  c.threads = 2;
  c.target = "EMU128";
  c.check = CheckKind::kContagion;
  c.seed = 4;
  std::string line = "kernel:";
  for (const auto& [name, value] : ParametersOf(KernelRun{c, "fused"})) {
    if (name == "candidate") continue;
    line += (line.back() == ':' ? "" : ",") + (name == "tokens" ? "T" : name) + "=" + value;
  }
  EXPECT_EQ(line, PrintCase(c));
}

TEST(RunCaseTest, CasesHaveTheMetricsTheyAskFor) {
  KernelRun kernel;
  EXPECT_TRUE(CaseHasMetric(kernel, "kernel.error_ratio"));
  EXPECT_FALSE(CaseHasMetric(kernel, "model.kld.mean"));
  kernel.kernel_case.check = CheckKind::kThreads;
  EXPECT_FALSE(CaseHasMetric(kernel, "kernel.error_ratio"));
  DriftRun drift;
  EXPECT_TRUE(CaseHasMetric(drift, "model.kld.mean"));
  EXPECT_TRUE(CaseHasMetric(drift, "model.logit_drift_truth.rms"));
  EXPECT_FALSE(CaseHasMetric(drift, "model.layer_drift.max"));
  drift.by_layer = true;
  drift.truth = "none";
  EXPECT_TRUE(CaseHasMetric(drift, "model.layer_drift.max"));
  EXPECT_FALSE(CaseHasMetric(drift, "model.logit_drift_truth.rms"));
  EXPECT_TRUE(CaseHasMetric(drift, "model.logit_drift.rms"));
  EXPECT_TRUE(CaseHasMetric(CapturedRun{}, "kernel.state.rel_rmse"));
  EXPECT_TRUE(CaseHasMetric(PrefillRun{}, "performance.prefill.speedup"));
  EXPECT_FALSE(CaseHasMetric(PrefillRun{}, "performance.kernel.speedup"));
}

TEST(RunCaseTest, GatesLookAtWhatTheySay) {
  const DriftRun drift;
  Gate gate;
  gate.metric = "model.kld.mean";
  gate.max = 1;
  EXPECT_TRUE(GateLooksAt(gate, drift));
  gate.at = "dtype=float32,tokens=512";
  EXPECT_TRUE(GateLooksAt(gate, drift));
  gate.at = "dtype=float32,tokens=51";
  EXPECT_FALSE(GateLooksAt(gate, drift));
  gate.at = "";
  gate.candidate = "chunked";
  EXPECT_FALSE(GateLooksAt(gate, drift));
  gate.candidate = "fused";
  EXPECT_TRUE(GateLooksAt(gate, drift));
  EXPECT_FALSE(GateLooksAt(gate, AgreementRun{}));
}

TEST(RunCaseTest, TellsWhatCasesShare) {
  EXPECT_EQ(CandidateOf(KernelRun{{}, "a"}), "a");
  DriftRun drift;
  drift.setup.candidate = "b";
  drift.setup.threads = 3;
  EXPECT_EQ(CandidateOf(drift), "b");
  EXPECT_EQ(ThreadsOf(drift), 3);
  EXPECT_EQ(ThreadsOf(KernelRun{}), 1);
  EXPECT_FALSE(ModelOf(KernelTimingRun{}).has_value());
  EXPECT_EQ(ModelOf(DecodeRun{})->model, "builtin:qwen3_5-tiny");
  EXPECT_TRUE(IsTimed(RunKind::kPrefill));
  EXPECT_FALSE(IsTimed(RunKind::kDrift));
}

}  // namespace
}  // namespace deltagauge
