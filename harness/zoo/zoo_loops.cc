#include "harness/zoo/zoo_loops.h"

// Instruction sets are switched on function by function: files compiled with flags of their own
// would leave copies of inline functions behind that don't run everywhere.
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define DELTAGAUGE_ZOO_X86 1
#else
#define DELTAGAUGE_ZOO_X86 0
#endif

namespace deltagauge::zoo {
namespace baseline {
namespace {
#include "harness/zoo/zoo_loops.inc"
}  // namespace
}  // namespace baseline

#if DELTAGAUGE_ZOO_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
namespace avx2 {
namespace {
#include "harness/zoo/zoo_loops.inc"
}  // namespace
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2_fma {
namespace {
#include "harness/zoo/zoo_loops.inc"
}  // namespace
}  // namespace avx2_fma
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,fma")
#endif
namespace avx512 {
namespace {
#include "harness/zoo/zoo_loops.inc"
}  // namespace
}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // DELTAGAUGE_ZOO_X86

bool Runs(Instructions instructions) {
  if (instructions == Instructions::kBaseline) return true;
#if DELTAGAUGE_ZOO_X86
  __builtin_cpu_init();
  const bool fma = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (instructions == Instructions::kAvx2) return __builtin_cpu_supports("avx2") != 0;
  if (instructions == Instructions::kAvx2Fma) return fma;
  return fma && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
#else
  return false;
#endif
}

void FlushDenormals() {
#if DELTAGAUGE_ZOO_X86
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000u);
#endif
}

#if DELTAGAUGE_ZOO_X86
#define DELTAGAUGE_ZOO_SELECT(table) \
  switch (instructions) {            \
    case Instructions::kBaseline:    \
      break;                         \
    case Instructions::kAvx2:        \
      return avx2::table;            \
    case Instructions::kAvx2Fma:     \
      return avx2_fma::table;        \
    case Instructions::kAvx512:      \
      return avx512::table;          \
  }                                  \
  return baseline::table
#else
#define DELTAGAUGE_ZOO_SELECT(table) \
  static_cast<void>(instructions);   \
  return baseline::table
#endif

const Loops<float>& LoopsFloat32(Instructions instructions) {
  DELTAGAUGE_ZOO_SELECT(kLoopsFloat32);
}
const Loops<double>& LoopsFloat64(Instructions instructions) {
  DELTAGAUGE_ZOO_SELECT(kLoopsFloat64);
}

}  // namespace deltagauge::zoo
