// e^x in fp64 as straight-line code without calls and branches, so that a compiler turns a loop of
// it into vector instructions on any target: two thirds of the time of a logit comparison are
// exponentials.
#ifndef DELTAGAUGE_HARNESS_DRIFT_VECTOR_EXP_H_
#define DELTAGAUGE_HARNESS_DRIFT_VECTOR_EXP_H_

#include <bit>
#include <cstdint>

namespace deltagauge {

// The least x for which e^x, 3e-308, is a normal number with all powers of two on the way.
inline constexpr double kLeastExponent = -708;

// e^x for kLeastExponent <= x <= 0. Error at most 2 ulp (measured: 1). e^0 is exactly 1.
//
// Bounding x is the caller's, in a loop before: where it stands beside this code, g++ 12 sees a
// branch and leaves the whole loop scalar, 3 times as slow.
inline double ExpInRange(double x) {
  constexpr double kLog2E = 0x1.71547652b82fep+0;
  // ln 2 = high + low; high has 32 bits, so that n * high is exact for |n| <= 1022.
  constexpr double kLn2High = 0x1.62e42fee00000p-1;
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  // Adding 1.5 * 2^52 rounds to an integer, which is then in the low bits of the sum.
  constexpr double kRounder = 0x1.8p52;

  const double rounded = x * kLog2E + kRounder;
  const double n = rounded - kRounder;
  const double r = (x - n * kLn2High) - n * kLn2Low;  // |r| <= ln(2) / 2 = 0.3466

  // Taylor up to r^13 / 13!: the next term is below 2^-57 of the sum. Odd and even powers apart are
  // two chains of half the length, which the processor works on at once.
  const double r2 = r * r;
  double even = 1.0 / 479001600.0;
  double odd = 1.0 / 6227020800.0;
  even = even * r2 + 1.0 / 3628800.0;
  odd = odd * r2 + 1.0 / 39916800.0;
  even = even * r2 + 1.0 / 40320.0;
  odd = odd * r2 + 1.0 / 362880.0;
  even = even * r2 + 1.0 / 720.0;
  odd = odd * r2 + 1.0 / 5040.0;
  even = even * r2 + 1.0 / 24.0;
  odd = odd * r2 + 1.0 / 120.0;
  even = even * r2 + 1.0 / 2.0;
  odd = odd * r2 + 1.0 / 6.0;
  const double e_r = 1.0 + (r + r2 * (even + r * odd));

  // Times 2^n: n + 1023 into the exponent field.
  const uint64_t power = (std::bit_cast<uint64_t>(rounded) << 52) + (uint64_t{1023} << 52);
  return e_r * std::bit_cast<double>(power);
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_VECTOR_EXP_H_
