// Noise whose neighbours are alike: how much, and the series without that.
#ifndef DELTAGAUGE_HARNESS_HISTORY_SERIES_NOISE_H_
#define DELTAGAUGE_HARNESS_HISTORY_SERIES_NOISE_H_

#include <cstddef>
#include <span>
#include <vector>

namespace deltagauge {

// The lag-1 autocorrelation of the noise of `values`, in [0, 0.9], if their mean changes only at
// `cuts`, which ascend between 0 and their number. On the large side, half a standard error above
// what is expected, since too small a value makes false change points: README.md.
double NoiseAutocorrelation(std::span<const double> values, std::span<const size_t> cuts);

// y_i = x_i - r x_i-1, and y_0 = x_0 - r x_1: independent if x is a mean and first-order
// autoregressive noise. A step of size d at s becomes one of (1 - r) d, also at s, after a first
// value of d.
std::vector<double> Whitened(std::span<const double> values, double autocorrelation);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_HISTORY_SERIES_NOISE_H_
