#include "harness/history/series_simulator.h"

#include <cmath>
#include <numbers>

namespace deltagauge {
namespace {

// SplitMix64.
double DrawUniform(uint64_t& state) {  // (0, 1)
  state += 0x9e3779b97f4a7c15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return (static_cast<double>(z >> 12) + 0.5) * 0x1p-52;
}

// Box and Muller.
double DrawNormal(uint64_t& state) {
  const double radius = std::sqrt(-2 * std::log(DrawUniform(state)));
  return radius * std::cos(2 * std::numbers::pi * DrawUniform(state));
}

}  // namespace

std::vector<double> Simulate(const SimulatedSeries& what, uint64_t seed) {
  uint64_t state = seed * 0xd1342543de82ef95u;  // far apart for seeds 1, 2, ...
  const double r = what.autocorrelation;
  double noise = DrawNormal(state);
  std::vector<double> series(what.length);
  for (size_t i = 0; i < what.length; ++i) {
    const bool is_stepped = i >= what.step_begin && i < what.step_end;
    series[i] = what.level + what.sigma * (noise + (is_stepped ? what.step_sigmas : 0));
    noise = r * noise + std::sqrt(1 - r * r) * DrawNormal(state);
  }
  return series;
}

}  // namespace deltagauge
