// Whole runs with a model, and with faults inside of it.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/model/arms.h"
#include "harness/model/fused_recurrence.h"
#include "harness/model/logits_file.h"
#include "harness/model/model_library.h"
#include "harness/model/model_source.h"
#include "harness/report/merge.h"
#include "harness/report/report_file.h"
#include "harness/run/planted_kernel.h"
#include "harness/run/run_test_world.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Candidate InModel(const std::string& name, KernelFunction kernel) {
  static TorchParallelFor threads;
  return {
      .name = name, .version = "", .description = "for tests", .kernel = kernel, .make_arm = [=] {
        return std::make_unique<FusedRecurrence>(threads, kernel, name);
      }};
}

Config ModelConfig(const std::string& candidate, const std::string& cases,
                   const std::string& more = "") {
  return ParsedConfig(fmt::format("candidates: [{}]\n"
                                  "models:\n"
                                  "  - path: builtin:qwen3_5-tiny\n"
                                  "    texts: [builtin:pydoc]\n"
                                  "    tokens: 128\n{}{}",
                                  candidate, cases, more),
                      {candidate});
}

constexpr const char* kCaptured = "    captured_inputs: {layers: [0], tokens: 128}\n";
constexpr const char* kModelCases =
    "    drift: {by_arm: false}\n"
    "    agreement: {teacher_forced: true}\n"
    "    invariance: {checks: [pieces, decode], tokens: 70}\n";
constexpr const char* kModelGates =
    "gates:\n"
    "  - {metric: model.logit_drift.max_abs, max: 1.0e-4}\n"
    "  - {metric: model.agreement.mismatch, max: 0}\n"
    "  - {metric: invariance.max_abs, max: 1.0e-3}\n";
constexpr const char* kDriftGate = "gates: [{metric: model.logit_drift.max_abs, max: 1.0e-4}]\n";

// ---- planted faults ----

class PlantedModelTest : public ::testing::TestWithParam<PlantedKernel> {
 protected:
  PlantedModelTest() { world_.candidates.Add(InModel(GetParam().name, GetParam().kernel)); }
  RunWorld world_ = TestWorld();
};

// On what the rule is given inside the model a fault is one of the kernel, and leaves no speedup.
TEST_P(PlantedModelTest, IsCaughtOnCapturedInputs) {
  const Report report = RunOnce(ModelConfig(GetParam().name, kCaptured,
                                            "performance: {prefill: {tokens: 4}}\n"
                                            "gates: [{metric: kernel.error_ratio, max: 2}]\n"),
                                world_);
  const CaseReport& captured = CaseOf(report, "captured:");
  EXPECT_EQ(captured.status, Verdict::kFailed);
  EXPECT_EQ(captured.reason_code, "rule");
  EXPECT_THAT(captured.reason, HasSubstr("of layer 0 failed: "));
  const CaseReport& prefill = CaseOf(report, "prefill:");
  EXPECT_EQ(prefill.status, Verdict::kSkipped);
  EXPECT_EQ(prefill.reason_code, "correctness");
  EXPECT_FALSE(prefill.performance.has_value());
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kFailed);
  EXPECT_EQ(report.gates.at(0).repro, captured.repro);
  EXPECT_EQ(report.summary.exit_code, kExitCorrectness);
}

TEST_P(PlantedModelTest, IsCaughtByWhatTheModelSays) {
  const Report report = RunOnce(ModelConfig(GetParam().name, kModelCases, kModelGates), world_);
  EXPECT_EQ(report.summary.exit_code, kExitDrift) << report.summary.headline;
  const GateResult& drift = report.gates.at(0);
  const GateResult& invariance = report.gates.at(2);
  // A prefill in one call has no use for the final state.
  const bool drifts = GetParam().fault != Planted::kExtraDecay;
  EXPECT_EQ(drift.verdict, drifts ? Verdict::kFailed : Verdict::kPassed) << *drift.observed;
  if (drifts) {
    EXPECT_THAT(drift.repro, StartsWith("drift:"));
    EXPECT_THAT(drift.repro, HasSubstr(fmt::format("candidate={}", GetParam().name)));
  }
  // These two do the same whatever the pieces.
  const bool varies =
      GetParam().fault != Planted::kQueryScaleOff && GetParam().fault != Planted::kDecayAfterWrite;
  EXPECT_EQ(invariance.verdict, varies ? Verdict::kFailed : Verdict::kPassed)
      << *invariance.observed;
}

INSTANTIATE_TEST_SUITE_P(Faults, PlantedModelTest, ::testing::ValuesIn(PlantedKernels()),
                         [](const auto& test) { return std::string(test.param.name); });

// ---- logits from a file ----

// What the fused arm says of 128 tokens of the text from `shift` on.
std::string LogitsFile(const OutFolder& folder, int64_t shift) {
  std::filesystem::create_directories(folder.path());
  const LoadedModel loaded = LoadModel(ModelFolder("builtin:qwen3_5-tiny"), {});
  ModelLibrary library({});
  const std::vector<int32_t> ids =
      library.Span("builtin:qwen3_5-tiny", {"builtin:pydoc", 0, 128 + shift});
  const std::vector<int32_t> said(ids.begin() + shift, ids.end());
  std::vector<int64_t> positions(128);
  std::iota(positions.begin(), positions.end(), 0);
  const std::string path = folder.File("fused.safetensors");
  WriteLogits(*loaded.model, *MakeArm("fused", 1), said, {}, positions, path);
  return path;
}

Report RunWithLogits(const std::string& file) {
  return RunOnce(ModelConfig("{name: file, logits: {text: builtin:pydoc, file: '" + file + "'}}",
                             std::string(kModelCases) + "    captured_inputs: {layers: [0]}\n",
                             "gates:\n"
                             "  - {metric: model.logit_drift.max_abs, max: 1.0e-4}\n"
                             "  - {metric: model.agreement.mismatch, max: 0}\n"),
                 TestWorld());
}

TEST(RunLogitsTest, DriftAndAgreementAreJudgedAndAllElseIsSkipped) {
  const OutFolder folder;
  const Report report = RunWithLogits(LogitsFile(folder, 0));
  EXPECT_EQ(report.summary.exit_code, kExitPass) << report.summary.headline;
  const CaseReport& drift = CaseOf(report, "drift:");
  EXPECT_EQ(drift.status, Verdict::kPassed) << drift.reason;
  EXPECT_EQ(drift.drift->baseline->rows.usable, 128);
  EXPECT_EQ(CaseOf(report, "agreement:").agreement->agree, 128);
  EXPECT_EQ(CaseOf(report, "captured:").reason_code, "logits_only");
  for (const ArmReport& arm : report.arms) {
    if (arm.name != "file") continue;
    EXPECT_THAT(arm.version, StartsWith("deltagauge "));
    EXPECT_EQ(arm.description, "logits from fused.safetensors");
  }
}

TEST(RunLogitsTest, PlantedLogitsOfAnotherTextAreAnError) {
  const OutFolder folder;
  const Report report = RunWithLogits(LogitsFile(folder, 1));
  EXPECT_EQ(report.summary.exit_code, kExitInternal) << report.summary.headline;
  const CaseReport& drift = CaseOf(report, "drift:");
  EXPECT_EQ(drift.status, Verdict::kError);
  EXPECT_THAT(drift.reason, HasSubstr("expected the ids of the case's text"));
}

// ---- exit codes ----

TEST(RunModelTest, TheFusedKernelPasses) {
  const Report report =
      RunOnce(ModelConfig("fused", std::string(kCaptured) + kModelCases, kModelGates), TestWorld());
  EXPECT_EQ(report.summary.exit_code, kExitPass) << report.summary.headline;
  ASSERT_EQ(report.models.size(), 1u);
  EXPECT_EQ(report.models[0].name, "builtin:qwen3_5-tiny");
  EXPECT_EQ(report.models[0].weights_sha256.size(), 64u);
  ASSERT_EQ(report.texts.size(), 1u);
  EXPECT_EQ(report.texts[0].name, "builtin:pydoc");
  EXPECT_TRUE(report.tool.libraries.contains("libtorch"));
}

std::vector<std::string> PromptsOf(const Report& report) {
  std::vector<std::string> names;
  for (const CaseReport& c : report.cases) {
    if (!c.greedy) continue;
    EXPECT_EQ(c.status, Verdict::kPassed) << c.reason;
    for (const GreedyPrompt& prompt : c.greedy->prompts) names.push_back(prompt.prompt);
  }
  return names;
}

// Cut evenly from the text, or the model's own.
TEST(RunModelTest, GreedyNamesItsPrompts) {
  constexpr const char* kGreedy =
      "    agreement: {teacher_forced: false, greedy: {prompts: 3, prompt_tokens: 8, tokens: 4}}\n";
  constexpr const char* kGate = "gates: [{metric: model.greedy.diverged, max: 0}]\n";
  const Report of_text = RunOnce(ModelConfig("fused", kGreedy, kGate), TestWorld());
  EXPECT_EQ(of_text.summary.exit_code, kExitPass) << of_text.summary.headline;
  const std::vector<std::string> names = PromptsOf(of_text);
  ASSERT_EQ(names.size(), 3u);
  std::vector<int64_t> begins;
  for (const std::string& name : names) {
    constexpr std::string_view kPlace = "builtin:pydoc at token ";
    ASSERT_THAT(name, StartsWith(kPlace));
    begins.push_back(std::stoll(name.substr(kPlace.size())));
  }
  EXPECT_EQ(begins[0], 0);
  EXPECT_EQ(begins[1], begins[2] / 2);
  EXPECT_GT(begins[1], 0);

  const Report of_prompt = RunOnce(
      ModelConfig("fused", std::string(kGreedy) + "    prompts: ['def f', 'The sea']\n", kGate),
      TestWorld());
  EXPECT_THAT(PromptsOf(of_prompt), ::testing::ElementsAre("def f", "The sea"));
}

TEST(RunModelTest, AnArmThatFailsIsAnInternalError) {
  RunWorld world = TestWorld();
  world.candidates.Add(InModel("refuses", &FaultyKernel<Fault::kRefusesEverything>));
  const Report report =
      RunOnce(ModelConfig("refuses", "    drift: {by_arm: false}\n", kDriftGate), world);
  EXPECT_EQ(report.cases.at(0).status, Verdict::kError);
  EXPECT_THAT(report.cases.at(0).reason, HasSubstr("refuses recurrence: "));
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kError);
  EXPECT_EQ(report.summary.exit_code, kExitInternal);
}

TEST(RunModelTest, TooFewPositionsDecideNothing) {
  Config config = ModelConfig("fused", "    drift: {by_arm: false}\n", kDriftGate);
  config.models.at(0).tokens = 50;
  const Report report = RunOnce(config, TestWorld());
  EXPECT_EQ(report.cases.at(0).status, Verdict::kInconclusive);
  EXPECT_EQ(report.cases.at(0).reason_code, "too_few");
  EXPECT_EQ(report.gates.at(0).verdict, Verdict::kInconclusive);
  EXPECT_EQ(report.summary.exit_code, kExitInconclusive);
}

TEST(RunModelTest, AWaivedDriftPasses) {
  RunWorld world = TestWorld();
  const PlantedKernel& planted = PlantedKernels()[5];
  world.candidates.Add(InModel(planted.name, planted.kernel));
  const OutFolder out;
  RunRequest request;
  request.config = ModelConfig(planted.name, "    drift: {by_arm: false}\n", kDriftGate);
  request.out = out.path();
  EXPECT_EQ(RunSession(request, world, {}).summary.exit_code, kExitDrift);
  request.waivers = {{.target = "model.logit_drift.*",
                      .by = "me",
                      .reason = "known",
                      .until = std::string(kTestDay)}};
  EXPECT_EQ(RunSession(request, world, {}).summary.exit_code, kExitPass);
}

// ---- interruption and shards ----

Config TwoTexts() {
  return ParsedConfig(
      "models:\n"
      "  - path: builtin:qwen3_5-tiny\n"
      "    texts: [builtin:wordnet, builtin:pydoc]\n"
      "    tokens: 110\n"
      "    drift: {by_layer: true}\n"
      "    agreement: {teacher_forced: true}\n"
      "gates: [{metric: model.kld.max, max: 1.0e-5}]\n");
}

TEST(RunModelTest, GoesOnAfterAnInterruption) {
  const std::string uninterrupted = Timeless(RunOnce(TwoTexts(), TestWorld()));
  for (const size_t after : {size_t{1}, size_t{2}, size_t{3}}) {
    SCOPED_TRACE(after);
    const OutFolder out;
    RunRequest request;
    request.config = TwoTexts();
    request.config_path = "test.yaml";
    request.out = out.path();
    size_t finished = 0;
    RunObserver observer;
    observer.finished = [&](const CaseReport&) { ++finished; };
    RunWorld world = TestWorld();
    world.interrupted = [&] { return finished >= after; };
    EXPECT_FALSE(RunSession(request, world, observer).complete);
    EXPECT_EQ(Difference(Timeless(RunSession(request, TestWorld(), observer)), uninterrupted), "");
    EXPECT_EQ(finished, 4u);
  }
}

TEST(RunModelTest, ShardsMergedEqualOneRun) {
  std::vector<NamedReport> shards;
  for (const int index : {1, 2}) {
    const OutFolder out;
    RunRequest request;
    request.config = TwoTexts();
    request.config_path = "test.yaml";
    request.out = out.path();
    request.shard = Shard{index, 2};
    shards.push_back({fmt::format("shard {}", index), RunSession(request, TestWorld(), {})});
    EXPECT_EQ(shards.back().report.cases.size(), 2u);
  }
  EXPECT_EQ(Difference(Timeless(MergeReports(shards, "merged")),
                       Timeless(RunOnce(TwoTexts(), TestWorld()))),
            "");
}

// ---- speed, by a clock that only the arms and readings of it move ----

// The fused recurrence in as many nanoseconds as it says; calls of one token may take up to
// `noise_ns` more, each 40 ms otherwise.
class PacedRecurrence final : public reference::LayerRecurrence {
 public:
  PacedRecurrence(std::string name, int64_t ns, int64_t noise_ns, std::shared_ptr<int64_t> now)
      : inner_(threads_, &GatedDeltaRule, std::move(name)),
        ns_(ns),
        noise_ns_(noise_ns),
        now_(std::move(now)) {}
  std::string Name() const override { return inner_.Name(); }
  void Run(const reference::LayerCall& call) override {
    inner_.Run(call);
    const auto spell = static_cast<uint64_t>(*now_ / 40'000'000);
    const uint64_t share = (spell * 0x9e3779b97f4a7c15u) >> 48;  // of 2^16
    *now_ += ns_;
    if (call.shape.tokens == 1) *now_ += noise_ns_ * static_cast<int64_t>(share) >> 16;
  }

 private:
  TorchParallelFor threads_;
  FusedRecurrence inner_;
  int64_t ns_;
  int64_t noise_ns_;
  std::shared_ptr<int64_t> now_;
};

// A baseline of 2 ms a call and a candidate of `candidate_ns`.
RunWorld PacedWorld(int64_t candidate_ns, int64_t noise_ns = 0) {
  RunWorld world = TestWorld();
  const auto now = std::make_shared<int64_t>(0);
  world.clock = [now] { return *now += 1000; };
  const auto add = [&](const std::string& name, int64_t ns) {
    world.candidates.Add(
        {.name = name, .version = "", .description = "", .kernel = nullptr, .make_arm = [=] {
           return std::make_unique<PacedRecurrence>(name, ns, noise_ns, now);
         }});
  };
  add("paced", candidate_ns);
  add("steady", 2'000'000);
  return world;
}

Config PacedConfig() {
  // bfloat16: no limit of the machine is measured for it, which would take long by this clock.
  return ParsedConfig(
      "baseline: steady\n"
      "candidates: [paced]\n"
      "performance:\n"
      "  kernel: {tokens: [1, 2], dtypes: bfloat16, value_heads: 1, key_heads: 1}\n"
      "  protocol: {min_effect: 0.05, budget_s: 40, max_quads: 30}\n"
      "gates: [{metric: performance.kernel.speedup, min: 1.3}]\n",
      {"paced", "steady"});
}

TEST(RunModelTest, ASpeedupOverItsTargetPasses) {
  const Report report = RunOnce(PacedConfig(), PacedWorld(1'000'000));
  EXPECT_EQ(report.summary.exit_code, kExitPass) << report.summary.headline;
  ASSERT_EQ(report.cases.size(), 2u);
  for (const CaseReport& of : report.cases) {
    ASSERT_TRUE(of.performance.has_value());
    EXPECT_NEAR(of.performance->speedup.point, 2.0, 0.01);
    // Corrected for both of them.
    ASSERT_TRUE(of.performance->tests.holm_p.has_value());
    EXPECT_DOUBLE_EQ(*of.performance->tests.holm_p, 2 * of.performance->tests.wilcoxon_p);
  }
}

TEST(RunModelTest, AMissedTargetIsAFailureOfSpeed) {
  for (const int64_t ns : {int64_t{1'900'000}, int64_t{3'000'000}}) {
    const Report report = RunOnce(PacedConfig(), PacedWorld(ns));
    EXPECT_EQ(report.summary.exit_code, kExitPerformance) << report.summary.headline;
    const GateResult& gate = report.gates.at(0);
    EXPECT_EQ(gate.verdict, Verdict::kFailed);
    EXPECT_EQ(gate.concern, Concern::kPerformance);
    EXPECT_THAT(gate.repro, StartsWith("timing:"));
    EXPECT_NEAR(*gate.observed, 2e6 / static_cast<double>(ns), 0.01);
  }
}

TEST(RunModelTest, AnInterruptedTimingIsNoResult) {
  RunWorld world = PacedWorld(1'000'000);
  int asked = 0;
  // The first questions come before the first case.
  world.interrupted = [&] { return ++asked > 5; };
  const OutFolder out;
  RunRequest request;
  request.config = PacedConfig();
  request.config_path = "test.yaml";
  request.out = out.path();
  const Report partial = RunSession(request, world, {});
  EXPECT_FALSE(partial.complete);
  EXPECT_TRUE(partial.cases.empty());
  EXPECT_NE(partial.summary.exit_code, kExitPass);
  const Report whole = RunSession(request, PacedWorld(1'000'000), {});
  EXPECT_TRUE(whole.complete);
  EXPECT_EQ(whole.cases.size(), 2u);
  EXPECT_EQ(whole.summary.exit_code, kExitPass);
}

// ---- once more ----

struct PacedRun {
  RunRequest request;
  std::vector<std::string> ids;  // of the cases that ran
  std::vector<std::string> notes;

  explicit PacedRun(const OutFolder& out) {
    request.config = PacedConfig();
    request.config_path = "test.yaml";
    request.out = out.path();
  }
  Report In(const RunWorld& world, Resume resume) {
    request.resume = resume;
    ids.clear();
    notes.clear();
    RunObserver observer;
    observer.finished = [&](const CaseReport& of) { ids.push_back(of.id); };
    observer.note = [&](const std::string& note) { notes.push_back(note); };
    return RunSession(request, world, observer);
  }
  std::string RefusalIn(const RunWorld& world) {
    try {
      In(world, Resume::kDecidedCases);
    } catch (const reference::InputError& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST(RunAgainTest, OnlyUndecidedTimingsAreMeasuredAgain) {
  const OutFolder out;
  PacedRun run(out);
  const RunWorld noisy = PacedWorld(1'000'000, 3'000'000);
  const RunWorld quiet = PacedWorld(1'000'000);
  const Report first = run.In(noisy, Resume::kFinishedCases);
  EXPECT_EQ(first.summary.exit_code, kExitInconclusive) << first.summary.headline;
  const std::string decided = run.ids.at(1);

  // As noisy as before: still undecided, and both attempts are told.
  const Report second = run.In(noisy, Resume::kDecidedCases);
  EXPECT_EQ(second.summary.exit_code, kExitInconclusive);
  EXPECT_THAT(run.ids, ::testing::ElementsAre(first.cases.at(0).id));
  EXPECT_THAT(run.notes, ::testing::ElementsAre("1 of 2 cases are undecided timings"));

  const Report third = run.In(quiet, Resume::kDecidedCases);
  EXPECT_EQ(third.summary.exit_code, kExitPass) << third.summary.headline;
  EXPECT_THAT(run.ids, ::testing::ElementsAre(first.cases.at(0).id));
  const CaseReport& again = third.cases.at(0);
  EXPECT_EQ(again.status, Verdict::kPassed);
  ASSERT_GE(again.performance->notes.size(), 2u);
  EXPECT_THAT(again.performance->notes[0], StartsWith("measured again; before: "));
  EXPECT_THAT(again.performance->notes[0], HasSubstr(first.cases.at(0).reason));
  EXPECT_THAT(again.performance->notes[1], HasSubstr(second.cases.at(0).reason));
  EXPECT_EQ(third.cases.at(1).id, decided);
  EXPECT_EQ(third.cases.at(1).performance->speedup.point,
            first.cases.at(1).performance->speedup.point);
  // Corrected for both of them.
  EXPECT_DOUBLE_EQ(*again.performance->tests.holm_p, 2 * again.performance->tests.wilcoxon_p);

  // What is decided stays, whatever it would be now.
  const std::string file = ReadWholeFile(out.File("report.json"), kMaxReportBytes);
  const Report fourth = run.In(PacedWorld(3'000'000), Resume::kDecidedCases);
  EXPECT_TRUE(run.ids.empty());
  EXPECT_EQ(fourth.summary.exit_code, kExitPass);
  EXPECT_EQ(ReadWholeFile(out.File("report.json"), kMaxReportBytes), file);
}

TEST(RunAgainTest, AFailureIsDecided) {
  const OutFolder out;
  PacedRun run(out);
  EXPECT_EQ(run.In(PacedWorld(3'000'000), Resume::kFinishedCases).summary.exit_code,
            kExitPerformance);
  EXPECT_EQ(run.In(PacedWorld(1'000'000), Resume::kDecidedCases).summary.exit_code,
            kExitPerformance);
  EXPECT_TRUE(run.ids.empty());
}

// Planted: both cases passed, and the gate could not tell.
TEST(RunAgainTest, AnUndecidedGateHasItsCaseMeasuredAgain) {
  const OutFolder out;
  PacedRun run(out);
  Report report = run.In(PacedWorld(1'000'000), Resume::kFinishedCases);
  report.gates.at(0).verdict = Verdict::kInconclusive;
  report.gates.at(0).case_id = report.cases.at(1).id;
  WriteReportFiles(report, out.path());
  const Report again = run.In(PacedWorld(1'000'000), Resume::kDecidedCases);
  EXPECT_THAT(run.ids, ::testing::ElementsAre(report.cases.at(1).id));
  EXPECT_EQ(again.summary.exit_code, kExitPass);
  EXPECT_THAT(again.cases.at(1).performance->notes,
              ::testing::Contains(HasSubstr("the gate undecided")));
}

TEST(RunAgainTest, GoesOnAfterAnInterruption) {
  const OutFolder out;
  PacedRun run(out);
  run.In(PacedWorld(1'000'000, 3'000'000), Resume::kFinishedCases);
  RunWorld interrupted = PacedWorld(1'000'000);
  int asked = 0;
  interrupted.interrupted = [&] { return ++asked > 5; };
  EXPECT_FALSE(run.In(interrupted, Resume::kDecidedCases).complete);
  EXPECT_TRUE(run.ids.empty());
  const Report whole = run.In(PacedWorld(1'000'000), Resume::kDecidedCases);
  EXPECT_EQ(run.ids.size(), 1u);
  EXPECT_EQ(whole.summary.exit_code, kExitPass);
}

TEST(RunAgainTest, WhatIsNotThisRunIsRefusedAndUntouched) {
  const OutFolder out;
  PacedRun run(out);
  const RunWorld noisy = PacedWorld(1'000'000, 3'000'000);
  EXPECT_THAT(run.RefusalIn(noisy), HasSubstr("report.json"));  // no run at all
  run.In(noisy, Resume::kFinishedCases);
  const std::string file = ReadWholeFile(out.File("report.json"), kMaxReportBytes);
  const auto expect_refusal = [&](const RunWorld& world, const std::string& what) {
    EXPECT_THAT(run.RefusalIn(world), HasSubstr(what));
    EXPECT_TRUE(run.ids.empty());
    EXPECT_EQ(ReadWholeFile(out.File("report.json"), kMaxReportBytes), file);
  };
  RunWorld other_build = noisy;
  other_build.build.commit = "other";
  expect_refusal(other_build, "of another configuration or build");
  run.request.config.seed += 1;
  expect_refusal(noisy, "of another configuration or build");
  run.request.config.seed -= 1;
  run.request.only = {"*tokens=1*"};
  expect_refusal(noisy, "holds 2 cases, and this run has 1");
}

}  // namespace
}  // namespace deltagauge
