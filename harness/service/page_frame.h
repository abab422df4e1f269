// What all pages of the service have in common: the frame, links, names of things.
//
// Texts of reports are untrusted: they reach a page only through EscapeXml, UrlEncode or
// EscapeJsonForHtml. Scripts and styles are files (page_assets.h), so that the policy of service.cc
// can forbid all others.
#ifndef DELTAGAUGE_HARNESS_SERVICE_PAGE_FRAME_H_
#define DELTAGAUGE_HARNESS_SERVICE_PAGE_FRAME_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/html_parts.h"
#include "harness/service/http.h"
#include "harness/store/report_rows.h"

namespace deltagauge {

struct Page {
  std::string title;                      // text
  std::string_view place;                 // of the navigation: "/", "/trend", ...; empty: none
  std::string main;                       // HTML; it has the only <h1>
  std::string data;                       // JSON for the scripts, as it can stand in a <script>
  std::vector<std::string_view> scripts;  // names of page_assets.h, in order
};

HttpResponse RenderFrame(const Page& page, std::string_view version, int status = 200);

// An error as a person wants to see it.
HttpResponse ErrorPage(const HttpError& error, std::string_view version);

// Whether what is asked for at this path is looked at by people: everything but API, probes, files.
bool IsPagePath(std::string_view path);

// "/trend?case=...&metric=..."; empty values are left out.
std::string PageUrl(std::string_view path,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> query);
std::string ReportUrl(std::string_view report_id);

// <h1> and a sentence of HTML.
std::string PageTitle(std::string_view title, std::string_view sentence);

// <time>: "2026-03-11 09:30", in UTC.
std::string TimeText(int64_t unix_seconds);

// What people call a machine: text.
std::string MachineName(const MachineRow& machine);

// The first digits, with a mark if files were changed: text.
std::string CommitText(std::string_view commit, const ReportRow* row = nullptr);

struct Choice {
  std::string value;
  std::string label;
};
// A labelled <select>. What is chosen but not among the choices is added to them.
std::string Select(std::string_view name, std::string_view label, std::string_view chosen,
                   const std::vector<Choice>& choices);

// A labelled text field with suggestions.
std::string TextField(std::string_view name, std::string_view label, std::string_view value,
                      const std::vector<std::string>& suggestions);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_PAGE_FRAME_H_
