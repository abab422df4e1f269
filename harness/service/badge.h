// Small pictures for pages of others: a badge, a plot. SVG, without scripts or outside parts.
#ifndef DELTAGAUGE_HARNESS_SERVICE_BADGE_H_
#define DELTAGAUGE_HARNESS_SERVICE_BADGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "harness/store/store_queries.h"

namespace deltagauge {

// "brightgreen", "red", ...: the colour that shields.io has for a verdict.
std::string_view BadgeColour(std::string_view verdict);

std::string BadgeSvg(std::string_view label, std::string_view message, std::string_view verdict);

struct PlotTitle {
  std::string title;
  std::string unit;
};

// A line with its band of intervals and of noise, oldest point at the left; points that failed are
// marked. Points without a value are gaps.
std::string PlotSvg(const PlotTitle& title, const std::vector<SeriesPoint>& points);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_BADGE_H_
