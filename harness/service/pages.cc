// The pages that people look at.
#include "fmt/format.h"
#include "harness/report/export_html.h"
#include "harness/report/export_text.h"
#include "harness/report/report_time.h"
#include "harness/service/report_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

HttpResponse ReportPage(const ServiceParts& parts, const std::string& id) {
  std::string html;
  parts.store.Read([&](Database& database) {
    const auto row = FindReport(WithoutNul(id), &database);
    if (!row) throw HttpError(404, "no_such_report", "there is no report of this id");
    html = RenderPage(LoadReport(*row, &database), BuiltInPageAssets());
  });
  return HtmlAnswer(std::move(html));
}

}  // namespace

void AddPageRoutes(ServiceParts parts, Router* router) {
  router->Add("GET", "/reports/{id}", [parts](const HttpRequest&, const PathParts& path) {
    return ReportPage(parts, path[0]);
  });
}

}  // namespace deltagauge
