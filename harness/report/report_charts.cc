#include "harness/report/report_charts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "harness/report/export_text.h"
#include "harness/report/gates.h"
#include "harness/report/report_metrics.h"

namespace deltagauge {
namespace {

std::string ParamOf(const CaseReport& of, std::string_view name) {
  const auto found = of.params.find(name);
  return found == of.params.end() ? "" : found->second;
}

// "builtin:pydoc, float32, fused": what tells the model cases of a report apart.
std::string Title(const CaseReport& of) {
  std::string title;
  for (const char* name : {"text", "model", "dtype", "threads"}) {
    std::string value = ParamOf(of, name);
    if (value.empty()) continue;
    if (std::string_view(name) == "threads") value += value == "1" ? " thread" : " threads";
    title += (title.empty() ? "" : ", ") + value;
  }
  return title + (title.empty() ? "" : ", ") + of.candidate;
}

std::string BaselineOf(const CaseReport& of) {
  const std::string baseline = ParamOf(of, "baseline");
  return baseline.empty() ? "baseline" : baseline;
}

void AddBuckets(const std::optional<LogitDrift>& drift, const std::string& name, SeriesStyle style,
                double DriftBucket::*figure, LineChart* chart) {
  if (!drift || drift->buckets.empty()) return;
  ChartSeries series = {name, style, {}};
  for (const DriftBucket& bucket : drift->buckets) {
    const double middle = 0.5 * static_cast<double>(bucket.first_position) +
                          0.5 * static_cast<double>(bucket.last_position);
    series.points.emplace_back(middle, bucket.*figure);
  }
  chart->series.push_back(std::move(series));
}

void AddLayers(const std::optional<LayerDrift>& drift, const std::string& name, SeriesStyle style,
               LineChart* chart) {
  if (!drift || drift->layers.empty()) return;
  ChartSeries series = {name, style, {}};
  for (const LayerFigures& layer : drift->layers) {
    series.points.emplace_back(static_cast<double>(layer.layer), layer.rel_rmse);
  }
  chart->series.push_back(std::move(series));
  if (style == SeriesStyle::kMain && drift->budget > 0) chart->limit = drift->budget;
}

// Limit of the first gate on a figure of a case, if that is an upper one.
std::optional<double> UpperLimit(const Report& report, const CaseReport& of,
                                 std::string_view metric) {
  const Metric* figure = FindMetricOf(of, metric);
  if (figure == nullptr) return std::nullopt;
  const GateResult* gate = GateOf(report, of, *figure);
  if (gate == nullptr || gate->op != GateOperator::kAtMost) return std::nullopt;
  return gate->threshold;
}

std::optional<double> TokensOf(const CaseReport& of) {
  const std::string text = ParamOf(of, "tokens");
  int64_t tokens = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tokens);
  if (error != std::errc() || end != text.data() + text.size() || tokens < 1) return std::nullopt;
  return static_cast<double>(tokens);
}

// Worst errors of one tensor and dtype, by regime and length.
struct KernelErrors {
  std::map<std::string, std::map<double, double>> by_regime;
  std::map<double, double> references;
};

void KeepWorst(std::map<double, double>* errors, double tokens, double error) {
  const auto [entry, is_new] = errors->try_emplace(tokens, error);
  // NaN is the worst.
  if (!is_new && !(error <= entry->second)) entry->second = error;
}

ChartSeries SeriesOf(const std::string& name, SeriesStyle style,
                     const std::map<double, double>& errors) {
  return {name, style, {errors.begin(), errors.end()}};
}

// The parameters that tell timings apart: those in which they differ.
std::vector<std::string_view> SpeedParameters(const Report& report) {
  std::vector<std::string_view> names;
  for (const std::string_view name : {"model", "dtype", "threads", "candidate"}) {
    std::set<std::string> values;
    for (const CaseReport& of : report.cases) {
      if (of.performance) values.insert(ParamOf(of, name));
    }
    values.erase("");
    if (values.size() > 1) names.push_back(name);
  }
  return names;
}

std::string SpeedLabel(const CaseReport& of, const std::vector<std::string_view>& names) {
  std::string label = of.kind == "timing" ? "kernel" : of.kind;
  const std::string tokens = ParamOf(of, of.kind == "decode" ? "context" : "tokens");
  if (!tokens.empty()) label += (of.kind == "decode" ? " after " : " ") + tokens + " tokens";
  for (const std::string_view name : names) {
    const std::string value = ParamOf(of, name);
    if (value.empty()) continue;
    label += ", " + value + (name == "threads" ? value == "1" ? " thread" : " threads" : "");
  }
  return label;
}

}  // namespace

std::vector<LineChart> DriftCharts(const Report& report) {
  std::vector<LineChart> charts;
  for (const CaseReport& of : report.cases) {
    if (!of.drift || charts.size() >= kMaxDriftCharts) continue;
    LineChart chart;
    chart.id = "drift-" + std::to_string(charts.size());
    chart.title = Title(of);
    chart.note = "Each point is a run of neighbouring positions.";
    chart.x_label = "position";
    chart.y_label = "difference of logits";
    chart.log_y = true;
    const std::string baseline = BaselineOf(of);
    AddBuckets(of.drift->baseline, of.candidate + " against " + baseline + ", largest",
               SeriesStyle::kMain, &DriftBucket::max_abs, &chart);
    AddBuckets(of.drift->baseline, of.candidate + " against " + baseline + ", RMS",
               SeriesStyle::kSecondary, &DriftBucket::rms, &chart);
    AddBuckets(of.drift->truth, of.candidate + " against fp64, largest", SeriesStyle::kMain,
               &DriftBucket::max_abs, &chart);
    AddBuckets(of.drift->baseline_to_truth, baseline + " against fp64, largest",
               SeriesStyle::kReference, &DriftBucket::max_abs, &chart);
    chart.limit = UpperLimit(report, of, "model.logit_drift.max_abs");
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<LineChart> LayerCharts(const Report& report) {
  std::vector<LineChart> charts;
  for (const CaseReport& of : report.cases) {
    if (!of.drift || charts.size() >= kMaxDriftCharts) continue;
    LineChart chart;
    chart.id = "layers-" + std::to_string(charts.size());
    chart.title = Title(of);
    chart.note = "Where drift begins, and how it grows on its way through the model.";
    chart.x_label = "layer";
    chart.y_label = "relative RMS error of its output";
    chart.log_y = true;
    const std::string baseline = BaselineOf(of);
    AddLayers(of.drift->layers_baseline, of.candidate + " against " + baseline, SeriesStyle::kMain,
              &chart);
    AddLayers(of.drift->layers_truth, of.candidate + " against fp64", SeriesStyle::kMain, &chart);
    AddLayers(of.drift->layers_baseline_to_truth, baseline + " against fp64",
              SeriesStyle::kReference, &chart);
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<LineChart> KernelCharts(const Report& report) {
  std::map<std::pair<std::string, std::string>, KernelErrors> errors;
  for (const CaseReport& of : report.cases) {
    const auto tokens = TokensOf(of);
    if (!of.correctness || !tokens) continue;
    std::string regime = ParamOf(of, "regime");
    if (regime.empty()) regime = of.kind;
    for (const TensorResult& tensor : of.correctness->tensors) {
      KernelErrors& entry = errors[{tensor.name, tensor.dtype}];
      KeepWorst(&entry.by_regime[regime], *tokens, tensor.result.rel_rmse);
      KeepWorst(&entry.references, *tokens, tensor.reference_rel_rmse);
    }
  }
  std::vector<LineChart> charts;
  for (const auto& [tensor, entry] : errors) {
    LineChart chart;
    chart.id = "kernel-" + std::to_string(charts.size());
    chart.title = tensor.first + ", " + tensor.second;
    chart.note = "The worst case of each gate regime and length, against fp64.";
    chart.x_label = "tokens";
    chart.y_label = "relative RMS error";
    chart.log_x = true;
    chart.log_y = true;
    for (const auto& [regime, by_tokens] : entry.by_regime) {
      chart.series.push_back(SeriesOf(regime, SeriesStyle::kMain, by_tokens));
    }
    chart.series.push_back(
        SeriesOf("float32 references, worst", SeriesStyle::kReference, entry.references));
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<BarChart> SpeedCharts(const Report& report) {
  BarChart speedup = {"speedup",
                      "Speedup over the baseline",
                      "The line is the interval, the shaded band what noise alone shows.",
                      "times as fast",
                      1,
                      {}};
  BarChart peak = {"peak",
                   "Share of the physical limit",
                   "Of the machine's measured arithmetic or bandwidth limit, whichever is nearer.",
                   "share",
                   std::nullopt,
                   {}};
  const auto names = SpeedParameters(report);
  for (const CaseReport& of : report.cases) {
    for (const Metric& metric : of.metrics) {
      BarRow row;
      row.label = SpeedLabel(of, names);
      row.value = metric.value;
      row.lo = metric.ci_lo;
      row.hi = metric.ci_hi;
      row.verdict = of.status;
      if (metric.floor) row.floor = std::exp(*metric.floor);
      if (const GateResult* gate = GateOf(report, of, metric)) row.target = gate->threshold;
      if (metric.name.ends_with(".speedup")) speedup.rows.push_back(row);
      if (metric.name.ends_with(".peak_share")) peak.rows.push_back(row);
    }
  }
  std::vector<BarChart> charts;
  for (BarChart* chart : {&speedup, &peak}) {
    if (!chart->rows.empty()) charts.push_back(std::move(*chart));
  }
  return charts;
}

namespace {

Json Finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json Finite(const std::optional<double>& value) { return value ? Finite(*value) : Json(); }

std::string_view StyleName(SeriesStyle style) {
  switch (style) {
    case SeriesStyle::kMain:
      return "main";
    case SeriesStyle::kSecondary:
      return "secondary";
    case SeriesStyle::kReference:
      return "reference";
  }
  return "main";
}

}  // namespace

Json ChartJson(const LineChart& chart) {
  Json series = Json::MakeArray();
  for (const ChartSeries& one : chart.series) {
    Json points = Json::MakeArray();
    for (const auto& [x, y] : one.points) points.Append(Json::Array{Finite(x), Finite(y)});
    series.Append(Json::MakeObject(
        {{"name", one.name}, {"style", StyleName(one.style)}, {"points", std::move(points)}}));
  }
  return Json::MakeObject({{"kind", "line"},
                           {"id", chart.id},
                           {"xLabel", chart.x_label},
                           {"yLabel", chart.y_label},
                           {"logX", chart.log_x},
                           {"logY", chart.log_y},
                           {"limit", Finite(chart.limit)},
                           {"series", std::move(series)}});
}

Json ChartJson(const BarChart& chart) {
  Json rows = Json::MakeArray();
  for (const BarRow& row : chart.rows) {
    rows.Append(Json::MakeObject({{"label", row.label},
                                  {"value", Finite(row.value)},
                                  {"lo", Finite(row.lo)},
                                  {"hi", Finite(row.hi)},
                                  {"floor", Finite(row.floor)},
                                  {"target", Finite(row.target)},
                                  {"verdict", VerdictName(row.verdict)}}));
  }
  return Json::MakeObject({{"kind", "bar"},
                           {"id", chart.id},
                           {"xLabel", chart.x_label},
                           {"baseline", Finite(chart.baseline)},
                           {"rows", std::move(rows)}});
}

}  // namespace deltagauge
