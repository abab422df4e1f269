// Random problems and their error, for the tests of the files that use libtorch.
#ifndef DELTAGAUGE_REFERENCE_PROBLEM_TORCH_TEST_H_
#define DELTAGAUGE_REFERENCE_PROBLEM_TORCH_TEST_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "reference/recurrence.h"

namespace deltagauge::reference {

template <typename Real>
struct ProblemOf {
  RecurrenceShape shape;
  HeadMap head_map = HeadMap::kGrouped;
  std::vector<Real> query, key, value, log_decay, beta, state;

  RecurrenceInputs<Real> View() const {
    return {shape, head_map, query, key, value, log_decay, beta, state};
  }

  // The same numbers, for the truth.
  ProblemOf<double> Widened() const {
    const auto widen = [](const std::vector<Real>& x) {
      return std::vector<double>(x.begin(), x.end());
    };
    return {shape,        head_map,         widen(query), widen(key),
            widen(value), widen(log_decay), widen(beta),  widen(state)};
  }
};

using Problem = ProblemOf<float>;

// Unit keys, queries of length 1/sqrt(K), log decays from `lowest_log_decay` to 0, beta in [0, 1).
inline Problem RandomProblem(const RecurrenceShape& shape, double lowest_log_decay) {
  uint64_t random = 1;
  const auto take = [&random](int64_t count, double low, double high) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& x : values) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const double unit = std::ldexp(static_cast<double>(random >> 11), -53);
      x = static_cast<float>(low + (high - low) * unit);
    }
    return values;
  };
  const int64_t key_rows = shape.batch * shape.key_heads * shape.tokens;
  const int64_t value_rows = shape.batch * shape.value_heads * shape.tokens;
  Problem p;
  p.shape = shape;
  p.query = take(key_rows * shape.key_dim, -1, 1);
  p.key = take(key_rows * shape.key_dim, -1, 1);
  NormalizeRows(shape.key_dim, 0.0f, std::span<float>(p.query));
  NormalizeRows(shape.key_dim, 0.0f, std::span<float>(p.key));
  Scale(static_cast<float>(1 / std::sqrt(static_cast<double>(shape.key_dim))),
        std::span<float>(p.query));
  p.value = take(value_rows * shape.value_dim, -0.5, 1.5);
  p.log_decay = take(value_rows, lowest_log_decay, 0);
  p.beta = take(value_rows, 0, 1);
  p.state = take(shape.batch * shape.value_heads * shape.key_dim * shape.value_dim, -1, 1);
  return p;
}

// RMS(found - truth) / RMS(truth). Infinite, so that no bound holds, where that proves nothing:
// sizes differ, there is nothing to compare, the truth is zero, or something is not finite.
inline double RelativeError(std::span<const float> found, std::span<const double> truth) {
  double error = 0;
  double size = 0;
  for (size_t i = 0; i < std::min(found.size(), truth.size()); ++i) {
    error +=
        (static_cast<double>(found[i]) - truth[i]) * (static_cast<double>(found[i]) - truth[i]);
    size += truth[i] * truth[i];
  }
  const double relative = std::sqrt(error / size);
  return found.size() == truth.size() && size > 0 && std::isfinite(relative) ? relative : INFINITY;
}

inline std::string ToString(const RecurrenceShape& shape) {
  return "B" + std::to_string(shape.batch) + " T" + std::to_string(shape.tokens) + " Hk" +
         std::to_string(shape.key_heads) + " Hv" + std::to_string(shape.value_heads) + " K" +
         std::to_string(shape.key_dim) + " V" + std::to_string(shape.value_dim);
}

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_PROBLEM_TORCH_TEST_H_
