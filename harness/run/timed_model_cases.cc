#include "harness/run/timed_model_cases.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "fmt/format.h"
#include "harness/timing/timing_control.h"
#include "harness/timing/timing_counters.h"
#include "harness/timing/timing_engine.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::Model;

// Relative RMS by which the logits of two honest arms may differ.
double LogitLimit(ComputeType type) { return type == ComputeType::kBFloat16 ? 5e-2 : 1e-3; }

void NoteParts(const PromptCall& call, const char* arm, TimingResult& result) {
  const std::string parts = DescribeParts(call.part_times());
  if (!parts.empty()) result.notes.push_back(fmt::format("{}: {}", arm, parts));
}

}  // namespace

TimedModelCases::TimedModelCases(const RunServices& services, ModelLibrary& library)
    : services_(services), library_(library) {}

Translation TimedModelCases::TranslationOf(const std::string& arm) const {
  return services_.candidates->Get(arm).translation.value_or(Translation::kOutside);
}

void TimedModelCases::NoteTranslation(const std::string& arm, const char* role, const char* where,
                                      TimingResult& result) const {
  if (!services_.candidates->Get(arm).translation.has_value()) return;
  result.notes.push_back(
      fmt::format("{}: translated into its conventions {} the clock", role, where));
}

void TimedModelCases::Time(SetCall& a, SetCall& b, SetCall& same, const ProtocolConfig& protocol,
                           uint64_t seed, const TimingLimits& limits, double agreement_limit,
                           CaseReport& report) {
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
                         : result.noise.throttled  ? "throttled"
                                                   : std::string(TimingOutcomeName(result.outcome));
  }
}

double TimedModelCases::PeakFlops(ComputeType type, int threads, const std::string& target) {
  if (type != ComputeType::kFloat32) return 0;
  return limits_.FmaPeak(target.empty() ? std::string(ActiveTarget()) : target, threads).best;
}

void TimedModelCases::Run(const KernelTimingRun& run, CaseReport& report) {
  library_.KeepOnly("", ComputeType::kFloat32);
  const auto candidate = services_.candidates->MakeArm(run.candidate);
  const auto baseline = services_.candidates->MakeArm(run.baseline);
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

PromptSets TimedModelCases::Sets(const std::string& model, const TextSpan& span, int64_t sets) {
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

void TimedModelCases::TimeModel(const ModelSetup& setup, PromptCall& a, PromptCall& b,
                                PromptCall& same, const ProtocolConfig& protocol, uint64_t seed,
                                const TimingLimits& limits, CaseReport& report) {
  Time(a, b, same, protocol, seed, limits, LogitLimit(ComputeTypeOf(setup.data_type)), report);
  NoteTranslation(setup.candidate, "candidate", "inside", *report.performance);
  NoteTranslation(setup.baseline, "baseline", "inside", *report.performance);
  NoteParts(a, "candidate", *report.performance);
  NoteParts(b, "baseline", *report.performance);
  report.performance->notes.push_back("linear layers by " + library_.LinearDescription());
}

void TimedModelCases::Run(const PrefillRun& run, CaseReport& report) {
  const ComputeType type = ComputeTypeOf(run.setup.data_type);
  library_.KeepOnly(run.setup.model, type);
  const Model& model = library_.Get(run.setup.model, type);
  const PromptSets prompts = Sets(run.setup.model, run.text, run.protocol.input_sets);
  const auto candidate = services_.candidates->MakeArm(run.setup.candidate);
  const auto baseline = services_.candidates->MakeArm(run.setup.baseline);
  const auto a = MakePrefillCall(model, *candidate, prompts);
  const auto b = MakePrefillCall(model, *baseline, prompts);
  const auto same = MakePrefillCall(model, *candidate, prompts);
  TimingLimits limits;
  limits.flops_per_run = LayerFlopsPerToken(model.config()) * static_cast<double>(run.text.tokens);
  limits.peak_flops_per_s = PeakFlops(type, run.setup.threads, "");
  TimeModel(run.setup, *a, *b, *same, run.protocol, run.seed, limits, report);
}

void TimedModelCases::Run(const DecodeRun& run, CaseReport& report) {
  const ComputeType type = ComputeTypeOf(run.setup.data_type);
  library_.KeepOnly(run.setup.model, type);
  const Model& model = library_.Get(run.setup.model, type);
  const PromptSets prompts = Sets(run.setup.model, {run.text, run.offset, run.context + run.tokens},
                                  run.protocol.input_sets);
  const auto candidate = services_.candidates->MakeArm(run.setup.candidate);
  const auto baseline = services_.candidates->MakeArm(run.setup.baseline);
  const auto a = MakeDecodeCall(model, *candidate, prompts, run.context);
  const auto b = MakeDecodeCall(model, *baseline, prompts, run.context);
  const auto same = MakeDecodeCall(model, *candidate, prompts, run.context);
  TimingLimits limits;
  limits.bytes_per_run =
      WeightBytesPerToken(model.config(), type) * static_cast<double>(run.tokens);
  TimeModel(run.setup, *a, *b, *same, run.protocol, run.seed, limits, report);
}

}  // namespace deltagauge
