// /tasks: runs on demand. The list and its progress come from /api/v1/runs, by service.js.
#include <algorithm>

#include "harness/service/page_frame.h"
#include "harness/service/pages.h"

namespace deltagauge {
namespace {

constexpr std::string_view kTasks =
    "<p id=\"tasks-status\" role=\"status\">The tasks are being read.</p>\n"
    "<noscript><p class=\"warning\">This list needs JavaScript; "
    "<a href=\"/api/v1/runs\">/api/v1/runs</a> has the same as JSON.</p></noscript>\n";

HttpResponse TasksPage(const ServiceParts& parts, const HttpRequest& request,
                       const Router& router) {
  CheckParams(request, {});
  Page page;
  page.title = "Tasks";
  page.place = "/tasks";
  page.main = PageTitle("Tasks", "Runs that this service was asked for, with their progress.");
  const auto routes = router.Names();
  if (std::find(routes.begin(), routes.end(), "GET /api/v1/runs") == routes.end()) {
    page.main += "<p role=\"status\">This service runs no tasks.</p>\n";
    return RenderFrame(page, parts.options.version);
  }
  page.main += html::Section(
      "tasks-title", "Runs",
      std::string(kTasks) + html::Table("The newest first",
                                        {"state", "configuration", "progress", "message", "report"},
                                        ""));
  page.scripts = {"service.js"};
  return RenderFrame(page, parts.options.version);
}

}  // namespace

void AddTasksPage(ServiceParts parts, Router* router) {
  router->Add("GET", "/tasks", [parts, router](const HttpRequest& request, const PathParts&) {
    return TasksPage(parts, request, *router);
  });
}

}  // namespace deltagauge
