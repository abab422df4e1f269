// report.html: one page that needs nothing else, neither network nor a server.
//
// Everything that can be read stands in the HTML itself; the script adds the charts, each beside
// the table of the same figures. Colours follow the reader's light or dark setting.
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_H_

#include <functional>
#include <string>
#include <string_view>

#include "harness/report/report.h"

namespace deltagauge {

// The parts of the page that are files: reports/page.html, page.css, page.js and the chart library.
struct PageAssets {
  std::string_view page;
  std::string_view style;
  std::string_view script;
  std::string_view library;
};

// Those that were built in (reports/embed.cmake).
PageAssets BuiltInPageAssets();

std::string RenderPage(const Report& report, const PageAssets& assets);

// Where a page of reports can lead to: the address of a figure's history. Without it, nowhere.
struct PageLinks {
  std::function<std::string(std::string_view case_id, std::string_view metric)> figure;
};

// What a report puts into a page, for other pages than report.html.
struct PageParts {
  std::string title;    // text
  std::string verdict;  // HTML
  std::string body;     // HTML
  std::string data;     // JSON for page.js, as it can stand in a <script> element
};
PageParts RenderParts(const Report& report, const PageLinks& links = {});

// A script as it can stand inside a <script> element: no "</script" and no "<!--" in it, which the
// HTML parser would take for its own.
std::string EscapeInlineScript(std::string_view script);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_H_
