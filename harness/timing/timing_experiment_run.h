// Makes one run of the experiment.
#ifndef DELTAGAUGE_HARNESS_TIMING_TIMING_EXPERIMENT_RUN_H_
#define DELTAGAUGE_HARNESS_TIMING_TIMING_EXPERIMENT_RUN_H_

#include <cstdint>
#include <string>

#include "harness/timing/timing_experiment.h"

namespace deltagauge {

enum class PlantedWork : uint8_t {
  kNone,
  kThreePercent  // 272 tokens instead of 264: 3.03 %
};

// The fused kernel against itself, 264 tokens of 2 heads, on the calling thread, with memory of its
// own in each arm. Both arms are one class and one call target; planted work is more tokens for the
// same code, counted as 264.
ExperimentRun RunExperiment(const std::string& series, PlantedWork planted, uint64_t seed,
                            double budget_s);

// What RunExperiment times, in words.
std::string ExperimentSubject();

// Keeps the calling thread busy for random times of 1 to 40 ms, about half of the time, for so many
// seconds: a neighbour for an experiment on the same CPU.
void MakeLoad(double seconds, uint64_t seed);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_TIMING_TIMING_EXPERIMENT_RUN_H_
