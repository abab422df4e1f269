// /metrics, /healthz, /readyz, and the description of all of it.
#include <array>

#include "harness/report/exposition.h"
#include "harness/service/service.h"
#include "harness/service/service_assets.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

void AddGates(const ReportRow& row, const std::vector<GateRow>& gates, Exposition* text) {
  for (const GateRow& gate : gates) {
    const Labels labels = {{"machine", row.machine.fingerprint},
                           {"config", row.config},
                           {"gate", gate.gate},
                           {"metric", gate.metric}};
    if (gate.observed) {
      text->Add("deltagauge_gate_value",
                "What the gate's metric was in the machine's newest report", labels,
                *gate.observed);
    }
    text->Add("deltagauge_gate_threshold", "The limit of the gate", labels, gate.threshold);
    for (const auto& [bound, value] :
         {std::pair("lower", gate.ci_lo), std::pair("upper", gate.ci_hi)}) {
      if (!value) continue;
      Labels with_bound = labels;
      with_bound.emplace_back("bound", bound);
      text->Add("deltagauge_gate_value_ci", "Interval of the gate's value", with_bound, *value);
    }
    Labels with_verdict = labels;
    with_verdict.emplace_back("verdict", gate.verdict);
    text->Add("deltagauge_gate_verdict", "1 at the verdict that the gate has", with_verdict, 1);
  }
}

void AddResults(Database* database, Exposition* text) {
  for (const ReportRow& row : ListLatest(database)) {
    const Labels labels = {{"machine", row.machine.fingerprint}, {"config", row.config}};
    // Names and the commit are here alone: on a value they would begin new series.
    Labels info = labels;
    info.emplace_back("name", row.machine.name);
    info.emplace_back("cpu", row.machine.cpu_model);
    info.emplace_back("platform", row.platform);
    info.emplace_back("branch", row.branch);
    info.emplace_back("commit", row.commit);
    text->Add("deltagauge_report_info", "The newest report of a machine and configuration", info,
              1);
    text->Add("deltagauge_report_exit_code", "0 pass, 1 correctness, 2 drift, 3 performance, ...",
              labels, static_cast<double>(row.exit_code));
    text->Add("deltagauge_report_timestamp_seconds", "When its run began", labels,
              static_cast<double>(row.created_s));
    AddGates(row, ReadGates(row.id, database), text);
  }
}

void AddRuns(const RunCounts& runs, Exposition* text) {
  text->Add("deltagauge_run_queue_length", "Runs that wait", {}, static_cast<double>(runs.waiting));
  text->Add("deltagauge_run_running", "1 while a run on demand runs", {},
            static_cast<double>(runs.running));
  for (const RunState state : {RunState::kCompleted, RunState::kCancelled, RunState::kError}) {
    const std::string name(RunStateName(state));
    const auto found = runs.ended.find(name);
    const int64_t count = found == runs.ended.end() ? 0 : found->second;
    text->AddCounter("deltagauge_runs_total", "Runs on demand that have ended", {{"state", name}},
                     static_cast<double>(count));
  }
}

void AddOwn(const ServiceParts& parts, Database* database, Exposition* text) {
  text->Add("deltagauge_build_info", "The service itself", {{"version", parts.options.version}}, 1);
  for (const auto& [route, requests] : parts.counters.requests()) {
    for (const auto& [status, count] : requests.by_status) {
      text->AddCounter("deltagauge_http_requests_total", "Requests that were answered",
                       {{"route", route}, {"status", std::to_string(status)}},
                       static_cast<double>(count));
    }
    text->AddHistogram("deltagauge_http_request_seconds", "Time to an answer", {{"route", route}},
                       kSecondsBuckets, requests.seconds.counts, requests.seconds.sum);
  }
  for (const auto& [outcome, count] : parts.counters.reports()) {
    text->AddCounter("deltagauge_ingest_reports_total", "Reports that were sent",
                     {{"outcome", outcome}}, static_cast<double>(count));
  }
  const SecondsHistogram ingest = parts.counters.ingest_seconds();
  text->AddHistogram("deltagauge_ingest_seconds", "Time until a report was durable", {},
                     kSecondsBuckets, ingest.counts, ingest.sum);
  if (parts.options.runs != nullptr) AddRuns(parts.options.runs->counts(), text);
  const StoreCounters store = parts.store.counters();
  text->Add("deltagauge_store_waiting_writes", "Writes that are not yet durable", {},
            static_cast<double>(store.waiting));
  text->AddCounter("deltagauge_store_commits_total", "Transactions since the start", {},
                   static_cast<double>(store.commits));
  const StoreSize size = MeasureStore(database);
  text->Add("deltagauge_store_bytes", "Size of the database", {}, static_cast<double>(size.bytes));
  text->Add("deltagauge_store_reports", "Reports that are kept", {},
            static_cast<double>(size.reports));
}

// Prometheus asks for OpenMetrics by Accept; a person by ?format=openmetrics.
HttpResponse GetMetrics(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"format"});
  const std::string format = request.Param("format");
  if (!format.empty() && format != "openmetrics" && format != "prometheus") {
    throw HttpError(400, "bad_parameter", "'format' must be prometheus or openmetrics");
  }
  const bool open = format.empty()
                        ? request.accept.find("application/openmetrics-text") != std::string::npos
                        : format == "openmetrics";
  Exposition text(open ? PrometheusText::kOpenMetrics : PrometheusText::kText004);
  parts.store.Read([&](Database& database) {
    AddResults(&database, &text);
    AddOwn(parts, &database, &text);
  });
  HttpResponse response;
  response.content_type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                               : "text/plain; version=0.0.4; charset=utf-8";
  response.body = text.Take();
  return response;
}

HttpResponse GetHealth() { return JsonAnswer(Json::MakeObject({{"status", "alive"}})); }

// Whether it can do its work: the database answers, and what is written becomes durable.
HttpResponse GetReady(const ServiceParts& parts) {
  std::string what;
  try {
    parts.store.Read([](Database& database) { database.QueryInt("SELECT 1"); });
    if (parts.store.counters().waiting > 1000) what = "writes are waiting";
  } catch (const DatabaseError&) {
    what = "the database does not answer";
  }
  if (!what.empty()) throw HttpError(503, "not_ready", what);
  return JsonAnswer(Json::MakeObject({{"status", "ready"}}));
}

HttpResponse GetDescription(const HttpRequest& request) {
  CheckParams(request, {});
  HttpResponse response;
  response.content_type = "application/yaml";
  response.body.assign(kOpenApi.bytes, kOpenApi.size);
  return response;
}

}  // namespace

void AddMetricRoutes(ServiceParts parts, Router* router) {
  router->Add("GET", "/api/v1/openapi.yaml",
              [](const HttpRequest& request, const PathParts&) { return GetDescription(request); });
  router->Add("GET", "/metrics", [parts](const HttpRequest& request, const PathParts&) {
    return GetMetrics(parts, request);
  });
  router->Add("GET", "/healthz", [](const HttpRequest&, const PathParts&) { return GetHealth(); });
  router->Add("GET", "/readyz",
              [parts](const HttpRequest&, const PathParts&) { return GetReady(parts); });
}

}  // namespace deltagauge
