// Badges and plots.
#include "harness/service/badge.h"
#include "harness/service/report_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

HttpResponse Svg(std::string text) {
  HttpResponse response;
  response.content_type = "image/svg+xml; charset=utf-8";
  response.body = std::move(text);
  // A minute: the proxies of code hosts keep pictures far longer if nothing is said.
  response.headers.emplace_back("Cache-Control", "max-age=60");
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'");
  return response;
}

// The verdict of the newest report of a branch; "unknown" if it has none.
std::string VerdictOf(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"branch", "config", "machine"});
  ReportFilter filter;
  filter.branch = WithoutNul(request.Param("branch"));
  filter.config = WithoutNul(request.Param("config"));
  filter.machine = WithoutNul(request.Param("machine"));
  filter.limit = 1;
  std::string verdict = "unknown";
  parts.store.Read([&](Database& database) {
    const auto rows = ListReports(filter, &database);
    if (!rows.empty()) verdict = rows.front().verdict;
  });
  return verdict;
}

HttpResponse BadgeJson(const ServiceParts& parts, const HttpRequest& request) {
  const std::string verdict = VerdictOf(parts, request);
  return JsonAnswer(Json::MakeObject({{"schemaVersion", 1},
                                      {"label", "deltagauge"},
                                      {"message", verdict},
                                      {"color", BadgeColour(verdict)}}));
}

HttpResponse GetPlot(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"case", "metric", "machine", "branch", "points"});
  SeriesFilter filter;
  filter.case_name = WithoutNul(request.Param("case"));
  filter.metric = WithoutNul(request.Param("metric"));
  filter.machine = WithoutNul(request.Param("machine"));
  filter.limit = 1;
  const int points = static_cast<int>(IntParam(request, "points", 1, 500, 60));
  if (filter.metric.empty()) throw HttpError(400, "missing_parameter", "'metric' is missing");
  std::string svg;
  parts.store.Read([&](Database& database) {
    const auto names = ListSeries(filter, &database);
    if (names.empty()) throw HttpError(404, "no_such_series", "there are no figures of that name");
    const SeriesName& name = names.front();
    const auto values = ReadSeries(name.id, WithoutNul(request.Param("branch")), points, &database);
    svg = PlotSvg({name.metric + " of " + name.case_name, name.unit}, values);
  });
  return Svg(std::move(svg));
}

}  // namespace

void AddImageRoutes(ServiceParts parts, Router* router) {
  router->Add("GET", "/api/v1/badge.json", [parts](const HttpRequest& request, const PathParts&) {
    return BadgeJson(parts, request);
  });
  router->Add("GET", "/api/v1/badge.svg", [parts](const HttpRequest& request, const PathParts&) {
    const std::string verdict = VerdictOf(parts, request);
    return Svg(BadgeSvg("deltagauge", verdict, verdict));
  });
  router->Add("GET", "/api/v1/plot.svg", [parts](const HttpRequest& request, const PathParts&) {
    return GetPlot(parts, request);
  });
}

}  // namespace deltagauge
