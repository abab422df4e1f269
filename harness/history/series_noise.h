// Noise whose neighbours are alike: how much, and the series without that.
#ifndef DELTAGAUGE_HARNESS_HISTORY_SERIES_NOISE_H_
#define DELTAGAUGE_HARNESS_HISTORY_SERIES_NOISE_H_

#include <cstddef>
#include <span>
#include <vector>

namespace deltagauge {

// The lag-1 autocorrelation of the noise of `values`, in [0, 0.9], if they have one mean before
// `split` and one from there on. Corrected for what taking away two means costs.
double NoiseAutocorrelation(std::span<const double> values, size_t split);

// y_i = x_i - r x_i-1, and y_0 = x_0 - r x_1: independent if x is a mean and first-order
// autoregressive noise. A step of size d at s becomes one of (1 - r) d, also at s, after a first
// value of d.
std::vector<double> Whitened(std::span<const double> values, double autocorrelation);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_HISTORY_SERIES_NOISE_H_
