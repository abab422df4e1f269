// One figure over time, with what a reader needs to judge it: level, noise, limit, remarks.
#ifndef DELTAGAUGE_HARNESS_SERVICE_TREND_H_
#define DELTAGAUGE_HARNESS_SERVICE_TREND_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/change_points.h"
#include "harness/report/json.h"
#include "harness/store/store_queries.h"
#include "harness/store/store_records.h"

namespace deltagauge {

// The limit of the gate that looks at the figure in the newest report.
struct TrendLimit {
  double threshold = 0;
  std::string text;  // "performance.prefill.speedup >= 1.3"
};

// The median between two change points, and what noise alone makes of it.
struct TrendLevel {
  double median = 0;
  std::optional<double> noise_lo;  // median * exp(-floor), exp(floor)
  std::optional<double> noise_hi;
};

struct TrendRemark {
  size_t index = 0;  // of the first point that it is about
  Annotation annotation;
};

struct Trend {
  SeriesName name;
  std::vector<SeriesPoint> points;                // the oldest first
  std::vector<std::optional<TrendLevel>> levels;  // one a point; none where it has no value
  std::vector<ChangePoint> changes;               // `index` is that of the point
  std::vector<TrendRemark> remarks;               // in the order of points
  std::optional<TrendLimit> limit;
};

// An empty branch means any.
Trend ReadTrend(const SeriesName& name, const std::string& branch, int points, Database* database);

// Change points and levels of points that were read. A pure part of ReadTrend.
void FindLevels(Trend* trend);

// Where annotations belong among the points; those before the first of them are left out. A pure
// part of ReadTrend.
std::vector<TrendRemark> PlaceRemarks(const std::vector<Annotation>& annotations,
                                      const std::vector<SeriesPoint>& points);

// Whether a move is to the worse; nothing for figures that have no better side.
std::optional<bool> IsWorse(const ChangePoint& change, const std::string& direction);

// For service.js. Numbers that are not finite are null.
Json TrendJson(const Trend& trend);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_TREND_H_
