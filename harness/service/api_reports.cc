// /api/v1/reports and /api/v1/machines.
#include <charconv>
#include <chrono>
#include <optional>

#include "fmt/format.h"
#include "harness/service/api_json.h"
#include "harness/service/foreign_report.h"
#include "harness/service/report_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

std::string_view OutcomeWord(AddOutcome outcome) {
  switch (outcome) {
    case AddOutcome::kAdded:
      return "added";
    case AddOutcome::kThere:
      return "there";
    case AddOutcome::kConflict:
      break;
  }
  return "conflict";
}

ReportRows RowsOf(const HttpRequest& request, const IngestLimits& limits) {
  if (IsOwnReport(request.body)) {
    if (!request.query.empty()) {
      throw HttpError(400, "unknown_parameter",
                      fmt::format("'{}': a report of deltagauge says that itself",
                                  request.query.begin()->first));
    }
    return MakeReportRows(request.body, "body", limits);
  }
  const ForeignContext context = {request.Param("report_id"),   request.Param("created_at"),
                                  request.Param("repo"),        request.Param("branch"),
                                  request.Param("commit"),      request.Param("machine"),
                                  request.Param("fingerprint"), request.Param("config")};
  return MakeReportRows(ReadForeignReport(request.body, "body", context, limits), request.body,
                        "body", limits);
}

HttpResponse PostReport(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"report_id", "created_at", "repo", "branch", "commit", "machine",
                        "fingerprint", "config"});
  const auto begin = std::chrono::steady_clock::now();
  if (request.body.empty()) throw HttpError(400, "empty_body", "the body is empty; send a report");
  const ReportRows rows = RowsOf(request, parts.options.ingest);
  const AddOutcome outcome = parts.store.Add(rows, parts.options.unix_seconds());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  parts.counters.CountReport(OutcomeWord(outcome), seconds.count());
  const std::string& id = rows.report.report_id;
  if (outcome == AddOutcome::kConflict) {
    throw HttpError(409, "conflict", fmt::format("another report with the id '{}' is there", id),
                    "a report never changes; make a new one");
  }
  HttpResponse response = JsonAnswer(Json::MakeObject({{"report_id", id},
                                                       {"sha256", rows.report.sha256},
                                                       {"verdict", rows.report.verdict},
                                                       {"outcome", OutcomeWord(outcome)},
                                                       {"page", "/reports/" + id}}),
                                     outcome == AddOutcome::kAdded ? 201 : 200);
  response.headers.emplace_back("Location", "/api/v1/reports/" + id);
  return response;
}

std::string MarkText(const ReportRow& row) { return fmt::format("{}.{}", row.created_s, row.id); }

PageMark MarkOf(const std::string& text) {
  PageMark mark;
  const char* const end = text.data() + text.size();
  const auto time = std::from_chars(text.data(), end, mark.created_s);
  const bool has_dot = time.ec == std::errc() && time.ptr != end && *time.ptr == '.';
  const auto id = has_dot ? std::from_chars(time.ptr + 1, end, mark.id)
                          : std::from_chars_result{end, std::errc::invalid_argument};
  if (id.ec != std::errc() || id.ptr != end || mark.created_s < 0 || mark.id < 0) {
    throw HttpError(400, "bad_parameter", "'after' is not what 'next' of a page said");
  }
  return mark;
}

HttpResponse ListThem(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request,
              {"branch", "commit", "machine", "config", "verdict", "platform", "limit", "after"});
  ReportFilter filter;
  filter.branch = WithoutNul(request.Param("branch"));
  filter.commit = WithoutNul(request.Param("commit"));
  filter.machine = WithoutNul(request.Param("machine"));
  filter.config = WithoutNul(request.Param("config"));
  filter.verdict = WithoutNul(request.Param("verdict"));
  filter.platform = WithoutNul(request.Param("platform"));
  filter.limit = static_cast<int>(IntParam(request, "limit", 1, 500, 50));
  if (const std::string after = request.Param("after"); !after.empty()) {
    filter.after = MarkOf(after);
  }
  std::vector<ReportRow> rows;
  parts.store.Read([&](Database& database) { rows = ListReports(filter, &database); });
  Json list = Json::MakeArray();
  for (const ReportRow& row : rows) list.Append(ReportRowJson(row));
  Json answer = Json::MakeObject({{"reports", std::move(list)}});
  if (rows.size() == static_cast<size_t>(filter.limit)) answer["next"] = MarkText(rows.back());
  return JsonAnswer(answer);
}

ReportRow RowOf(const std::string& id, Database* database) {
  const auto row = FindReport(WithoutNul(id), database);
  if (!row) throw HttpError(404, "no_such_report", "there is no report of this id");
  return *row;
}

Json GateJson(const GateRow& gate) {
  Json json = Json::MakeObject({{"gate", gate.gate},
                                {"metric", gate.metric},
                                {"concern", gate.concern},
                                {"verdict", gate.verdict},
                                {"case", gate.case_name},
                                {"threshold", OptionalJson(gate.threshold)},
                                {"operator", gate.at_least ? ">=" : "<="},
                                {"reason", gate.reason}});
  const auto add = [&](std::string_view name, const std::optional<double>& value) {
    if (value) json[name] = OptionalJson(value);
  };
  add("observed", gate.observed);
  add("ci_lo", gate.ci_lo);
  add("ci_hi", gate.ci_hi);
  add("noise", gate.noise);
  add("margin", gate.margin);
  return json;
}

HttpResponse GetReport(const ServiceParts& parts, const HttpRequest& request,
                       const std::string& id) {
  CheckParams(request, {});
  Json answer;
  parts.store.Read([&](Database& database) {
    const ReportRow row = RowOf(id, &database);
    answer = ReportRowJson(row);
    Json gates = Json::MakeArray();
    for (const GateRow& gate : ReadGates(row.id, &database)) gates.Append(GateJson(gate));
    answer["gates"] = std::move(gates);
  });
  return JsonAnswer(answer);
}

HttpResponse GetRaw(const ServiceParts& parts, const HttpRequest& request, const std::string& id) {
  CheckParams(request, {});
  HttpResponse response;
  parts.store.Read([&](Database& database) {
    const ReportRow row = RowOf(id, &database);
    response.body = ReadBody(row.id, &database).value_or("");
    response.headers.emplace_back("X-Content-SHA256", row.sha256);
  });
  return response;
}

HttpResponse ListMachines(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {});
  Json list = Json::MakeArray();
  parts.store.Read([&](Database& database) {
    for (const MachineRow& machine : deltagauge::ListMachines(&database)) {
      list.Append(MachineRowJson(machine));
    }
  });
  return JsonAnswer(Json::MakeObject({{"machines", std::move(list)}}));
}

}  // namespace

void AddReportRoutes(ServiceParts parts, Router* router) {
  router->Add("POST", "/api/v1/reports", [parts](const HttpRequest& request, const PathParts&) {
    return PostReport(parts, request);
  });
  router->Add("GET", "/api/v1/reports", [parts](const HttpRequest& request, const PathParts&) {
    return ListThem(parts, request);
  });
  router->Add("GET", "/api/v1/reports/{id}",
              [parts](const HttpRequest& request, const PathParts& path) {
                return GetReport(parts, request, path[0]);
              });
  router->Add("GET", "/api/v1/reports/{id}/raw",
              [parts](const HttpRequest& request, const PathParts& path) {
                return GetRaw(parts, request, path[0]);
              });
  router->Add("GET", "/api/v1/machines", [parts](const HttpRequest& request, const PathParts&) {
    return ListMachines(parts, request);
  });
}

}  // namespace deltagauge
