// /reports/{id}: report.html, with links to what the service knows besides.
#include "fmt/format.h"
#include "harness/report/export_html.h"
#include "harness/report/export_text.h"
#include "harness/service/head_changes.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages.h"
#include "harness/service/report_choice.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

std::string Actions(const ReportRow& row, const std::optional<ReportRow>& before) {
  std::string items;
  if (before) {
    items += "<li>" +
             html::Link(PageUrl("/compare", {{"base", before->report_id}, {"head", row.report_id}}),
                        "Compare with the report before") +
             "</li>\n";
  }
  items += fmt::format(
      "<li><a href=\"/api/v1/reports/{}/raw\">report.json</a></li>\n"
      "<li>branch {}</li>\n<li>received {}</li>\n",
      UrlEncode(row.report_id), EscapeXml(row.branch.empty() ? "none" : row.branch),
      TimeText(row.received_s));
  return "<ul class=\"actions\" aria-label=\"About this report\">\n" + items + "</ul>\n";
}

HttpResponse ReportPage(const ServiceParts& parts, const HttpRequest& request,
                        const std::string& id) {
  CheckParams(request, {});
  Page page;
  parts.store.Read([&](Database& database) {
    const auto row = FindReport(WithoutNul(id), &database);
    if (!row) throw HttpError(404, "no_such_report", "there is no report of this id");
    PageLinks links;
    links.figure = [&](std::string_view case_id, std::string_view metric) {
      return PageUrl("/trend", {{"case", case_id},
                                {"metric", metric},
                                {"machine", row->machine.fingerprint},
                                {"branch", row->branch}});
    };
    PageParts report = RenderParts(LoadReport(*row, &database), links);
    page.title = report.title;
    page.main = report.verdict + Actions(*row, ReportBefore(*row, &database)) + report.body;
    page.data = std::move(report.data);
  });
  page.scripts = {"chart.js", "page.js"};
  return RenderFrame(page, parts.options.version);
}

}  // namespace

void AddReportPage(ServiceParts parts, Router* router) {
  router->Add("GET", "/reports/{id}", [parts](const HttpRequest& request, const PathParts& path) {
    return ReportPage(parts, request, path[0]);
  });
}

}  // namespace deltagauge
