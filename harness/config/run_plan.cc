#include "harness/config/run_plan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "harness/kernel/kernel_plan.h"
#include "harness/timing/timing_schedule.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;

// --- costs ---
// Measured on 2 cores of Zen 5 with float32 and 1 thread, to one digit: accurate enough to balance
// shards, no more.

// Seconds for each token x value head x K x V of a kernel case, truth and references included.
double KernelCostPerUnit(CheckKind check) {
  switch (check) {
    case CheckKind::kAccuracy:
      return 5e-9;
    case CheckKind::kThreads:
    case CheckKind::kInPlace:
      return 4e-9;
    case CheckKind::kNeighbours:
      return 6e-9;
    case CheckKind::kLayouts:
      return 11e-9;
    case CheckKind::kPieces:
      return 92e-9;
    case CheckKind::kContagion:
      return 108e-9;
    case CheckKind::kSnapshots:
      return 435e-9;
  }
  return 0;
}

// Seconds for a token's forward pass with a recurrence of plain loops.
double TokenCost(const ModelSetup& setup) {
  const double seconds = setup.model == kModelNames[0] ? 1e-3 : 1e-2;
  return setup.data_type == ModelDataType::kFloat64 ? 2 * seconds : seconds;
}

struct EstimatedCost {
  double operator()(const KernelRun& run) const {
    const KernelCase& c = run.kernel_case;
    return 0.04 + KernelCostPerUnit(c.check) * static_cast<double>(c.TotalTokens() * c.value_heads *
                                                                   c.key_dim * c.value_dim);
  }
  double operator()(const CapturedRun& run) const {
    const double layers = run.layer ? 1 : 6;
    return static_cast<double>(run.text.tokens) * (TokenCost(run.setup) + layers * 5e-4);
  }
  double operator()(const DriftRun& run) const {
    const double arms = run.truth == "none" ? 2 : 4;
    return arms * static_cast<double>(run.text.tokens) * TokenCost(run.setup);
  }
  double operator()(const AgreementRun& run) const {
    return 2 * static_cast<double>(run.text.tokens) * TokenCost(run.setup);
  }
  double operator()(const GreedyRun& run) const {
    const int64_t prompts = run.only || !run.prompt.empty() ? 1 : run.prompts;
    return 2 * static_cast<double>(prompts * (run.prompt_tokens + run.tokens)) *
           TokenCost(run.setup);
  }
  double operator()(const InvarianceRun& run) const {
    return 4 * static_cast<double>(run.text.tokens) * TokenCost(run.setup);
  }
  double operator()(const KernelTimingRun& run) const { return run.protocol.budget_s; }
  double operator()(const PrefillRun& run) const { return run.protocol.budget_s; }
  double operator()(const DecodeRun& run) const { return run.protocol.budget_s; }
};

// Seconds of one call of either arm, for the budget: with ATen's recurrence token by token, about
// 20 us and 12 us a value head; the fused one about 1 us a value head. In the full-size model that
// is 3 ms a token, which more threads don't shorten, beside matrices, which they do (Zen 4).
struct TimedCallCost {
  CaseCost operator()(const KernelTimingRun& run) const {
    const auto tokens = static_cast<double>(run.tokens);
    const auto heads = static_cast<double>(run.value_heads);
    return {.a_s = tokens * heads * 1e-6, .b_s = tokens * (2e-5 + heads * 12e-6)};
  }
  CaseCost operator()(const PrefillRun& run) const {
    const auto tokens = static_cast<double>(run.text.tokens);
    const bool tiny = run.setup.model == kModelNames[0];
    if (tiny) return {.a_s = tokens * 2e-4, .b_s = tokens * 6e-4};
    const double matrices_s = run.setup.data_type == ModelDataType::kBFloat16 ? 6e-3 : 1e-2;
    const double fused_s = matrices_s / std::min(run.setup.threads, 2);
    return {.a_s = tokens * fused_s, .b_s = tokens * (fused_s + 3e-3)};
  }
  CaseCost operator()(const DecodeRun& run) const {
    const auto tokens = static_cast<double>(run.tokens);
    const bool tiny = run.setup.model == kModelNames[0];
    return tiny ? CaseCost{.a_s = tokens * 3e-3, .b_s = tokens * 4e-3}
                : CaseCost{.a_s = tokens * 8e-2, .b_s = tokens * 9e-2};
  }
  template <typename Untimed>
  CaseCost operator()(const Untimed&) const {
    return {};
  }
};

// The model, the text and how much of it: what one pass of every arm serves.
std::string PassOf(const ModelSetup& setup, const TextSpan& text) {
  return CaseId(AgreementRun{setup, text, std::nullopt});
}

// --- the cases ---

class Planner {
 public:
  explicit Planner(const Config& config) : config_(config) {}

  std::vector<PlanEntry> Plan() && {
    if (config_.kernel) PlanKernel(*config_.kernel);
    ForEachSetup(
        [&](const ModelRunConfig& model, const ModelSetup& setup) { PlanCaptured(model, setup); });
    ForEachSetup(
        [&](const ModelRunConfig& model, const ModelSetup& setup) { PlanTexts(model, setup); });
    ForEachSetup(
        [&](const ModelRunConfig& model, const ModelSetup& setup) { PlanGreedy(model, setup); });
    ForEachSetup([&](const ModelRunConfig& model, const ModelSetup& setup) {
      PlanInvariance(model, setup);
    });
    if (config_.performance) PlanPerformance(*config_.performance);
    if (plan_.empty()) {
      throw InputError(config_.name, "the configuration gives no case",
                       "give kernel, models or performance");
    }
    return std::move(plan_);
  }

 private:
  void Add(RunCase run_case, std::string pass = {}) {
    if (const auto error = CheckRunCase(run_case)) {
      throw InputError(config_.name, error->what + " in " + PrintRunCase(run_case), error->hint);
    }
    std::string id = CaseId(run_case);
    if (!ids_.insert(id).second) return;
    if (plan_.size() == kMaxPlanCases) {
      throw InputError(config_.name, fmt::format("expected at most {} cases", kMaxPlanCases));
    }
    const double seconds = std::visit(EstimatedCost(), run_case);
    plan_.push_back({std::move(id), std::move(run_case), std::move(pass), seconds});
  }

  template <typename Do>
  void ForEachSetup(const Do& plan_setup) {
    for (const ModelRunConfig& model : config_.models) {
      for (const ModelDataType dtype : model.dtypes) {
        for (const int threads : model.threads) {
          for (const std::string& candidate : config_.candidates) {
            if (candidate == config_.baseline) continue;  // it would be compared with itself
            plan_setup(model, {candidate, config_.baseline, model.path, dtype, threads});
          }
        }
      }
    }
  }

  // kernel

  void AddKernel(const KernelCase& kernel_case) {
    for (const std::string& candidate : config_.candidates) {
      Add(KernelRun{kernel_case, candidate});
    }
  }

  void PlanKernel(const KernelConfig& kernel) {
    for (const KernelShape& shape : kernel.shapes) {
      for (const CheckKind check : shape.checks) {
        for (const DataType dtype : kernel.dtypes) {
          for (const GateRegime regime : kernel.regimes) {
            PlanShape(kernel, shape, check, dtype, regime);
          }
        }
      }
    }
    for (const KernelCase& kernel_case : kernel.cases) AddKernel(kernel_case);
    if (!kernel.standard_cases) return;
    for (const PlannedCase& planned : DefaultCheckPlan()) AddKernel(planned.kernel_case);
  }

  void PlanShape(const KernelConfig& kernel, const KernelShape& shape, CheckKind check,
                 DataType dtype, GateRegime regime) {
    KernelCase c;
    c.sequences = shape.sequences;
    c.value_heads = shape.value_heads;
    c.key_heads = shape.key_heads;
    c.key_dim = shape.key_dim;
    c.value_dim = shape.value_dim;
    c.data_type = dtype;
    c.gates = regime;
    c.check = check;
    c.seed = config_.seed;
    const std::vector<int> one = {1};
    for (const int threads : check == CheckKind::kAccuracy ? kernel.threads : one) {
      c.threads = threads;
      for (const int64_t tokens : TokensOf(shape, check)) {
        c.tokens = tokens;
        AddKernel(c);
      }
    }
  }

  static std::vector<int64_t> TokensOf(const KernelShape& shape, CheckKind check) {
    if (check == CheckKind::kAccuracy) return shape.tokens;
    std::vector<int64_t> tokens;
    std::copy_if(shape.tokens.begin(), shape.tokens.end(), std::back_inserter(tokens),
                 [](int64_t t) { return t > 0; });
    const bool is_costly = check == CheckKind::kPieces || check == CheckKind::kContagion ||
                           check == CheckKind::kSnapshots;
    if (!is_costly || tokens.empty()) return tokens;
    std::sort(tokens.begin(), tokens.end());
    const auto above = std::upper_bound(tokens.begin(), tokens.end(), kLongestCostlyCheck);
    return {above == tokens.begin() ? tokens.front() : *(above - 1)};
  }

  // models

  TextSpan SpanOf(const TextConfig& text, int64_t tokens) const {
    return {text.path, text.offset, tokens};
  }

  void PlanCaptured(const ModelRunConfig& model, const ModelSetup& setup) {
    if (!model.captured_inputs) return;
    CapturedRun run;
    run.setup = setup;
    run.setup.baseline = ModelSetup{}.baseline;  // nothing of it enters
    for (const TextConfig& text : model.texts) {
      run.text = SpanOf(text, model.captured_inputs->tokens);
      if (model.captured_inputs->layers.empty()) Add(run);
      for (const int64_t layer : model.captured_inputs->layers) {
        run.layer = layer;
        Add(run);
      }
    }
  }

  void PlanTexts(const ModelRunConfig& model, const ModelSetup& setup) {
    for (const TextConfig& text : model.texts) {
      const TextSpan span = SpanOf(text, model.tokens);
      const std::string pass = PassOf(setup, span);
      if (model.drift) {
        Add(DriftRun{setup, span, model.drift->by_arm ? config_.truth : "none",
                     model.drift->positions, model.drift->by_layer},
            pass);
      }
      if (model.agreement && model.agreement->teacher_forced) {
        Add(AgreementRun{setup, span, model.drift ? model.drift->positions : std::nullopt}, pass);
      }
    }
  }

  void PlanGreedy(const ModelRunConfig& model, const ModelSetup& setup) {
    if (!model.agreement || !model.agreement->greedy) return;
    const GreedyConfig& greedy = *model.agreement->greedy;
    GreedyRun run;
    run.setup = setup;
    run.tokens = greedy.tokens;
    for (const std::string& prompt : model.prompts) {
      run.prompt = prompt;
      Add(run);
    }
    if (!model.prompts.empty()) return;
    run.prompts = greedy.prompts;
    run.prompt_tokens = greedy.prompt_tokens;
    for (const TextConfig& text : model.texts) {
      run.text = text.path;
      run.offset = text.offset;
      Add(run);
    }
  }

  void PlanInvariance(const ModelRunConfig& model, const ModelSetup& setup) {
    if (!model.invariance) return;
    for (const InvarianceKind check : model.invariance->checks) {
      for (const int64_t tokens : model.invariance->tokens) {
        Add(InvarianceRun{setup, SpanOf(model.texts.front(), tokens), check, config_.seed});
      }
    }
  }

  // performance

  void PlanPerformance(const PerformanceConfig& performance) {
    const size_t first = plan_.size();
    if (performance.kernel) PlanKernelTiming(performance, *performance.kernel);
    const auto for_each_model = [&](ModelTiming timing, const auto& plan_setup) {
      for (const int threads : performance.threads) {
        for (const ModelRunConfig& model : config_.models) {
          if (!IsTimed(model, timing)) continue;
          for (const ModelDataType dtype : model.dtypes) {
            for (const std::string& candidate : config_.candidates) {
              if (candidate == config_.baseline) continue;
              plan_setup(model.texts.front(),
                         ModelSetup{candidate, config_.baseline, model.path, dtype, threads});
            }
          }
        }
      }
    };
    if (performance.prefill) {
      for_each_model(ModelTiming::kPrefill, [&](const TextConfig& text, const ModelSetup& setup) {
        for (const int64_t tokens : performance.prefill->tokens) {
          Add(PrefillRun{setup, SpanOf(text, tokens), config_.seed, performance.protocol});
        }
      });
    }
    if (performance.decode) {
      for_each_model(ModelTiming::kDecode, [&](const TextConfig& text, const ModelSetup& setup) {
        for (const int64_t context : performance.decode->context) {
          Add(DecodeRun{setup, text.path, text.offset, context, performance.decode->tokens,
                        config_.seed, performance.protocol});
        }
      });
    }
    ShareBudget(first, performance.protocol);
  }

  void PlanKernelTiming(const PerformanceConfig& performance, const KernelTimingConfig& kernel) {
    KernelTimingRun run;
    run.baseline = config_.baseline;
    run.value_heads = kernel.value_heads;
    run.key_heads = kernel.key_heads;
    run.key_dim = kernel.key_dim;
    run.value_dim = kernel.value_dim;
    run.seed = config_.seed;
    run.protocol = performance.protocol;
    for (const DataType dtype : kernel.dtypes) {
      run.data_type = dtype;
      for (const int threads : performance.threads) {
        run.threads = threads;
        for (const std::string& candidate : config_.candidates) {
          if (candidate == config_.baseline) continue;
          run.candidate = candidate;
          for (const int64_t tokens : kernel.tokens) {
            run.tokens = tokens;
            Add(run);
          }
        }
      }
    }
  }

  // The largest speedup that a gate asks of a case: 0 if none does.
  double TargetOf(const RunCase& run_case) const {
    double target = 0;
    for (const Gate& gate : config_.gates) {
      if (!gate.metric.ends_with(".speedup") || !gate.min) continue;
      if (!GateLooksAt(gate, run_case)) continue;
      target = std::max(target, *gate.min);
    }
    return target;
  }

  // Long calls get more, so that none is left without the samples that an interval needs.
  void ShareBudget(size_t first, const ProtocolConfig& protocol) {
    TimingPolicy policy;
    policy.min_effect = protocol.min_effect;
    policy.confidence = protocol.confidence;
    std::vector<CaseCost> costs;
    for (size_t i = first; i < plan_.size(); ++i) {
      costs.push_back(std::visit(TimedCallCost(), plan_[i].run_case));
      costs.back().has_target = TargetOf(plan_[i].run_case) > 0;
    }
    const std::vector<double> shares = SplitBudget(protocol.budget_s, costs, policy);
    for (size_t i = first; i < plan_.size(); ++i) {
      // Whole milliseconds, so that lines stay short.
      const double share_s = std::max(1.0, std::floor(1000 * shares[i - first])) / 1000;
      const double target = TargetOf(plan_[i].run_case);
      std::visit(
          [&](auto& run) {
            if constexpr (requires { run.protocol; }) {
              run.protocol.budget_s = share_s;
              run.protocol.speedup_target = target;
            }
          },
          plan_[i].run_case);
      plan_[i].estimated_s = share_s;
    }
  }

  const Config& config_;
  std::vector<PlanEntry> plan_;
  std::set<std::string> ids_;
};

}  // namespace

std::vector<PlanEntry> BuildPlan(const Config& config) { return Planner(config).Plan(); }

}  // namespace deltagauge
