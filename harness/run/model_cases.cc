// Cases that need a model, or a recurrence in the form of a model's layer.
#include <algorithm>
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
#include "harness/model/captured_case.h"
#include "harness/model/model_library.h"
#include "harness/model/model_pass.h"
#include "harness/model/model_source.h"
#include "harness/run/case_runner.h"
#include "harness/run/timed_model_cases.h"
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
    return services_.candidates->MakeArm(name);
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
    const std::vector<NamedPrompt> prompts = Prompts(run);
    const GreedyComparison found = RunGreedy(model, *candidate, *baseline, prompts, run.tokens);
    GreedyReport& greedy = report.greedy.emplace(GreedyReport{found.summary, found.agreement, {}});
    for (size_t i = 0; i < prompts.size(); ++i) {
      greedy.prompts.push_back({prompts[i].name, found.prompts[i]});
    }
    SetStatus(ValidityOf(found), report);
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

  // What none of the above is.
  template <typename TimedRun>
  void RunOne(const TimedRun& run, const PlanEntry&, CaseReport& report) {
    timed_.Run(run, report);
  }

  const RunServices& services_;
  ModelLibrary library_;
  std::string pass_key_;
  TextPassResult pass_;
  TimedModelCases timed_{services_, library_};
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
