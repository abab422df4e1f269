// For tests of whole runs: the fused kernel with one of the eight faults that real kernels have
// had, planted by spoiling what it is given or what it gives back. It takes what kernel cases and
// models call it with: no packed sequences, no snapshots, log decays, activated betas.
#ifndef DELTAGAUGE_HARNESS_RUN_PLANTED_KERNEL_H_
#define DELTAGAUGE_HARNESS_RUN_PLANTED_KERNEL_H_

#include <array>
#include <cstdint>

#include "harness/kernel/kernel_call.h"

namespace deltagauge {

enum class Planted : uint8_t {
  kStateReset,       // every 64 tokens of a call
  kExtraDecay,       // of the final state, by the last token's gate
  kDecayAfterWrite,  // the new write decays too
  kStateInBFloat16,  // after each token
  kBetaOne,          // at each 64th token of a call
  kQueryScaleOff,    // by a thousandth
  kOneElementZero,   // of the output, in the middle of each sequence
  kGateLate,         // by one token
};

struct PlantedKernel {
  Planted fault;
  const char* name;  // as a candidate
  KernelFunction kernel;
};

// All eight, each once.
const std::array<PlantedKernel, 8>& PlantedKernels();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_PLANTED_KERNEL_H_
