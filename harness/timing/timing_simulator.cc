#include "harness/timing/timing_simulator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace deltagauge {

Clock SimulatedMachine::clock() {
  return [this] { return static_cast<int64_t>(now_ns_); };
}

// SplitMix64.
double SimulatedMachine::Uniform() {
  random_ += 0x9e3779b97f4a7c15u;
  uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return (static_cast<double>(z >> 11) + 0.5) * 0x1p-53;
}

double SimulatedMachine::Normal() {
  return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
}

double SimulatedMachine::Exponential(double mean) { return -mean * std::log(Uniform()); }

double SimulatedMachine::Factor() {
  const double white = noise_ == SimulatedNoise::kNone    ? 0
                       : noise_ == SimulatedNoise::kWhite ? std::abs(0.03 * Normal())
                                                          : std::abs(0.01 * Normal());
  const double seconds = 1e-9 * now_ns_;
  switch (noise_) {
    case SimulatedNoise::kNone:
    case SimulatedNoise::kWhite:
      return 1 + white;
    case SimulatedNoise::kDrift:
      return 1 + white + 0.05 * seconds + 0.02 * std::sin(2 * std::numbers::pi * seconds / 0.7);
    case SimulatedNoise::kBursts:
      if (now_ns_ >= next_change_ns_) {
        is_slow_ = !is_slow_;
        next_change_ns_ = now_ns_ + Exponential(is_slow_ ? 30e6 : 250e6);
      }
      return 1 + white + (is_slow_ ? 0.3 : 0);
    case SimulatedNoise::kBimodal:
      return 1 + white + (Uniform() < 0.4 ? 0.08 : 0);
    case SimulatedNoise::kModes:
      if (now_ns_ >= next_change_ns_) {
        is_slow_ = !is_slow_;
        next_change_ns_ = now_ns_ + Exponential(100e6);
      }
      return 1 + white + (is_slow_ ? 0.04 : 0);
    case SimulatedNoise::kLoaded:
      return 1 + white;
  }
  return 1;
}

void SimulatedMachine::Pass(double work_ns) {
  const double end_ns = now_ns_ + work_ns * Factor();
  now_ns_ = end_ns;
  if (noise_ != SimulatedNoise::kLoaded) return;
  // Interruptions that begin while the work goes on.
  for (double left_ns = work_ns, until_ns = Exponential(4e6); until_ns < left_ns;
       until_ns = Exponential(4e6)) {
    left_ns -= until_ns;
    now_ns_ += 3e6;
  }
}

}  // namespace deltagauge
