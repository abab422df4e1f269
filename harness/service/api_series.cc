// /api/v1/series: one metric over time, by case and machine.
#include "harness/report/report_time.h"
#include "harness/service/api_json.h"
#include "harness/service/report_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"
#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

constexpr int kMaxSeries = 200;
constexpr int kMaxSeriesWithPoints = 24;

Json PointJson(const SeriesPoint& point) {
  Json json = Json::MakeObject({{"report_id", point.report_id},
                                {"commit", point.commit},
                                {"branch", point.branch},
                                {"dirty", point.dirty},
                                {"at", FormatUtc(point.created_s)},
                                {"verdict", point.verdict},
                                {"value", OptionalJson(point.value)}});
  if (point.ci_lo) json["ci_lo"] = OptionalJson(point.ci_lo);
  if (point.ci_hi) json["ci_hi"] = OptionalJson(point.ci_hi);
  if (point.noise) json["noise"] = OptionalJson(point.noise);
  return json;
}

HttpResponse GetSeries(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"metric", "case", "machine", "branch", "points"});
  SeriesFilter filter;
  filter.metric = WithoutNul(request.Param("metric"));
  filter.case_name = WithoutNul(request.Param("case"));
  filter.machine = WithoutNul(request.Param("machine"));
  const std::string branch = WithoutNul(request.Param("branch"));
  const int points = static_cast<int>(IntParam(request, "points", 0, 2000, 200));
  filter.limit = points == 0 ? kMaxSeries : kMaxSeriesWithPoints;
  Json list = Json::MakeArray();
  parts.store.Read([&](Database& database) {
    for (const SeriesName& name : ListSeries(filter, &database)) {
      Json series = Json::MakeObject({{"case", name.case_name},
                                      {"kind", name.kind},
                                      {"metric", name.metric},
                                      {"unit", name.unit},
                                      {"better", name.direction},
                                      {"machine", MachineRowJson(name.machine)}});
      if (points > 0) {
        Json values = Json::MakeArray();
        for (const SeriesPoint& point : ReadSeries(name.id, branch, points, &database)) {
          values.Append(PointJson(point));
        }
        series["points"] = std::move(values);
      }
      list.Append(std::move(series));
    }
  });
  return JsonAnswer(Json::MakeObject({{"series", std::move(list)}}));
}

}  // namespace

void AddSeriesRoutes(ServiceParts parts, Router* router) {
  router->Add("GET", "/api/v1/series", [parts](const HttpRequest& request, const PathParts&) {
    return GetSeries(parts, request);
  });
}

}  // namespace deltagauge
