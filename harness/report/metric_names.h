// The figures that gates, exporters and series refer to by name.
#ifndef DELTAGAUGE_HARNESS_REPORT_METRIC_NAMES_H_
#define DELTAGAUGE_HARNESS_REPORT_METRIC_NAMES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/verdict.h"

namespace deltagauge {

enum class Direction : uint8_t {
  kSmallerIsBetter,
  kLargerIsBetter,
  kNeither,  // tells about the inputs, not about the candidate
};

// "smaller", "larger", "neither".
std::string_view DirectionName(Direction direction);
std::optional<Direction> DirectionNamed(std::string_view name);

struct MetricInfo {
  std::string_view name;  // "model.logit_drift.max_abs"
  std::string_view unit;  // "1" for ratios, shares and counts; "logit", "nat", "ms", "tokens/s"
  Direction direction = Direction::kSmallerIsBetter;
  Concern concern = Concern::kCorrectness;
  std::string_view meaning;
};

// In the order of reports.
std::span<const MetricInfo> AllMetrics();

// Null if there is no metric of this name.
const MetricInfo* FindMetric(std::string_view name);

// Whether cases of this kind (the first word of their repro line) may have the metric.
bool KindHasMetric(std::string_view kind, std::string_view metric);

// "did you mean 'model.kld.mean'?" or the list of those with the same first word.
std::string MetricHint(std::string_view name);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_METRIC_NAMES_H_
