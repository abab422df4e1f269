#include "kernels/coefficients.h"

#include <cmath>

namespace deltagauge {
namespace {

// Bounds S~ = S / c to 256 times S, so that it overflows only where S itself is near the end of
// float32's range, and keeps c's own rounding out of sight.
constexpr double kMinRead = 1.0 / 256;

}  // namespace

double DecayFactor(float decay, DecayForm form) {
  return form == DecayForm::kLog ? std::exp(static_cast<double>(decay))
                                 : static_cast<double>(decay);
}

double WriteStrength(float beta, BetaForm form) {
  const double x = static_cast<double>(beta);
  return form == BetaForm::kLogit ? 1.0 / (1.0 + std::exp(-x)) : x;
}

ChunkCoefficients FillCoefficients(const double* decay, const double* beta, const float* dots,
                                   int num_tokens, double* state_scale) {
  ChunkCoefficients out{};
  double read[kChunkTokens];
  double decay_to_last[kChunkTokens];  // D_last,j
  bool in_range = true;
  double running = *state_scale;
  const float* key_dots = dots;
  const float* query_dots = dots + kPairs;
  int pair = 0;
  int readout = 0;
  for (int i = 0; i < num_tokens; ++i) {
    running *= decay[i];
    read[i] = running;
    // Written so that NaN is out of range.
    in_range = in_range && running >= kMinRead && running <= 1.0;
    for (int j = 0; j < i; ++j) {
      decay_to_last[j] *= decay[i];
      out.correction[pair] =
          static_cast<float>(decay_to_last[j] * static_cast<double>(key_dots[pair]));
      out.readout[readout] =
          static_cast<float>(decay_to_last[j] * static_cast<double>(query_dots[readout]));
      ++pair;
      ++readout;
    }
    decay_to_last[i] = 1.0;
    out.readout[readout] = query_dots[readout];
    ++readout;
    out.read[i] = static_cast<float>(running);
    out.beta[i] = static_cast<float>(beta[i]);
  }
  for (int j = 0; j < num_tokens; ++j) {
    out.write[j] = static_cast<float>(in_range ? 1.0 / read[j] : decay_to_last[j]);
  }
  out.rescale = in_range ? 1.0f : static_cast<float>(running);
  *state_scale = in_range ? running : 1.0;
  out.state_scale = static_cast<float>(*state_scale);
  return out;
}

}  // namespace deltagauge
