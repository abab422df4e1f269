#include "harness/history/series_noise.h"

#include <algorithm>
#include <numeric>

namespace deltagauge {
namespace {

// More can't be told from a drift; the series would be all differences.
constexpr double kMostAutocorrelation = 0.9;

void Center(std::span<double> values) {
  if (values.empty()) return;
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  for (double& value : values) value -= mean;
}

}  // namespace

double NoiseAutocorrelation(std::span<const double> values, size_t split) {
  std::vector<double> noise(values.begin(), values.end());
  Center(std::span(noise).first(split));
  Center(std::span(noise).subspan(split));
  double products = 0;
  double squares = 0;
  for (size_t i = 0; i < noise.size(); ++i) {
    squares += noise[i] * noise[i];
    if (i > 0 && i != split) products += noise[i] * noise[i - 1];
  }
  if (!(squares > 0)) return 0;
  const double n = static_cast<double>(noise.size());
  const double plain = products / squares;
  // Kendall (1954): each mean taken away from n values lowers the estimate by (1 + 3 r) / n.
  const double corrected = plain + 2 * (1 + 3 * plain) / n;
  return std::clamp(corrected, 0.0, kMostAutocorrelation);
}

std::vector<double> Whitened(std::span<const double> values, double autocorrelation) {
  std::vector<double> white(values.begin(), values.end());
  if (values.size() < 2) return white;
  white[0] -= autocorrelation * values[1];
  for (size_t i = 1; i < values.size(); ++i) white[i] -= autocorrelation * values[i - 1];
  return white;
}

}  // namespace deltagauge
