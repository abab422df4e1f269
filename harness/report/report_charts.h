// What the page of a report draws: figures of the report, arranged. Nothing here knows HTML.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_CHARTS_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_CHARTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/report/json.h"
#include "harness/report/report.h"

namespace deltagauge {

inline constexpr size_t kMaxDriftCharts = 12;  // of each kind; a page of more is not read

enum class SeriesStyle : uint8_t {
  kMain,       // the candidate
  kSecondary,  // the same, another statistic
  kReference,  // what it is to be seen against
};

struct ChartSeries {
  std::string name;
  SeriesStyle style = SeriesStyle::kMain;
  std::vector<std::pair<double, double>> points;  // by x
};

struct LineChart {
  std::string id;
  std::string title;
  std::string note;  // how to read it
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  std::vector<ChartSeries> series;
  std::optional<double> limit;  // a gate's or a budget's
};

struct BarRow {
  std::string label;
  double value = 0;
  std::optional<double> lo;
  std::optional<double> hi;
  std::optional<double> floor;   // ratio that noise alone reaches, 1 or more
  std::optional<double> target;  // of a gate
  Verdict verdict = Verdict::kPassed;
};

struct BarChart {
  std::string id;
  std::string title;
  std::string note;
  std::string x_label;
  std::optional<double> baseline;  // where nothing changes
  std::vector<BarRow> rows;
};

// Only those that have something to show.
std::vector<LineChart> DriftCharts(const Report& report);   // over positions, one a case
std::vector<LineChart> LayerCharts(const Report& report);   // by layer, one a case
std::vector<LineChart> KernelCharts(const Report& report);  // by length, one a tensor and dtype
std::vector<BarChart> SpeedCharts(const Report& report);    // speedup; share of the limit

// For the page's script. Numbers that are not finite are null.
Json ChartJson(const LineChart& chart);
Json ChartJson(const BarChart& chart);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_CHARTS_H_
