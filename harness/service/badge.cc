#include "harness/service/badge.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "harness/report/export_text.h"

namespace deltagauge {
namespace {

struct VerdictColour {
  std::string_view verdict;
  std::string_view name;
  std::string_view fill;  // dark enough for white text (WCAG AA)
};

constexpr VerdictColour kColours[] = {
    {"passed", "brightgreen", "#2b7a2f"},  {"failed", "red", "#b3261e"},
    {"inconclusive", "yellow", "#8a6100"}, {"invalid", "orange", "#a34a00"},
    {"error", "red", "#b3261e"},           {"waived", "blue", "#1f5fa8"},
};
constexpr VerdictColour kOther = {"", "lightgrey", "#5f6368"};

const VerdictColour& ColourOf(std::string_view verdict) {
  for (const VerdictColour& colour : kColours) {
    if (colour.verdict == verdict) return colour;
  }
  return kOther;
}

// Of 11 px Verdana, near enough: what is written is stretched to it.
int TextWidth(std::string_view text) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  return static_cast<int>(characters) * 7 + 10;
}

struct Range {
  double low = 0;
  double high = 1;
};

Range RangeOf(const std::vector<SeriesPoint>& points) {
  std::optional<Range> range;
  for (const SeriesPoint& point : points) {
    for (const auto& value : {point.value, point.ci_lo, point.ci_hi}) {
      if (!value || !std::isfinite(*value)) continue;
      if (!range) range = Range{*value, *value};
      range->low = std::min(range->low, *value);
      range->high = std::max(range->high, *value);
    }
  }
  if (!range) return {};
  const double margin = range->high > range->low ? 0.08 * (range->high - range->low)
                                                 : std::max(std::fabs(range->high) * 0.1, 1e-12);
  return {range->low - margin, range->high + margin};
}

constexpr int kWidth = 640;
constexpr int kHeight = 220;
constexpr int kLeft = 64;
constexpr int kRight = 12;
constexpr int kTop = 34;
constexpr int kBottom = 28;

class Plot {
 public:
  explicit Plot(const std::vector<SeriesPoint>& points)
      : points_(points), range_(RangeOf(points)) {}

  double X(size_t i) const {
    const double span = kWidth - kLeft - kRight;
    return points_.size() < 2
               ? kLeft + span / 2
               : kLeft + span * static_cast<double>(i) / static_cast<double>(points_.size() - 1);
  }
  double Y(double value) const {
    const double span = kHeight - kTop - kBottom;
    return kTop + span * (range_.high - value) / (range_.high - range_.low);
  }
  const Range& range() const { return range_; }

  // Pieces between gaps, as the points of polylines.
  std::string Lines() const {
    std::string lines;
    std::string piece;
    const auto end_piece = [&] {
      if (!piece.empty()) {
        lines += fmt::format("<polyline class=\"line\" points=\"{}\"/>", piece);
      }
      piece.clear();
    };
    for (size_t i = 0; i < points_.size(); ++i) {
      const auto& value = points_[i].value;
      if (!value || !std::isfinite(*value)) {
        end_piece();
        continue;
      }
      piece += fmt::format("{}{:.1f},{:.1f}", piece.empty() ? "" : " ", X(i), Y(*value));
    }
    end_piece();
    return lines;
  }

  std::string Intervals() const {
    std::string marks;
    for (size_t i = 0; i < points_.size(); ++i) {
      const auto& [lo, hi] = std::pair(points_[i].ci_lo, points_[i].ci_hi);
      if (!lo || !hi || !std::isfinite(*lo) || !std::isfinite(*hi)) continue;
      marks +=
          fmt::format("<path class=\"ci\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/>", X(i), Y(*lo), Y(*hi));
    }
    return marks;
  }

  std::string Dots() const {
    std::string dots;
    for (size_t i = 0; i < points_.size(); ++i) {
      const auto& value = points_[i].value;
      if (!value || !std::isfinite(*value)) continue;
      const bool is_bad = points_[i].verdict != "passed";
      dots += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>",
                          is_bad ? "bad" : "dot", X(i), Y(*value), is_bad ? 4 : 2);
    }
    return dots;
  }

 private:
  const std::vector<SeriesPoint>& points_;
  Range range_;
};

}  // namespace

std::string_view BadgeColour(std::string_view verdict) { return ColourOf(verdict).name; }

std::string BadgeSvg(std::string_view label, std::string_view message, std::string_view verdict) {
  const int left = TextWidth(label);
  const int right = TextWidth(message);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"20\" role=\"img\" "
      "aria-label=\"{3}: {4}\"><title>{3}: {4}</title>"
      "<rect width=\"{0}\" height=\"20\" rx=\"3\" fill=\"#444\"/>"
      "<path d=\"M{1} 0h{6}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{6}z\" fill=\"{5}\"/>"
      "<g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,Geneva,DejaVu "
      "Sans,sans-serif\" "
      "font-size=\"11\"><text x=\"{7}\" y=\"14\" textLength=\"{8}\">{3}</text>"
      "<text x=\"{9}\" y=\"14\" textLength=\"{10}\">{4}</text></g></svg>\n",
      left + right, left, right, EscapeXml(label), EscapeXml(message), ColourOf(verdict).fill,
      right - 3, left / 2, left - 10, left + right / 2, right - 10);
}

std::string PlotSvg(const PlotTitle& title, const std::vector<SeriesPoint>& points) {
  const Plot plot(points);
  std::string marks;
  for (const double share : {0.0, 0.5, 1.0}) {
    const double value = plot.range().low + share * (plot.range().high - plot.range().low);
    marks += fmt::format(
        "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>",
        kLeft, plot.Y(value), kWidth - kRight, kLeft - 6, plot.Y(value) + 4,
        EscapeXml(ShortNumber(value)));
  }
  const std::string ends =
      points.empty()
          ? "<text x=\"50%\" y=\"50%\" text-anchor=\"middle\">no points</text>"
          : fmt::format(
                "<text x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\" "
                "text-anchor=\"end\">{}</text>",
                kLeft, kHeight - 8, EscapeXml(points.front().commit.substr(0, 10)), kWidth - kRight,
                kHeight - 8, EscapeXml(points.back().commit.substr(0, 10)));
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-label=\"{2}\"><title>{2}</title><style>"
      "svg{{background:#fff}}text{{font:12px sans-serif;fill:#333}}.grid{{stroke:#ddd}}"
      ".line{{fill:none;stroke:#1f5fa8;stroke-width:1.5}}.ci{{stroke:#1f5fa8;stroke-opacity:.35;"
      "stroke-width:3}}.dot{{fill:#1f5fa8}}.bad{{fill:#b3261e}}"
      "@media(prefers-color-scheme:dark){{svg{{background:#15181c}}text{{fill:#d7dce2}}"
      ".grid{{stroke:#333a42}}.line,.ci{{stroke:#7db4f0}}.dot{{fill:#7db4f0}}.bad{{fill:#ff8a80}}}}"
      "</style><text x=\"{3}\" y=\"20\" font-weight=\"bold\">{2}</text>{4}{5}{6}{7}{8}</svg>\n",
      kWidth, kHeight, EscapeXml(title.title + (title.unit == "1" ? "" : " [" + title.unit + "]")),
      kLeft, marks, plot.Intervals(), plot.Lines(), plot.Dots(), ends);
}

}  // namespace deltagauge
