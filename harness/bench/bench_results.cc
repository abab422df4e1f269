#include "harness/bench/bench_results.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <limits>

namespace deltagauge {

std::string DefectOfResult(std::span<const float> result) {
  if (result.empty()) return "is empty";
  bool has_value = false;
  for (size_t i = 0; i < result.size(); ++i) {
    if (!std::isfinite(result[i])) return fmt::format("holds NaN or Inf at element {}", i);
    has_value = has_value || result[i] != 0;
  }
  return has_value ? "" : "is all zero";
}

double RelativeRmsDifference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size() || a.empty()) return std::numeric_limits<double>::quiet_NaN();
  double difference = 0;
  double magnitude = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d;
    magnitude += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / magnitude);
}

}  // namespace deltagauge
