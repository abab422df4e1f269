// bfloat16 as the upper half of a float32.
#ifndef DELTAGAUGE_HARNESS_KERNEL_BFLOAT16_H_
#define DELTAGAUGE_HARNESS_KERNEL_BFLOAT16_H_

#include <bit>
#include <cstdint>

namespace deltagauge {

// To nearest, ties to even. NaN stays NaN, values beyond the largest become Inf.
inline uint16_t ToBFloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x0040u);
  const uint32_t half_less_tie = 0x7fffu + ((bits >> 16) & 1u);
  return static_cast<uint16_t>((bits + half_less_tie) >> 16);
}

inline float FromBFloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

inline float RoundToBFloat16(float value) { return FromBFloat16(ToBFloat16(value)); }

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_BFLOAT16_H_
