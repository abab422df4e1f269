// Series of which the truth is known: levels and first-order autoregressive noise. For tests and
// for deltagauge_history_experiment.
#ifndef DELTAGAUGE_HARNESS_HISTORY_SERIES_SIMULATOR_H_
#define DELTAGAUGE_HARNESS_HISTORY_SERIES_SIMULATOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace deltagauge {

struct SimulatedSeries {
  size_t length = 200;
  double level = 100;
  double sigma = 1;            // of the noise, whatever its autocorrelation
  double autocorrelation = 0;  // of neighbours: x_i = r x_i-1 + sqrt(1 - r^2) N(0, sigma)
  double step_sigmas = 0;      // by how much the level changes
  size_t step_begin = 0;       // where it does
  size_t step_end = SIZE_MAX;  // where it changes back
};

// The same values for the same seed (but for the last bits of log and cos).
std::vector<double> Simulate(const SimulatedSeries& what, uint64_t seed);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_HISTORY_SERIES_SIMULATOR_H_
