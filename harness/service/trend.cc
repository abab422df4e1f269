#include "harness/service/trend.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/report/report_metrics.h"
#include "harness/report/report_time.h"
#include "harness/service/api_json.h"
#include "harness/service/report_choice.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

double MedianOf(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(middle), values.end());
  const double upper = values[middle];
  if (values.size() % 2 == 1) return upper;
  return (*std::max_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(middle)) +
          upper) /
         2;
}

// The median of the noise floors of these points.
std::optional<double> NoiseOf(const std::vector<SeriesPoint>& points) {
  std::vector<double> floors;
  for (const SeriesPoint& point : points) {
    if (point.noise && std::isfinite(*point.noise)) floors.push_back(*point.noise);
  }
  return floors.empty() ? std::nullopt : std::optional(MedianOf(std::move(floors)));
}

std::optional<TrendLimit> LimitOf(const SeriesName& name, const SeriesPoint& newest,
                                  Database* database) {
  const auto row = FindReport(newest.report_id, database);
  if (!row) return std::nullopt;
  try {
    const Report report = LoadReport(*row, database);
    for (const CaseReport& of : report.cases) {
      if (of.id != name.case_name) continue;
      const Metric* const metric = FindMetricOf(of, name.metric);
      const GateResult* const gate = metric == nullptr ? nullptr : GateOf(report, of, *metric);
      if (gate == nullptr) return std::nullopt;
      return TrendLimit{gate->threshold, gate->id};
    }
  } catch (const reference::InputError&) {
    // Figures of a report that can no longer be read still have their history.
  }
  return std::nullopt;
}

TrendLevel LevelOf(const std::vector<double>& values, const std::optional<double>& noise) {
  TrendLevel level;
  level.median = MedianOf(values);
  if (noise) {
    level.noise_lo = level.median * std::exp(-*noise);
    level.noise_hi = level.median * std::exp(*noise);
  }
  return level;
}

}  // namespace

void FindLevels(Trend* trend) {
  std::vector<double> values;
  std::vector<size_t> places;  // of the values among the points
  for (size_t i = 0; i < trend->points.size(); ++i) {
    const auto& value = trend->points[i].value;
    if (!value || !std::isfinite(*value)) continue;
    values.push_back(*value);
    places.push_back(i);
  }
  trend->levels.assign(trend->points.size(), std::nullopt);
  trend->changes.clear();
  if (values.empty()) return;

  const auto noise = NoiseOf(trend->points);
  ChangePointOptions options;
  if (noise) options.min_relative_change = std::expm1(*noise);
  trend->changes = FindChangePoints(values, options);

  size_t begin = 0;
  for (size_t i = 0; i <= trend->changes.size(); ++i) {
    const size_t end = i < trend->changes.size() ? trend->changes[i].index : values.size();
    const TrendLevel level = LevelOf({values.begin() + static_cast<ptrdiff_t>(begin),
                                      values.begin() + static_cast<ptrdiff_t>(end)},
                                     noise);
    for (size_t k = begin; k < end; ++k) trend->levels[places[k]] = level;
    begin = end;
  }
  for (ChangePoint& change : trend->changes) change.index = places[change.index];
}

std::vector<TrendRemark> PlaceRemarks(const std::vector<Annotation>& annotations,
                                      const std::vector<SeriesPoint>& points) {
  std::vector<TrendRemark> remarks;
  for (const Annotation& annotation : annotations) {
    if (points.empty() || annotation.at_s < points.front().created_s) continue;
    const auto after = std::find_if(points.begin(), points.end(), [&](const SeriesPoint& point) {
      return point.created_s >= annotation.at_s;
    });
    const auto at = after == points.end() ? std::prev(points.end()) : after;
    remarks.push_back({static_cast<size_t>(at - points.begin()), annotation});
  }
  std::stable_sort(remarks.begin(), remarks.end(),
                   [](const TrendRemark& a, const TrendRemark& b) { return a.index < b.index; });
  return remarks;
}

Trend ReadTrend(const SeriesName& name, const std::string& branch, int points, Database* database) {
  Trend trend;
  trend.name = name;
  trend.points = ReadSeries(name.id, branch, points, database);
  FindLevels(&trend);
  trend.remarks = PlaceRemarks(
      ListAnnotations({name.case_name, name.metric, name.machine.fingerprint, branch, 500},
                      database),
      trend.points);
  if (!trend.points.empty()) trend.limit = LimitOf(name, trend.points.back(), database);
  return trend;
}

std::optional<bool> IsWorse(const ChangePoint& change, const std::string& direction) {
  if (direction == "smaller") return change.median_after > change.median_before;
  if (direction == "larger") return change.median_after < change.median_before;
  return std::nullopt;
}

Json TrendJson(const Trend& trend) {
  Json points = Json::MakeArray();
  for (size_t i = 0; i < trend.points.size(); ++i) {
    const SeriesPoint& point = trend.points[i];
    const auto& level = trend.levels[i];
    points.Append(Json::MakeObject({{"at", FormatUtc(point.created_s)},
                                    {"commit", point.commit.substr(0, 10)},
                                    {"report", point.report_id},
                                    {"verdict", point.verdict},
                                    {"value", OptionalJson(point.value)},
                                    {"lo", OptionalJson(point.ci_lo)},
                                    {"hi", OptionalJson(point.ci_hi)},
                                    {"level", level ? OptionalJson(level->median) : Json()},
                                    {"noiseLo", level ? OptionalJson(level->noise_lo) : Json()},
                                    {"noiseHi", level ? OptionalJson(level->noise_hi) : Json()}}));
  }
  Json changes = Json::MakeArray();
  for (const ChangePoint& change : trend.changes) {
    const auto worse = IsWorse(change, trend.name.direction);
    changes.Append(
        Json::MakeObject({{"index", change.index},
                          {"text", fmt::format("{} to {}", ShortNumber(change.median_before),
                                               ShortNumber(change.median_after))},
                          {"worse", worse ? Json(*worse) : Json()}}));
  }
  Json remarks = Json::MakeArray();
  for (const TrendRemark& remark : trend.remarks) {
    remarks.Append(Json::MakeObject({{"index", remark.index}, {"text", remark.annotation.note}}));
  }
  Json json = Json::MakeObject({{"id", "trend"},
                                {"title", trend.name.metric},
                                {"unit", trend.name.unit},
                                {"points", std::move(points)},
                                {"changes", std::move(changes)},
                                {"remarks", std::move(remarks)},
                                {"limit", Json()}});
  if (trend.limit && std::isfinite(trend.limit->threshold)) json["limit"] = trend.limit->threshold;
  return json;
}

}  // namespace deltagauge
