#include "harness/config/config_flaws.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"

namespace deltagauge {
namespace {

std::optional<Flaw> HeadsFlaw(int64_t value_heads, int64_t key_heads) {
  if (value_heads % key_heads == 0) return std::nullopt;
  return Flaw{"key_heads",
              fmt::format("{} key heads don't divide {} value heads", key_heads, value_heads), ""};
}

KernelCase CaseOf(const KernelShape& shape) {
  KernelCase c;
  c.sequences = shape.sequences;
  c.tokens = *std::max_element(shape.tokens.begin(), shape.tokens.end());
  c.value_heads = shape.value_heads;
  c.key_heads = shape.key_heads;
  c.key_dim = shape.key_dim;
  c.value_dim = shape.value_dim;
  return c;
}

bool Asks(const std::vector<CheckKind>& checks, CheckKind check) {
  return std::find(checks.begin(), checks.end(), check) != checks.end();
}

bool TimesOnAModel(const Config& config, ModelTiming timing) {
  return std::any_of(config.models.begin(), config.models.end(),
                     [&](const ModelRunConfig& model) { return IsTimed(model, timing); });
}

}  // namespace

std::optional<Flaw> FlawOf(const OutsideArm& arm) {
  if (std::find(kArmNames.begin(), kArmNames.end(), arm.name) != kArmNames.end()) {
    return Flaw{"name", fmt::format("'{}' is an arm of our own", arm.name), "take another name"};
  }
  const int kinds =
      (arm.plugin.empty() ? 0 : 1) + (arm.torch_op ? 1 : 0) + (arm.logits.empty() ? 0 : 1);
  if (kinds != 1) {
    return Flaw{"plugin", "an arm from outside is either a plugin, a torch_op or logits",
                "plugin: mine.so, torch_op: {op: llama::gated_delta_rule}, or "
                "logits: [{text: builtin:pydoc, file: mine.safetensors}]"};
  }
  if (arm.fallback == Fallback::kEager && !arm.torch_op) {
    return Flaw{"fallback", "eager is no fallback of a plugin or of logits",
                "skip is; eager stands in for a torch_op only"};
  }
  for (size_t i = 0; i < arm.logits.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (arm.logits[i].text != arm.logits[j].text) continue;
      return Flaw{"logits", fmt::format("two files for {}", arm.logits[i].text.path),
                  "one file for each text and offset"};
    }
  }
  if (arm.torch_op &&
      std::find(kTorchOps.begin(), kTorchOps.end(), arm.torch_op->op) == kTorchOps.end()) {
    const std::vector<std::string_view> known(kTorchOps.begin(), kTorchOps.end());
    return Flaw{"torch_op", fmt::format("unknown operator '{}'", arm.torch_op->op),
                NameHint(arm.torch_op->op, known)};
  }
  return std::nullopt;
}

std::optional<Flaw> FlawOf(const KernelShape& shape) {
  if (auto flaw = HeadsFlaw(shape.value_heads, shape.key_heads)) return flaw;
  if (const auto error = CheckCase(CaseOf(shape))) return Flaw{"tokens", error->what, error->hint};
  return std::nullopt;
}

std::optional<Flaw> FlawOf(const KernelConfig& kernel) {
  if (kernel.shapes.empty() && kernel.cases.empty() && !kernel.standard_cases) {
    return Flaw{"shapes", "kernel asks for nothing", "give shapes, cases or standard_cases: true"};
  }
  for (const KernelShape& shape : kernel.shapes) {
    KernelCase c = CaseOf(shape);
    for (const GateRegime regime : kernel.regimes) {
      c.gates = regime;
      if (const auto error = CheckCase(c)) return Flaw{"regimes", error->what, error->hint};
    }
    const auto& checks = shape.checks.empty() ? kernel.checks : shape.checks;
    if (Asks(checks, CheckKind::kNeighbours) && shape.sequences < 2) {
      return Flaw{"shapes", "the check neighbours needs sequences that have one",
                  "sequences: 2 or more"};
    }
    if (c.tokens == 0 && !Asks(checks, CheckKind::kAccuracy)) {
      return Flaw{"shapes", "without tokens there is only accuracy to check", "tokens: 1 or more"};
    }
  }
  return std::nullopt;
}

std::optional<Flaw> FlawOf(const AgreementConfig& agreement) {
  if (agreement.teacher_forced || agreement.greedy) return std::nullopt;
  return Flaw{"teacher_forced", "agreement asks for nothing",
              "teacher_forced: true, or give greedy; or agreement: none"};
}

std::optional<Flaw> FlawOf(const ModelRunConfig& model) {
  if (!model.drift && !model.agreement && !model.captured_inputs && !model.invariance &&
      model.performance.empty()) {
    return Flaw{"path", "the model is asked for nothing",
                "give drift, agreement, captured_inputs or invariance"};
  }
  if (model.drift && model.drift->positions.value_or(0) > model.tokens) {
    return Flaw{"drift",
                fmt::format("{} positions are more than the {} tokens of a text",
                            *model.drift->positions, model.tokens),
                "positions: all"};
  }
  return std::nullopt;
}

std::optional<Flaw> FlawOf(const KernelTimingConfig& timing) {
  return HeadsFlaw(timing.value_heads, timing.key_heads);
}

std::optional<Flaw> FlawOf(const PerformanceConfig& performance) {
  if (performance.prefill || performance.decode || performance.kernel) return std::nullopt;
  return Flaw{"protocol", "performance asks for nothing", "give prefill, decode or kernel"};
}

std::optional<Flaw> FlawOf(const Gate& gate) {
  if (!gate.min || !gate.max || *gate.min <= *gate.max) return std::nullopt;
  return Flaw{"min", fmt::format("min {} is above max {}", *gate.min, *gate.max), ""};
}

std::optional<Flaw> FlawOf(const Tolerance& tolerance) {
  if (!tolerance.min && !tolerance.max) {
    return Flaw{"max", "a tolerance needs a number", "max: or min:"};
  }
  if (tolerance.min && tolerance.max && *tolerance.min > *tolerance.max) {
    return Flaw{"min", fmt::format("min {} is above max {}", *tolerance.min, *tolerance.max), ""};
  }
  return std::nullopt;
}

std::optional<Flaw> FlawOf(const Config& config) {
  if (config.baseline == config.truth) {
    return Flaw{"baseline", fmt::format("'{}' is the truth already", config.baseline),
                "eager or chunked"};
  }
  for (const OutsideArm& arm : config.outside) {
    if (arm.name != config.baseline || arm.logits.empty()) continue;
    return Flaw{"baseline",
                fmt::format("'{}' is logits from a file, which can't be compared with", arm.name),
                "make it a candidate"};
  }
  for (const std::string& candidate : config.candidates) {
    // A baseline has kernel cases of its own to run.
    const bool shows_nothing = candidate == config.baseline && !config.kernel;
    if (shows_nothing || candidate == config.truth) {
      return Flaw{"candidates",
                  fmt::format("'{}' is the {} already; an arm compared with itself shows nothing",
                              candidate, candidate == config.truth ? "truth" : "baseline"),
                  ""};
    }
  }
  if (!config.performance) return std::nullopt;
  if (config.performance->prefill && !TimesOnAModel(config, ModelTiming::kPrefill)) {
    return Flaw{"performance", "prefill needs a model", "add one to models, or its performance"};
  }
  if (config.performance->decode && !TimesOnAModel(config, ModelTiming::kDecode)) {
    return Flaw{"performance", "decode needs a model", "add one to models, or its performance"};
  }
  return std::nullopt;
}

}  // namespace deltagauge
