// /api/v1/baselines, /waivers, /annotations.
#include <charconv>

#include "fmt/format.h"
#include "harness/report/report_time.h"
#include "harness/service/api_json.h"
#include "harness/service/service.h"
#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

int64_t IdOf(const std::string& text) {
  int64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || at != end) throw HttpError(404, "not_found", "no number");
  return id;
}

Json BaselineJson(const Baseline& baseline) {
  return Json::MakeObject({{"name", baseline.name},
                           {"report_id", baseline.report_id},
                           {"author", baseline.author},
                           {"reason", baseline.reason},
                           {"set_at", FormatUtc(baseline.set_s)}});
}

Json WaiverJson(const KeptWaiver& waiver, const std::string& today) {
  const std::string_view state = waiver.withdrawn_s     ? "withdrawn"
                                 : waiver.until < today ? "expired"
                                                        : "counts";
  return Json::MakeObject({{"id", waiver.id},
                           {"target", waiver.target},
                           {"author", waiver.author},
                           {"reason", waiver.reason},
                           {"until", waiver.until},
                           {"state", state},
                           {"created_at", FormatUtc(waiver.created_s)}});
}

Json AnnotationJson(const Annotation& annotation) {
  return Json::MakeObject({{"id", annotation.id},
                           {"case", annotation.case_name},
                           {"metric", annotation.metric},
                           {"machine", annotation.machine},
                           {"branch", annotation.branch},
                           {"commit", annotation.commit},
                           {"at", FormatUtc(annotation.at_s)},
                           {"kind", annotation.kind},
                           {"author", annotation.author},
                           {"note", annotation.note}});
}

template <typename Row, typename ToJson>
HttpResponse ListOf(const ServiceParts& parts, std::string_view name,
                    const std::function<std::vector<Row>(Database*)>& list, const ToJson& to_json) {
  Json rows = Json::MakeArray();
  parts.store.Read([&](Database& database) {
    for (const Row& row : list(&database)) rows.Append(to_json(row));
  });
  return JsonAnswer(Json::MakeObject({{name, std::move(rows)}}));
}

// Runs a write that says whether it found what it was about.
HttpResponse Found(const ServiceParts& parts, const std::function<bool(Database*)>& write) {
  bool found = false;
  parts.store.Write([&](Database& database) { found = write(&database); });
  if (!found) throw HttpError(404, "not_found", "there is none of that name");
  HttpResponse response;
  response.status = 204;
  return response;
}

HttpResponse PutBaseline(const ServiceParts& parts, const HttpRequest& request,
                         const std::string& name) {
  if (!IsIdentifier(name)) {
    throw HttpError(400, "bad_name", "a baseline's name has 1 to 64 letters, digits and -_.");
  }
  const TextObject body(request, {"report_id", "author", "reason"});
  const Baseline baseline = {name, body.Required("report_id"), body.Required("author"),
                             body.Optional("reason"), parts.options.unix_seconds()};
  bool found = false;
  parts.store.Write([&](Database& database) { found = SetBaseline(baseline, &database); });
  if (!found) throw HttpError(404, "no_such_report", "there is no report of this id");
  return JsonAnswer(BaselineJson(baseline));
}

HttpResponse GetBaseline(const ServiceParts& parts, const std::string& name) {
  std::optional<Baseline> found;
  parts.store.Read([&](Database& database) { found = FindBaseline(WithoutNul(name), &database); });
  if (!found) throw HttpError(404, "not_found", "there is no baseline of this name");
  return JsonAnswer(BaselineJson(*found));
}

HttpResponse PostWaiver(const ServiceParts& parts, const HttpRequest& request) {
  const TextObject body(request, {"target", "author", "reason", "until"});
  KeptWaiver waiver;
  waiver.target = body.Required("target");
  waiver.author = body.Required("author");
  waiver.reason = body.Required("reason");
  waiver.until = body.Required("until");
  waiver.created_s = parts.options.unix_seconds();
  const std::string today = FormatUtc(waiver.created_s).substr(0, 10);
  if (!IsDate(waiver.until) || waiver.until < today) {
    throw HttpError(400, "bad_member", "body#/until: expected a day that is not over",
                    "such as 2026-12-31, in UTC");
  }
  parts.store.Write([&](Database& database) { waiver.id = AddWaiver(waiver, &database); });
  return JsonAnswer(WaiverJson(waiver, today), 201);
}

HttpResponse PostAnnotation(const ServiceParts& parts, const HttpRequest& request) {
  const TextObject body(
      request, {"case", "metric", "machine", "branch", "commit", "at", "kind", "author", "note"});
  Annotation annotation;
  annotation.case_name = body.Optional("case");
  annotation.metric = body.Optional("metric");
  annotation.machine = body.Optional("machine");
  annotation.branch = body.Optional("branch");
  annotation.commit = body.Optional("commit");
  annotation.kind = body.Optional("kind").empty() ? "note" : body.Optional("kind");
  annotation.author = body.Required("author");
  annotation.note = body.Required("note");
  annotation.created_s = parts.options.unix_seconds();
  annotation.at_s = annotation.created_s;
  if (annotation.kind != "note" && annotation.kind != "distribution change") {
    throw HttpError(400, "bad_member", "body#/kind: expected note or distribution change");
  }
  if (const std::string at = body.Optional("at"); !at.empty()) {
    const auto seconds = ParseUtc(at);
    if (!seconds) {
      throw HttpError(400, "bad_member", "body#/at: no time in UTC",
                      "such as 2026-03-11T09:30:00Z");
    }
    annotation.at_s = *seconds;
  }
  parts.store.Write(
      [&](Database& database) { annotation.id = AddAnnotation(annotation, &database); });
  return JsonAnswer(AnnotationJson(annotation), 201);
}

HttpResponse GetAnnotations(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"case", "metric", "machine", "branch"});
  AnnotationFilter filter;
  filter.case_name = WithoutNul(request.Param("case"));
  filter.metric = WithoutNul(request.Param("metric"));
  filter.machine = WithoutNul(request.Param("machine"));
  filter.branch = WithoutNul(request.Param("branch"));
  return ListOf<Annotation>(
      parts, "annotations", [&](Database* database) { return ListAnnotations(filter, database); },
      AnnotationJson);
}

void AddBaselineRoutes(const ServiceParts& parts, Router* router) {
  router->Add("GET", "/api/v1/baselines", [parts](const HttpRequest&, const PathParts&) {
    return ListOf<Baseline>(parts, "baselines", ListBaselines, BaselineJson);
  });
  router->Add(
      "GET", "/api/v1/baselines/{name}",
      [parts](const HttpRequest&, const PathParts& path) { return GetBaseline(parts, path[0]); });
  router->Add("PUT", "/api/v1/baselines/{name}",
              [parts](const HttpRequest& request, const PathParts& path) {
                return PutBaseline(parts, request, path[0]);
              });
  router->Add("DELETE", "/api/v1/baselines/{name}",
              [parts](const HttpRequest&, const PathParts& path) {
                return Found(parts, [&](Database* database) {
                  return RemoveBaseline(WithoutNul(path[0]), database);
                });
              });
}

void AddWaiverRoutes(const ServiceParts& parts, Router* router) {
  router->Add("GET", "/api/v1/waivers", [parts](const HttpRequest&, const PathParts&) {
    const std::string today = FormatUtc(parts.options.unix_seconds()).substr(0, 10);
    return ListOf<KeptWaiver>(parts, "waivers", ListWaivers,
                              [&](const KeptWaiver& waiver) { return WaiverJson(waiver, today); });
  });
  router->Add("POST", "/api/v1/waivers", [parts](const HttpRequest& request, const PathParts&) {
    return PostWaiver(parts, request);
  });
  router->Add("DELETE", "/api/v1/waivers/{id}", [parts](const HttpRequest&, const PathParts& path) {
    return Found(parts, [&](Database* database) {
      return WithdrawWaiver(IdOf(path[0]), parts.options.unix_seconds(), database);
    });
  });
}

}  // namespace

void AddRecordRoutes(ServiceParts parts, Router* router) {
  AddBaselineRoutes(parts, router);
  AddWaiverRoutes(parts, router);
  router->Add("GET", "/api/v1/annotations", [parts](const HttpRequest& request, const PathParts&) {
    return GetAnnotations(parts, request);
  });
  router->Add("POST", "/api/v1/annotations", [parts](const HttpRequest& request, const PathParts&) {
    return PostAnnotation(parts, request);
  });
  router->Add(
      "DELETE", "/api/v1/annotations/{id}", [parts](const HttpRequest&, const PathParts& path) {
        return Found(parts,
                     [&](Database* database) { return RemoveAnnotation(IdOf(path[0]), database); });
      });
}

}  // namespace deltagauge
