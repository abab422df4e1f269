// Loops that run at the machine's physical limits. They do a known amount of work; the caller owns
// the clock.
#ifndef DELTAGAUGE_KERNELS_MACHINE_LIMITS_H_
#define DELTAGAUGE_KERNELS_MACHINE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace deltagauge {

// Runs about `iterations` independent float32 fused multiply-adds per vector register on the active
// target, operands in registers. Returns the FLOPs done (2 per multiply-add and lane); `sink`
// receives a value so that nothing is optimised away.
int64_t RunFmaPeak(int64_t iterations, float* sink);

// data[i] = data[i] * factor for all i: reads and writes every byte once (2 * 4 * count bytes
// moved, and no hidden read for ownership). Unaligned ok.
void RunStreamUpdate(float* data, size_t count, float factor);

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_MACHINE_LIMITS_H_
