#include "reference/conventions.h"

#include <cmath>
#include <cstddef>

namespace deltagauge::reference {

int64_t KeyHeadOf(HeadMap map, int64_t value_head, int64_t key_heads, int64_t value_heads) {
  if (map == HeadMap::kTiled) return value_head % key_heads;
  return value_head / (value_heads / key_heads);
}

template <typename Real>
Real Sigmoid(Real logit) {
  return Real{1} / (Real{1} + std::exp(-logit));
}

template <typename Real>
Real LogDecay(Real decay) {
  return std::log(decay);
}

template <typename Real>
void NormalizeRows(int64_t dim, Real epsilon, std::span<Real> rows) {
  const auto row_size = static_cast<size_t>(dim);
  for (size_t begin = 0; begin + row_size <= rows.size(); begin += row_size) {
    const std::span<Real> row = rows.subspan(begin, row_size);
    Real sum_of_squares = 0;
    for (const Real x : row) sum_of_squares += x * x;
    const Real norm = std::sqrt(sum_of_squares + epsilon);
    for (Real& x : row) x /= norm;
  }
}

template <typename Real>
void Scale(Real factor, std::span<Real> values) {
  for (Real& value : values) value *= factor;
}

template float Sigmoid<float>(float);
template double Sigmoid<double>(double);
template float LogDecay<float>(float);
template double LogDecay<double>(double);
template void NormalizeRows<float>(int64_t, float, std::span<float>);
template void NormalizeRows<double>(int64_t, double, std::span<double>);
template void Scale<float>(float, std::span<float>);
template void Scale<double>(double, std::span<double>);

}  // namespace deltagauge::reference
