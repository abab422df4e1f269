// Cases that need a model, or a recurrence in the form of a model's layer.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fmt/format.h"
#include "harness/bench/bench_limits.h"
#include "harness/model/captured_case.h"
#include "harness/model/model_library.h"
#include "harness/model/model_pass.h"
#include "harness/model/model_source.h"
#include "harness/model/timed_cases.h"
#include "harness/run/case_runner.h"
#include "harness/timing/timing_control.h"
#include "harness/timing/timing_counters.h"
#include "harness/timing/timing_engine.h"
#include "kernels/targets.h"
#include "reference/checkpoint.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerRecurrence;
using reference::Model;

// Tokens before those whose inputs are captured, so that states aren't zero.
constexpr int64_t kCaptureWarmUp = 64;

// ATen's threads for as long as it lives.
class TorchThreadsSetting {
 public:
  explicit TorchThreadsSetting(int threads) : before_(reference::TorchThreads()) {
    reference::SetTorchThreads(threads);
  }
  ~TorchThreadsSetting() { reference::SetTorchThreads(before_); }
  TorchThreadsSetting(const TorchThreadsSetting&) = delete;
  TorchThreadsSetting& operator=(const TorchThreadsSetting&) = delete;

 private:
  int before_;
};

void SetStatus(const Validity& validity, CaseReport& report) {
  report.status = validity.verdict;
  report.reason = validity.reason;
  report.reason_code = validity.verdict == Verdict::kPassed         ? ""
                       : validity.verdict == Verdict::kInvalid      ? "vacuous"
                       : validity.verdict == Verdict::kFailed       ? "non_finite"
                       : validity.verdict == Verdict::kInconclusive ? "too_few"
                                                                    : "error";
}

class ModelCasesWithTorch final : public ModelCases {
 public:
  explicit ModelCasesWithTorch(const RunServices& services)
      : services_(services), library_(services.progress) {}

  void Run(const PlanEntry& entry, CaseReport& report) override {
    const TorchThreadsSetting threads(ThreadsOf(entry.run_case));
    std::visit([&](const auto& run) { RunOne(run, entry, report); }, entry.run_case);
  }

  void Describe(const PlanEntry& entry) override {
    const std::optional<ModelSetup> setup = ModelOf(entry.run_case);
    if (!setup.has_value()) return;
    library_.Describe(setup->model);
    const auto* const greedy = std::get_if<GreedyRun>(&entry.run_case);
    if (greedy != nullptr && !greedy->prompt.empty()) return;
    for (const auto& [name, value] : ParametersOf(entry.run_case)) {
      if (name == "text") library_.Tokens(setup->model, PercentDecoded(value).value_or(value));
    }
  }

  std::vector<ModelReport> Models() const override { return library_.Models(); }
  std::vector<TextReport> Texts() const override { return library_.Texts(); }
  std::string LibtorchVersion() const override { return reference::TorchVersion(); }

 private:
  std::unique_ptr<LayerRecurrence> Arm(const std::string& name) const {
    const Candidate& candidate = services_.candidates->Get(name);
    if (!candidate.make_arm) {
      throw std::runtime_error("'" + name + "' can't run inside a model");
    }
    return candidate.make_arm();
  }

  void RunOne(const KernelRun&, const PlanEntry&, CaseReport&) {
    throw std::logic_error("a kernel case needs no model");
  }

  void RunOne(const CapturedRun& run, const PlanEntry&, CaseReport& report) {
    const ComputeType type = ComputeTypeOf(run.setup.data_type);
    if (type == ComputeType::kFloat64) {
      report.status = Verdict::kSkipped;
      report.reason_code = "no_kernel";
      report.reason = "no kernel takes float64";
      return;
    }
    const Model& model = library_.Get(run.setup.model, type);
    TextSpan span = run.text;
    span.tokens += kCaptureWarmUp;
    const std::vector<int32_t> ids = library_.Span(run.setup.model, span);
    const auto capturing = Arm("eager");
    const auto candidate = Arm(run.setup.candidate);
    const auto limits =
        run.setup.candidate == "fused" ? CapturedCall::Limits::kFused : CapturedCall::Limits::kAny;
    reference::ModelCache cache = model.NewCache(1, *capturing);
    model.Forward(std::span(ids).first(kCaptureWarmUp), cache, *capturing);

    CorrectnessResult correctness;
    correctness.check = NameOf(CheckKind::kAccuracy);
    reference::ModelTaps taps;
    taps.before_rule = [&](const reference::LayerCall& call) {
      if (run.layer.has_value() && call.layer != *run.layer) return;
      CapturedCall(call).Judge(*candidate, limits, correctness);
    };
    model.Forward(std::span(ids).subspan(kCaptureWarmUp), cache, *capturing, {.taps = &taps});
    if (correctness.findings.empty()) {
      SetStatus(
          {Verdict::kInvalid, run.layer.has_value()
                                  ? fmt::format("layer {} is no linear-attention layer", *run.layer)
                                  : std::string("the model has no linear-attention layer")},
          report);
      return;
    }
    correctness.target = candidate->Description();
    report.status = WorstOf(correctness.findings);
    for (const Finding& finding : correctness.findings) {
      if (report.status == Verdict::kPassed || finding.verdict != report.status) continue;
      report.reason = finding.Message();
      report.reason_code = report.status == Verdict::kInvalid ? "vacuous" : "rule";
      break;
    }
    report.correctness = std::move(correctness);
  }

  // Drift and agreement are read off the same pass.
  const TextPassResult& Pass(const std::string& key, const ModelSetup& setup, const TextSpan& text,
                             const std::optional<int64_t>& positions, const std::string& truth,
                             bool by_layer) {
    if (!key.empty() && key == pass_key_) return pass_;
    TextPassRequest request;
    request.ids = library_.Span(setup.model, text);
    request.positions = positions.value_or(text.tokens);
    request.by_layer = by_layer;
    const ComputeType type = ComputeTypeOf(setup.data_type);
    request.candidate_logits =
        services_.candidates->Get(setup.candidate).LogitsOf({text.path, text.offset});
    const auto candidate = request.candidate_logits == nullptr ? Arm(setup.candidate) : nullptr;
    const auto baseline = Arm(setup.baseline);
    request.model = &library_.Get(setup.model, type);
    request.candidate = candidate.get();
    request.baseline = baseline.get();
    std::unique_ptr<LayerRecurrence> oracle;
    if (truth != "none") {
      oracle = Arm(truth);
      request.truth_model = &library_.Get(setup.model, ComputeType::kFloat64);
      request.truth = oracle.get();
    }
    pass_ = RunTextPass(request, services_.progress);
    pass_key_ = key;
    return pass_;
  }

  void RunOne(const DriftRun& run, const PlanEntry& entry, CaseReport& report) {
    const TextPassResult& pass =
        Pass(entry.pass, run.setup, run.text, run.positions, run.truth, run.by_layer);
    report.drift = pass.drift;
    Validity worst = ValidityOf(pass.drift.baseline->rows);
    for (const auto* const drift : {&pass.drift.truth, &pass.drift.baseline_to_truth}) {
      if (!drift->has_value()) continue;
      const Validity validity = ValidityOf((*drift)->rows);
      if (Worse(worst.verdict, validity.verdict) != worst.verdict) worst = validity;
    }
    SetStatus(worst, report);
  }

  void RunOne(const AgreementRun& run, const PlanEntry& entry, CaseReport& report) {
    const TextPassResult& pass =
        Pass(entry.pass, run.setup, run.text, run.positions, "none", false);
    report.agreement = pass.agreement;
    SetStatus(ValidityOf(pass.agreement.rows), report);
  }

  void RunOne(const GreedyRun& run, const PlanEntry&, CaseReport& report) {
    const Model& model = library_.Get(run.setup.model, ComputeTypeOf(run.setup.data_type));
    const auto candidate = Arm(run.setup.candidate);
    const auto baseline = Arm(run.setup.baseline);
    report.greedy = RunGreedy(model, *candidate, *baseline, Prompts(run), run.tokens);
    SetStatus(ValidityOf(report.greedy->summary), report);
  }

  std::vector<NamedPrompt> Prompts(const GreedyRun& run) {
    if (!run.prompt.empty()) {
      return {{run.prompt, library_.TokenizerOf(run.setup.model).Encode(run.prompt)}};
    }
    const std::vector<int32_t>& ids = library_.Tokens(run.setup.model, run.text);
    const int64_t room = static_cast<int64_t>(ids.size()) - run.offset - run.prompt_tokens;
    if (room < 0) {
      library_.Span(run.setup.model,
                    {run.text, run.offset, run.prompt_tokens});  // throws, saying how short it is
    }
    std::vector<NamedPrompt> prompts;
    for (int64_t i = 0; i < run.prompts; ++i) {
      if (run.only.has_value() && i != *run.only) continue;
      const int64_t begin = run.offset + room * i / std::max<int64_t>(run.prompts - 1, 1);
      prompts.push_back({fmt::format("{} at token {}", run.text, begin),
                         {ids.begin() + begin, ids.begin() + begin + run.prompt_tokens}});
    }
    return prompts;
  }

  void RunOne(const InvarianceRun& run, const PlanEntry&, CaseReport& report) {
    const Model& model = library_.Get(run.setup.model, ComputeTypeOf(run.setup.data_type));
    const auto candidate = Arm(run.setup.candidate);
    report.invariance = RunInvariance(model, *candidate, library_.Span(run.setup.model, run.text),
                                      run.check, run.setup.threads, run.seed);
    report.status = Verdict::kPassed;
    for (const InvarianceComparison& comparison : report.invariance->comparisons) {
      const bool ok = comparison.limit.has_value() ? comparison.max_abs <= *comparison.limit
                                                   : comparison.same_bits;
      if (ok || report.status == Verdict::kFailed) continue;
      report.status = Verdict::kFailed;
      report.reason_code = "invariance";
      report.reason = comparison.limit.has_value()
                          ? fmt::format(
                                "{}: logits differ by {:.3g}, at most {:.3g} allowed (position {}, "
                                "token {})",
                                comparison.what, comparison.max_abs, *comparison.limit,
                                comparison.max_position, comparison.max_token)
                          : fmt::format("{}: the bits differ, by up to {:.3g}", comparison.what,
                                        comparison.max_abs);
    }
    if (report.invariance->comparisons.empty()) {
      SetStatus({Verdict::kInvalid, "nothing was compared"}, report);
    }
  }

  // ---- timed ----

  Translation TranslationOf(const std::string& arm) const {
    return services_.candidates->Get(arm).translation.value_or(Translation::kOutside);
  }

  void NoteTranslation(const std::string& arm, const char* role, const char* where,
                       TimingResult& result) const {
    if (!services_.candidates->Get(arm).translation.has_value()) return;
    result.notes.push_back(
        fmt::format("{}: translated into its conventions {} the clock", role, where));
  }

  // `same` is a second A.
  void Time(SetCall& a, SetCall& b, SetCall& same, const ProtocolConfig& protocol, uint64_t seed,
            const TimingLimits& limits, double agreement_limit, CaseReport& report) {
    ControlCall control;
    TimingRequest request;
    request.a = &a;
    request.b = &b;
    request.same = &same;
    request.control = &control;
    request.limits = limits;
    size_t set = 0;
    request.hooks.select_inputs = [&](int quad) {
      set = static_cast<size_t>(quad % static_cast<int>(protocol.input_sets));
      for (SetCall* const call : {&a, &b, &same}) call->SelectInputs(set);
    };
    request.hooks.renew = [&] {
      for (SetCall* const call : {&a, &b, &same}) call->Renew();
    };
    request.hooks.verify = [&] {
      SetCall& other = b.HasRun() ? b : same;
      return a.HasRun() && other.HasRun() ? CompareRuns(set, a, other, agreement_limit) : "";
    };
    request.hooks.cancelled = services_.cancelled;
    request.hooks.count_run = CountRun;
    TimingPolicy policy;
    policy.min_effect = protocol.min_effect;
    policy.confidence = protocol.confidence;
    policy.most_quads = static_cast<int>(protocol.max_quads);
    policy.seed = seed;
    if (protocol.speedup_target > 0) policy.target = protocol.speedup_target;
    report.performance = MeasureTiming(request, policy, protocol.budget_s, services_.clock);
    const TimingResult& result = *report.performance;
    report.status = result.verdict;
    report.reason = result.reason;
    if (result.verdict != Verdict::kPassed) {
      report.reason_code = result.noise.contaminated ? "contaminated"
                           : result.noise.throttled
                               ? "throttled"
                               : std::string(TimingOutcomeName(result.outcome));
    }
  }

  // Operations a second that float32 multiply-adds reach here; 0 for other types, which may have
  // faster instructions.
  double PeakFlops(ComputeType type, int threads, const std::string& target) {
    if (type != ComputeType::kFloat32) return 0;
    return limits_.FmaPeak(target.empty() ? std::string(ActiveTarget()) : target, threads).best;
  }

  void RunOne(const KernelTimingRun& run, const PlanEntry&, CaseReport& report) {
    library_.KeepOnly("", ComputeType::kFloat32);
    const auto candidate = Arm(run.candidate);
    const auto baseline = Arm(run.baseline);
    const Translation of_candidate = TranslationOf(run.candidate);
    const Translation of_baseline = TranslationOf(run.baseline);
    const auto a = MakeRuleCall(run, *candidate, of_candidate);
    const auto b = MakeRuleCall(run, *baseline, of_baseline);
    const auto same = MakeRuleCall(run, *candidate, of_candidate);
    for (SetCall* const call : {a.get(), b.get(), same.get()}) call->SelectInputs(0);  // translates
    TimingLimits limits;
    limits.flops_per_run =
        6.0 * static_cast<double>(run.tokens * run.value_heads * run.key_dim * run.value_dim);
    limits.peak_flops_per_s = PeakFlops(
        run.data_type == DataType::kFloat32 ? ComputeType::kFloat32 : ComputeType::kBFloat16,
        run.threads, run.target);
    Time(*a, *b, *same, run.protocol, run.seed, limits,
         run.data_type == DataType::kFloat32 ? 1e-4 : 2e-2, report);
    const auto where = [](Translation translation) {
      return translation == Translation::kOutside ? "outside of" : "inside";
    };
    NoteTranslation(run.candidate, "candidate", where(of_candidate), *report.performance);
    NoteTranslation(run.baseline, "baseline", where(of_baseline), *report.performance);
  }

  // Stretches of the text for the input sets, evenly spread.
  PromptSets Sets(const std::string& model, const TextSpan& span, int64_t sets) {
    const auto available = static_cast<int64_t>(library_.Tokens(model, span.path).size());
    const int64_t room = std::max<int64_t>(available - span.offset - span.tokens, 0);
    PromptSets prompts;
    for (int64_t i = 0; i < sets; ++i) {
      TextSpan one = span;
      one.offset += room * i / std::max<int64_t>(sets - 1, 1);
      prompts.ids.push_back(library_.Span(model, one));
    }
    return prompts;
  }

  // Relative RMS by which the logits of two honest arms may differ.
  static double LogitLimit(ComputeType type) {
    return type == ComputeType::kBFloat16 ? 5e-2 : 1e-3;
  }

  static void NoteParts(const PromptCall& call, const char* arm, TimingResult& result) {
    const std::string parts = DescribeParts(call.part_times());
    if (!parts.empty()) result.notes.push_back(fmt::format("{}: {}", arm, parts));
  }

  void TimeModel(const ModelSetup& setup, PromptCall& a, PromptCall& b, PromptCall& same,
                 const ProtocolConfig& protocol, uint64_t seed, const TimingLimits& limits,
                 CaseReport& report) {
    Time(a, b, same, protocol, seed, limits, LogitLimit(ComputeTypeOf(setup.data_type)), report);
    NoteTranslation(setup.candidate, "candidate", "inside", *report.performance);
    NoteTranslation(setup.baseline, "baseline", "inside", *report.performance);
    NoteParts(a, "candidate", *report.performance);
    NoteParts(b, "baseline", *report.performance);
    report.performance->notes.push_back("linear layers by " + library_.LinearDescription());
  }

  void RunOne(const PrefillRun& run, const PlanEntry&, CaseReport& report) {
    const ComputeType type = ComputeTypeOf(run.setup.data_type);
    library_.KeepOnly(run.setup.model, type);
    const Model& model = library_.Get(run.setup.model, type);
    const PromptSets prompts = Sets(run.setup.model, run.text, run.protocol.input_sets);
    const auto candidate = Arm(run.setup.candidate);
    const auto baseline = Arm(run.setup.baseline);
    const auto a = MakePrefillCall(model, *candidate, prompts);
    const auto b = MakePrefillCall(model, *baseline, prompts);
    const auto same = MakePrefillCall(model, *candidate, prompts);
    TimingLimits limits;
    limits.flops_per_run =
        LayerFlopsPerToken(model.config()) * static_cast<double>(run.text.tokens);
    limits.peak_flops_per_s = PeakFlops(type, run.setup.threads, "");
    TimeModel(run.setup, *a, *b, *same, run.protocol, run.seed, limits, report);
  }

  void RunOne(const DecodeRun& run, const PlanEntry&, CaseReport& report) {
    const ComputeType type = ComputeTypeOf(run.setup.data_type);
    library_.KeepOnly(run.setup.model, type);
    const Model& model = library_.Get(run.setup.model, type);
    const PromptSets prompts = Sets(
        run.setup.model, {run.text, run.offset, run.context + run.tokens}, run.protocol.input_sets);
    const auto candidate = Arm(run.setup.candidate);
    const auto baseline = Arm(run.setup.baseline);
    const auto a = MakeDecodeCall(model, *candidate, prompts, run.context);
    const auto b = MakeDecodeCall(model, *baseline, prompts, run.context);
    const auto same = MakeDecodeCall(model, *candidate, prompts, run.context);
    TimingLimits limits;
    limits.bytes_per_run =
        WeightBytesPerToken(model.config(), type) * static_cast<double>(run.tokens);
    TimeModel(run.setup, *a, *b, *same, run.protocol, run.seed, limits, report);
  }

  const RunServices& services_;
  ModelLibrary library_;
  std::string pass_key_;
  TextPassResult pass_;
  ThreadPools pools_;
  MachineLimits limits_{pools_, /*budget_ns=*/3e8, services_.clock};
};

}  // namespace

void CheckModels(std::span<const PlanEntry> entries) {
  std::set<std::string> models;
  for (const PlanEntry& entry : entries) {
    const std::optional<ModelSetup> setup = ModelOf(entry.run_case);
    if (setup.has_value() && !IsMadeOnFirstUse(setup->model)) models.insert(setup->model);
  }
  for (const std::string& model : models) reference::Checkpoint::Open(ModelFolder(model));
}

std::unique_ptr<ModelCases> MakeModelCases(const RunServices& services) {
  return std::make_unique<ModelCasesWithTorch>(services);
}

}  // namespace deltagauge
