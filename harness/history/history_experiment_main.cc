// Prints how often FindChangePoints finds what is there, and what is not: the tables of README.md.
//
//   deltagauge_history_experiment [SERIES]    series for each figure; 1,000 by default
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/history/change_points.h"
#include "harness/history/series_simulator.h"

namespace deltagauge {
namespace {

constexpr double kAutocorrelations[] = {0, 0.3, 0.5};
constexpr size_t kLengths[] = {50, 200, 500};
constexpr size_t kNear = 3;  // a step is found if a change point is at most so far from it

struct Rates {
  double found = 0;  // series with a change point near the step
  double wrong = 0;  // series with one elsewhere
};

Rates Measure(SimulatedSeries what, int series_count) {
  int found = 0;
  int wrong = 0;
  for (int seed = 1; seed <= series_count; ++seed) {
    bool is_found = false;
    bool is_wrong = false;
    for (const ChangePoint& point : FindChangePoints(Simulate(what, static_cast<uint64_t>(seed)))) {
      const bool is_near = what.step_sigmas != 0 && point.index + kNear >= what.step_begin &&
                           point.index <= what.step_begin + kNear;
      const bool is_near_end = what.step_sigmas != 0 && what.step_end < what.length &&
                               point.index + kNear >= what.step_end &&
                               point.index <= what.step_end + kNear;
      is_found = is_found || is_near;
      is_wrong = is_wrong || !(is_near || is_near_end);
    }
    found += is_found ? 1 : 0;
    wrong += is_wrong ? 1 : 0;
  }
  return {100.0 * found / series_count, 100.0 * wrong / series_count};
}

void PrintTable(const char* title, double end_share, int series_count) {
  fmt::print(
      "{}\n\n| autocorrelation | points | no step: wrong | 1 sigma: found, wrong | 2 sigma | "
      "3 sigma |\n|---|---|---|---|---|---|\n",
      title);
  for (const double autocorrelation : kAutocorrelations) {
    for (const size_t length : kLengths) {
      std::string row = fmt::format("| {} | {} |", autocorrelation, length);
      for (const double step_sigmas : {0.0, 1.0, 2.0, 3.0}) {
        SimulatedSeries what{.length = length, .autocorrelation = autocorrelation};
        what.step_sigmas = step_sigmas;
        what.step_begin = length * 6 / 10;
        if (end_share < 1)
          what.step_end = static_cast<size_t>(static_cast<double>(length) * end_share);
        const Rates rates = Measure(what, series_count);
        row += step_sigmas == 0 ? fmt::format(" {:.1f} % |", rates.wrong)
                                : fmt::format(" {:.0f} %, {:.1f} % |", rates.found, rates.wrong);
      }
      fmt::print("{}\n", row);
      std::fflush(stdout);
    }
  }
}

void PrintSpeed() {
  SimulatedSeries what{.length = 1000, .step_sigmas = 3, .step_begin = 400, .step_end = 700};
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kSeries = 20;
  for (int seed = 1; seed <= kSeries; ++seed) {
    FindChangePoints(Simulate(what, static_cast<uint64_t>(seed)));
  }
  const std::chrono::duration<double, std::milli> all_ms = std::chrono::steady_clock::now() - begin;
  fmt::print("\n1000 points, two steps of 3 sigma: {:.1f} ms\n", all_ms.count() / kSeries);
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) {
  const int series_count = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1000;
  deltagauge::PrintTable("A step at 60 %", 1, series_count);
  deltagauge::PrintTable("\nA step from 60 % to 80 %, and back", 0.8, series_count);
  deltagauge::PrintSpeed();
  return 0;
}
