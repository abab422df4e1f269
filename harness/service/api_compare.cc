// /api/v1/compare: two reports, case by case.
#include "harness/report/compare.h"

#include <cmath>
#include <optional>

#include "harness/service/report_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

std::string CsvField(std::string_view text) {
  // A field that begins with one of these would be a formula to a spreadsheet.
  std::string field = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
    field += '\'';
  }
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + "\"";
}

std::string NumberField(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? FormatDouble(*value) : std::string();
}

std::string ComparisonCsv(const ReportComparison& comparison) {
  std::string csv = "case,kind,base_verdict,head_verdict,metric,unit,base,head,ratio,change\r\n";
  for (const CaseChange& change : comparison.cases) {
    const std::string begin = CsvField(change.id) + "," + CsvField(change.kind) + "," +
                              std::string(VerdictName(change.base)) + "," +
                              std::string(VerdictName(change.head)) + ",";
    for (const MetricChange& metric : change.metrics) {
      csv += begin + CsvField(metric.metric) + "," + CsvField(metric.unit) + "," +
             NumberField(metric.base) + "," + NumberField(metric.head) + "," +
             NumberField(metric.ratio) + "," + std::string(ChangeName(metric.change)) + "\r\n";
    }
    if (change.metrics.empty()) {
      csv += begin + ",,,,," + std::string(ChangeName(change.change)) + "\r\n";
    }
  }
  return csv;
}

HttpResponse GetComparison(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"base", "head", "machine", "config", "force", "format"});
  const std::string format = request.Param("format");
  if (!format.empty() && format != "json" && format != "markdown" && format != "csv") {
    throw HttpError(400, "bad_parameter", "'format' must be json, markdown or csv");
  }
  for (const char* name : {"base", "head"}) {
    if (request.Param(name).empty()) {
      throw HttpError(400, "missing_parameter", std::string("'") + name + "' is missing");
    }
  }
  CompareOptions options;
  if (IntParam(request, "force", 0, 1, 0) == 1) {
    options.other_machines = OtherMachines::kCompareAnyway;
  }
  ReportComparison comparison;
  parts.store.Read([&](Database& database) {
    const ChoiceHints hints = {WithoutNul(request.Param("machine")),
                               WithoutNul(request.Param("config"))};
    const auto [base, head] =
        ChoosePair(request.Param("base"), request.Param("head"), hints, &database);
    comparison = CompareReports(LoadReport(base, &database), LoadReport(head, &database), options);
  });
  if (format.empty() || format == "json") return JsonAnswer(ComparisonJson(comparison));
  HttpResponse response;
  response.content_type =
      format == "csv" ? "text/csv; charset=utf-8" : "text/markdown; charset=utf-8";
  response.body = format == "csv" ? ComparisonCsv(comparison) : ComparisonMarkdown(comparison);
  return response;
}

}  // namespace

void AddCompareRoutes(ServiceParts parts, Router* router) {
  router->Add("GET", "/api/v1/compare", [parts](const HttpRequest& request, const PathParts&) {
    return GetComparison(parts, request);
  });
}

}  // namespace deltagauge
