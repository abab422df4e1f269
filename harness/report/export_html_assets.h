// Files that the build embeds (reports/embed.cmake).
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_ASSETS_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_ASSETS_H_

#include <cstddef>

namespace deltagauge {

struct EmbeddedFile {
  const char* bytes;
  size_t size;
};

extern const EmbeddedFile kPageHtml;
extern const EmbeddedFile kPageCss;
extern const EmbeddedFile kPageJs;
extern const EmbeddedFile kChartLibrary;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPORT_HTML_ASSETS_H_
