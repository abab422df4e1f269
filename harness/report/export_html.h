// report.html: one page that needs nothing else, neither network nor a server.
//
// Everything that can be read stands in the HTML itself; the script adds the charts, each beside
// the table of the same figures. Colours follow the reader's light or dark setting.
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_H_

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

// A script as it can stand inside a <script> element: no "</script" and no "<!--" in it, which the
// HTML parser would take for its own.
std::string EscapeInlineScript(std::string_view script);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_H_
