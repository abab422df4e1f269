#include "harness/service/service.h"

#include <chrono>
#include <utility>

#include "harness/service/page_frame.h"
#include "reference/input_error.h"
#include "spdlog/spdlog.h"

namespace deltagauge {
namespace {

// Of every answer. Pages load nothing from elsewhere and stand in no frame.
const std::vector<std::pair<std::string, std::string>>& SecurityHeaders() {
  static const std::vector<std::pair<std::string, std::string>> headers = {
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
       "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}};
  return headers;
}

void AddMissing(const std::vector<std::pair<std::string, std::string>>& headers,
                HttpResponse* response) {
  for (const auto& header : headers) {
    bool is_there = false;
    for (const auto& [name, value] : response->headers) is_there = is_there || name == header.first;
    if (!is_there) response->headers.push_back(header);
  }
}

}  // namespace

Service::Service(ServiceOptions options, ReportStore* store)
    : options_(std::move(options)), store_(*store) {
  AddReportRoutes(parts(), &router_);
  AddSeriesRoutes(parts(), &router_);
  AddCompareRoutes(parts(), &router_);
  AddVerdictRoutes(parts(), &router_);
  AddRecordRoutes(parts(), &router_);
  AddRunRoutes(parts(), &router_);
  AddImageRoutes(parts(), &router_);
  AddMetricRoutes(parts(), &router_);
  AddPageRoutes(parts(), &router_);
}

HttpResponse Service::Refusal(const HttpRequest& request, const HttpError& error) const {
  if (!IsPagePath(request.path)) return ErrorAnswer(error);
  HttpResponse page = ErrorPage(error, options_.version);
  page.headers.insert(page.headers.end(), error.headers().begin(), error.headers().end());
  return page;
}

HttpResponse Service::Answer(const HttpRequest& request, std::string_view* route) const {
  // First: which routes there are is no secret, and no token makes another method one of them.
  const Router::Match match = router_.Find(request);
  *route = match.pattern;
  CheckAccess(options_.access, request);
  return (*match.route)(request, match.parts);
}

void Service::WarmUp() const {
  HttpRequest request;
  request.method = "GET";
  request.path = "/";
  try {
    const Router::Match match = router_.Find(request);
    (*match.route)(request, match.parts);
  } catch (const std::exception& error) {
    spdlog::warn("the overview could not be prepared: {}", error.what());
  }
}

HttpResponse Service::Handle(const HttpRequest& request) {
  const auto begin = std::chrono::steady_clock::now();
  std::string_view pattern;
  HttpResponse response;
  try {
    response = Answer(request, &pattern);
  } catch (const HttpError& error) {
    response = Refusal(request, error);
    if (error.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  } catch (const reference::InputError& error) {
    response = Refusal(request, HttpError(422, "not_understood", error.what()));
  } catch (const DatabaseError& error) {
    spdlog::error("{} {}: {}", request.method, pattern, error.what());
    response = Refusal(request, HttpError(503, "database", "the database could not answer",
                                          "the service's log says why; try again"));
    response.headers.emplace_back("Retry-After", "5");
  } catch (const std::exception& error) {
    spdlog::error("{} {}: {}", request.method, pattern, error.what());
    response = Refusal(
        request, HttpError(500, "internal", "the service broke", "the service's log says why"));
  }
  AddMissing(SecurityHeaders(), &response);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const std::string route = pattern.empty() ? "none" : request.method + " " + std::string(pattern);
  counters_.CountRequest(route, response.status, seconds.count());
  return response;
}

}  // namespace deltagauge
