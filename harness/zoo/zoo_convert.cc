// From what the caller passes to what the equation uses: norm, scale, beta, decay.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "harness/kernel/bfloat16.h"
#include "harness/zoo/zoo_head.h"

namespace deltagauge::zoo {
namespace {

// What a row is divided by.
double NormOf(Fault fault, const Form& form, const float* row, int64_t size, float epsilon) {
  float sum = 0;
  double wide_sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    sum += row[i] * row[i];
    wide_sum += double{row[i]} * row[i];
  }
  if (form.norm == NormPlace::kFloat64) return std::sqrt(wide_sum + double{epsilon});
  if (fault == Fault::kNormClamped) return std::max(std::sqrt(sum), std::sqrt(epsilon));
  if (fault == Fault::kNormEpsilon) epsilon = 1e-5f;
  return std::sqrt(sum + epsilon);
}

void NormRows(Fault fault, const Form& form, int64_t size, float epsilon,
              std::vector<float>& rows) {
  for (size_t begin = 0; begin < rows.size(); begin += static_cast<size_t>(size)) {
    float* const row = rows.data() + begin;
    const double norm = NormOf(fault, form, row, size, epsilon);
    const auto narrow = static_cast<float>(norm);
    const float reciprocal = 1.0f / narrow;
    for (int64_t i = 0; i < size; ++i) {
      if (form.norm == NormPlace::kFloat64) {
        row[i] = static_cast<float>(row[i] / norm);
      } else if (form.norm == NormPlace::kReciprocal) {
        row[i] *= reciprocal;
      } else {
        row[i] /= narrow;
      }
    }
  }
}

void ConvertQueriesAndKeys(const GatedDeltaRuleArgs& a, Fault fault, const Form& form, Head& head) {
  float scale = a.scale;
  if (fault == Fault::kNoScale) scale = 1;
  if (fault == Fault::kScaleTwice) scale *= a.scale;
  if (fault == Fault::kScaleOff) scale *= 1.001f;
  if (fault == Fault::kScaleOfValues) {
    scale *= static_cast<float>(
        std::sqrt(static_cast<double>(a.key_dim) / static_cast<double>(a.value_dim)));
  }
  if (fault == Fault::kScaleBeforeNorm) {
    for (float& x : head.query) x *= scale;
    if (a.qk_norm == QkNorm::kL2) scale = 1;
  }
  const bool norm = a.qk_norm == QkNorm::kL2 && fault != Fault::kNoNorm;
  const int times = norm ? (fault == Fault::kNormTwice ? 2 : 1) : 0;
  for (int i = 0; i < times; ++i) {
    NormRows(fault, form, a.key_dim, a.norm_epsilon, head.query);
    if (fault == Fault::kNormOfQueriesOnly) continue;
    NormRows(fault, form, a.key_dim, a.norm_epsilon, head.key);
  }
  head.output_scale = form.scale == ScalePlace::kOutput ? scale : 1;
  const bool scaled = fault == Fault::kScaleBeforeNorm && a.qk_norm == QkNorm::kNone;
  if (form.scale == ScalePlace::kQuery && !scaled) {
    for (float& x : head.query) x *= scale;
  }
}

void CoarsenInputs(Fault fault, Head& head) {
  const auto coarsen = [fault](std::vector<float>& values) {
    for (float& x : values) {
      if (fault == Fault::kTruncatedInputs) x = RoundToBFloat16(x);
      if (fault == Fault::kTf32Inputs) x = RoundToBits(x, 11);
    }
  };
  if (fault != Fault::kTruncatedInputs && fault != Fault::kTf32Inputs) return;
  coarsen(head.query);
  coarsen(head.key);
  coarsen(head.value);
}

void DropTails(Fault fault, const HeadPlace& place, Head& head) {
  if (fault == Fault::kDropsKeyTail) {
    // A vector loop over 32 keys without its remainder.
    const int64_t whole = head.key_dim / 32 * 32;
    for (int64_t t = 0; t < head.tokens; ++t) {
      for (int64_t k = whole; k < head.key_dim; ++k) head.Query(t)[k] = head.Key(t)[k] = 0;
    }
  }
  if (fault == Fault::kDropsValueTail) {
    const int64_t whole = (place.first_column + head.columns) / 16 * 16 - place.first_column;
    for (int64_t t = 0; t < head.tokens; ++t) {
      for (int64_t v = std::max<int64_t>(0, whole); v < head.columns; ++v) head.Value(t)[v] = 0;
    }
  }
}

float SigmoidOf(double x) { return static_cast<float>(1 / (1 + std::exp(-x))); }

void ConvertBeta(const GatedDeltaRuleArgs& a, Fault fault, Head& head) {
  for (size_t t = 0; t < head.beta.size(); ++t) {
    float& beta = head.beta[t];
    if (a.beta_form == BetaForm::kLogit && fault != Fault::kRawBeta) beta = SigmoidOf(beta);
    if (fault == Fault::kSigmoidTwice) beta = SigmoidOf(beta);
    if (fault == Fault::kClampedBeta && beta > 1) beta = 1;
    if (fault == Fault::kBetaInBFloat16) beta = RoundToBFloat16(beta);
    if (fault == Fault::kBetaOneAtChunkEnds && t % 64 == 63) beta = 1;
  }
}

double ExponentialOf(Fault fault, const Form& form, double g) {
  switch (fault) {
    case Fault::kLinearDecay:
      return g;
    case Fault::kBaseTwoDecay:
      return std::exp2(g);
    case Fault::kSafeExp:
      return g > 0 ? 0 : std::exp(g);
    case Fault::kBoundedDecay:
      return std::exp(std::max(g, -5.0));
    case Fault::kIgnoresReset:
      return std::isinf(g) ? 1 : std::exp(g);
    case Fault::kFastExp:
      return double{RoundToBits(static_cast<float>(std::exp(g)), 20)};
    default:
      break;
  }
  switch (form.exponential) {
    case Exponential::kExp:
      return std::exp(g);
    case Exponential::kExpf:
      return double{std::exp(static_cast<float>(g))};
    case Exponential::kExp2:
      return std::exp2(g * std::numbers::log2e);
    case Exponential::kExpm1:
      return 1 + std::expm1(g);
  }
  return 1;
}

void ConvertDecay(const GatedDeltaRuleArgs& a, Fault fault, const Form& form, Head& head) {
  const bool log = a.decay_form == DecayForm::kLog;
  if (fault == Fault::kDecayLate) {
    for (size_t t = head.log_decay.size(); t-- > 1;) head.log_decay[t] = head.log_decay[t - 1];
  }
  for (double& g : head.log_decay) {
    if (fault == Fault::kDecayInBFloat16) g = double{RoundToBFloat16(static_cast<float>(g))};
    const bool exponentiate = log || fault == Fault::kDecayExponentiatedTwice;
    double decay = exponentiate ? ExponentialOf(fault, form, g) : g;
    if (form.decay == Precision::kFloat32) decay = double{static_cast<float>(decay)};
    head.decay.push_back(decay);
    if (!log) g = std::log(g);
  }
}

}  // namespace

void ConvertHead(const GatedDeltaRuleArgs& args, Fault fault, const Form& form,
                 const HeadPlace& place, Head& head) {
  CoarsenInputs(fault, head);
  ConvertQueriesAndKeys(args, fault, form, head);
  DropTails(fault, place, head);
  ConvertBeta(args, fault, head);
  ConvertDecay(args, fault, form, head);
  if (fault != Fault::kSwallowsNaN) return;
  for (std::vector<float>* const values : {&head.query, &head.key, &head.value, &head.beta}) {
    for (float& x : *values) {
      if (std::isnan(x)) x = 0;
    }
  }
}

}  // namespace deltagauge::zoo
