// /records: what people added to the reports.
#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/report/report_time.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages.h"
#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

std::string Baselines(Database* database) {
  std::string rows;
  for (const Baseline& baseline : ListBaselines(database)) {
    rows += "<tr><th scope=\"row\">" + EscapeXml(baseline.name) + "</th><td>" +
            html::Link(ReportUrl(baseline.report_id), EscapeXml(baseline.report_id)) + "</td>" +
            html::Cell(baseline.author) + html::Cell(baseline.reason) + "<td>" +
            TimeText(baseline.set_s) + "</td></tr>\n";
  }
  if (rows.empty()) return "<p>There are none.</p>\n";
  return html::Table("The newest first", {"name", "report", "set by", "why", "when, UTC"}, rows);
}

std::string StateOf(const KeptWaiver& waiver, std::string_view today) {
  if (waiver.withdrawn_s) return "withdrawn";
  return waiver.until < today ? "expired" : "counts";
}

std::string Waivers(std::string_view today, Database* database) {
  std::string rows;
  for (const KeptWaiver& waiver : ListWaivers(database)) {
    const std::string state = StateOf(waiver, today);
    rows += fmt::format(
        "<tr><td><span class=\"badge {}\">{}</span></td><th scope=\"row\">{}</th>{}{}{}<td>{}</td>"
        "</tr>\n",
        state == "counts" ? "waived" : "skipped", state, EscapeXml(waiver.target),
        html::Cell(waiver.author), html::Cell(waiver.reason), html::Cell(waiver.until),
        TimeText(waiver.created_s));
  }
  if (rows.empty()) return "<p>There are none.</p>\n";
  return html::Table("The newest first; until names the last day on which it counts",
                     {"state", "of", "by", "why", "until", "since, UTC"}, rows);
}

std::string AboutOf(const Annotation& annotation) {
  std::string about;
  for (const std::string* text : {&annotation.case_name, &annotation.metric, &annotation.machine,
                                  &annotation.branch, &annotation.commit}) {
    if (!text->empty()) about += (about.empty() ? "" : ", ") + *text;
  }
  return about.empty() ? "everything" : about;
}

std::string Annotations(Database* database) {
  std::string rows;
  for (const Annotation& annotation : ListAnnotations({}, database)) {
    rows += "<tr><td>" + TimeText(annotation.at_s) + "</td><th scope=\"row\">" +
            EscapeXml(annotation.note) + "</th>" + html::Cell(annotation.kind) +
            html::Cell(AboutOf(annotation)) + html::Cell(annotation.author) + "</tr>\n";
  }
  if (rows.empty()) return "<p>There are none.</p>\n";
  return html::Table("The newest first", {"at, UTC", "note", "kind", "about", "by"}, rows);
}

HttpResponse RecordsPage(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {});
  const std::string today = FormatUtc(parts.options.unix_seconds()).substr(0, 10);
  Page page;
  page.title = "Records";
  page.place = "/records";
  page.main = PageTitle("Records", "What people added. Written by the API.");
  parts.store.Read([&](Database& database) {
    page.main += html::Section("baselines", "Baselines", Baselines(&database));
    page.main += html::Section("waivers", "Waivers", Waivers(today, &database));
    page.main += html::Section("annotations", "Annotations", Annotations(&database));
  });
  return RenderFrame(page, parts.options.version);
}

}  // namespace

void AddRecordsPage(ServiceParts parts, Router* router) {
  router->Add("GET", "/records", [parts](const HttpRequest& request, const PathParts&) {
    return RecordsPage(parts, request);
  });
}

}  // namespace deltagauge
