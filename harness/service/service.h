// `deltagauge serve`: requests to answers, on a store of reports. No network in here.
#ifndef DELTAGAUGE_HARNESS_SERVICE_SERVICE_H_
#define DELTAGAUGE_HARNESS_SERVICE_SERVICE_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "harness/service/access.h"
#include "harness/service/http.h"
#include "harness/service/router.h"
#include "harness/service/run_queue.h"
#include "harness/service/service_counters.h"
#include "harness/store/report_store.h"

namespace deltagauge {

struct ServiceOptions {
  AccessRules access;
  IngestLimits ingest;
  std::filesystem::path config_folder;  // where policies are
  std::function<int64_t()> unix_seconds;
  std::string version;
  RunQueue* runs = nullptr;  // outlives the service; null: it takes no runs
  std::chrono::milliseconds heartbeat = std::chrono::seconds(15);  // of streams of events
};

// What each part of the service answers with. All of it outlives the routes.
struct ServiceParts {
  const ServiceOptions& options;
  ReportStore& store;
  ServiceCounters& counters;
};

class Service {
 public:
  Service(ServiceOptions options, ReportStore* store);

  // Never throws; from any thread.
  HttpResponse Handle(const HttpRequest& request);

  // Does what the first look at the overview would wait for: the newest reports are compared with
  // those before, milliseconds each, and that is remembered. Never throws; nothing is counted.
  void WarmUp() const;

  std::vector<std::string> RouteNames() const { return router_.Names(); }
  Router& router() { return router_; }
  ServiceParts parts() { return {options_, store_, counters_}; }

 private:
  // As JSON, or as a page where people look.
  HttpResponse Refusal(const HttpRequest& request, const HttpError& error) const;
  HttpResponse Answer(const HttpRequest& request, std::string_view* route) const;

  ServiceOptions options_;
  ReportStore& store_;
  ServiceCounters counters_;
  Router router_;
};

// Each adds its routes.
void AddReportRoutes(ServiceParts parts, Router* router);   // /api/v1/reports, /api/v1/machines
void AddSeriesRoutes(ServiceParts parts, Router* router);   // /api/v1/series
void AddCompareRoutes(ServiceParts parts, Router* router);  // /api/v1/compare
void AddVerdictRoutes(ServiceParts parts, Router* router);  // /api/v1/verdict
void AddRecordRoutes(ServiceParts parts, Router* router);   // baselines, waivers, annotations
void AddRunRoutes(ServiceParts parts, Router* router);      // /api/v1/runs
void AddImageRoutes(ServiceParts parts, Router* router);    // badges, plots
void AddMetricRoutes(ServiceParts parts, Router* router);   // /metrics, probes, openapi.yaml
void AddPageRoutes(ServiceParts parts, Router* router);     // /, /reports/{id}, /trend, ...

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_SERVICE_H_
