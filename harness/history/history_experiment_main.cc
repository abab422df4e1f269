// Prints how often FindChangePoints finds what is there, and what is not: the tables of README.md.
//
//   deltagauge_history_experiment [SERIES]    series for each figure; 2,000 by default
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "harness/history/change_points.h"
#include "harness/history/series_simulator.h"

namespace deltagauge {
namespace {

constexpr double kAutocorrelations[] = {0, 0.3, 0.5};
constexpr size_t kLengths[] = {50, 200, 500};
constexpr size_t kNear = 3;               // a point at most so far from a step is at the step
constexpr uint64_t kFirstSeed = 1000000;  // the constants of the search were tried with others

struct Counts {
  int noticed = 0;  // series with any change point
  int placed = 0;   // with one near the beginning of the step
  int extra = 0;    // with more of them than changes
};

Counts Measure(const SimulatedSeries& what, int series_count) {
  const size_t changes = what.step_sigmas == 0 ? 0 : what.step_end < what.length ? 2 : 1;
  Counts counts;
  for (int i = 0; i < series_count; ++i) {
    const std::vector<ChangePoint> points =
        FindChangePoints(Simulate(what, kFirstSeed + static_cast<uint64_t>(i)));
    const bool is_placed = std::any_of(points.begin(), points.end(), [&](const ChangePoint& point) {
      return point.index + kNear >= what.step_begin && point.index <= what.step_begin + kNear;
    });
    counts.noticed += points.empty() ? 0 : 1;
    counts.placed += is_placed ? 1 : 0;
    counts.extra += points.size() > changes ? 1 : 0;
  }
  return counts;
}

std::string Row(double autocorrelation, size_t length, double end_share, int series_count) {
  std::string row = fmt::format("| {} | {} |", autocorrelation, length);
  const double percent = 100.0 / series_count;
  for (const double step_sigmas : {0.0, 1.0, 2.0, 3.0}) {
    SimulatedSeries what{.length = length, .autocorrelation = autocorrelation};
    what.step_sigmas = step_sigmas;
    what.step_begin = length * 6 / 10;
    what.step_end = static_cast<size_t>(std::lround(static_cast<double>(length) * end_share));
    const Counts counts = Measure(what, series_count);
    if (step_sigmas == 0) {
      row += fmt::format(" {:.1f} |", percent * counts.noticed);
    } else {
      row += fmt::format(" {:.0f} / {:.0f} / {:.1f} |", percent * counts.noticed,
                         percent * counts.placed, percent * counts.extra);
    }
  }
  return row;
}

void PrintTable(const char* title, double end_share, int series_count) {
  fmt::print("{}\n\n", title);
  fmt::print("| autocorrelation | points | no step | 1 sigma | 2 sigma | 3 sigma |\n");
  fmt::print("|---|---|---|---|---|---|\n");
  for (const double autocorrelation : kAutocorrelations) {
    for (const size_t length : kLengths) {
      fmt::print("{}\n", Row(autocorrelation, length, end_share, series_count));
      std::fflush(stdout);
    }
  }
}

void PrintSpeed() {
  constexpr int kSeries = 20;
  for (const size_t steps : {0, 1, 2, 5, 10}) {
    const std::clock_t begin = std::clock();
    size_t points = 0;
    for (uint64_t seed = 1; seed <= kSeries; ++seed) {
      std::vector<double> series = Simulate({.length = 1000}, seed);
      for (size_t i = 0; i < series.size(); ++i) {
        if (i * (steps + 1) / series.size() % 2 != 0) series[i] += 4;
      }
      points += FindChangePoints(series).size();
    }
    const double cpu_ms = 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    fmt::print("| {} | {:.1f} | {:.1f} |\n", steps, static_cast<double>(points) / kSeries,
               cpu_ms / kSeries);
  }
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) {
  const int series_count = argc > 1 ? std::max(1, std::atoi(argv[1])) : 2000;
  deltagauge::PrintTable("A step at 60 %", 1, series_count);
  deltagauge::PrintTable("\nA step from 60 % to 80 %, and back", 0.8, series_count);
  fmt::print("\n1,000 points with steps of 4 sigma, up and down in turn\n\n");
  fmt::print("| steps | found | CPU ms |\n|---|---|---|\n");
  deltagauge::PrintSpeed();
  return 0;
}
