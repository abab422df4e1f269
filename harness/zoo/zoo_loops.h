// The loops over a state [key_dim, value_dim], compiled for several instruction sets.
#ifndef DELTAGAUGE_HARNESS_ZOO_ZOO_LOOPS_H_
#define DELTAGAUGE_HARNESS_ZOO_ZOO_LOOPS_H_

#include <cstdint>

#include "harness/zoo/zoo_form.h"

namespace deltagauge::zoo {

template <typename Real>
struct Loops {
  // state *= by.
  void (*scale)(Real* state, int64_t size, Real by);
  // sums[v] = sum over k of state[k, v] * with[k], in the order asked for. `scratch` holds
  // (kMaxWidth + 1) * value_dim float64.
  void (*read)(SumOrder order, int64_t width, const Real* state, int64_t key_dim, int64_t value_dim,
               const float* with, double* scratch, Real* sums);
  // state[k, v] = state[k, v] * decay + key[k] * d[v].
  void (*update)(Real* state, int64_t key_dim, int64_t value_dim, Real decay, const float* key,
                 const Real* d);
  // In 16 lanes.
  float (*dot)(const float* a, const float* b, int64_t size);
  // to[v] += by * from[v].
  void (*add)(Real* to, const Real* from, int64_t size, Real by);
};

// The instruction set must run here.
const Loops<float>& LoopsFloat32(Instructions instructions);
const Loops<double>& LoopsFloat64(Instructions instructions);

// From now on, this thread's results that are denormal become zero. On x86 alone.
void FlushDenormals();

template <typename Real>
const Loops<Real>& LoopsOf(Instructions instructions);
template <>
inline const Loops<float>& LoopsOf(Instructions instructions) {
  return LoopsFloat32(instructions);
}
template <>
inline const Loops<double>& LoopsOf(Instructions instructions) {
  return LoopsFloat64(instructions);
}

}  // namespace deltagauge::zoo

#endif  // DELTAGAUGE_HARNESS_ZOO_ZOO_LOOPS_H_
