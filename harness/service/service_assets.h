// Files that are in the program, written by reports/embed.cmake.
#ifndef DELTAGAUGE_HARNESS_SERVICE_SERVICE_ASSETS_H_
#define DELTAGAUGE_HARNESS_SERVICE_SERVICE_ASSETS_H_

#include "harness/report/export_html_assets.h"  // EmbeddedFile

namespace deltagauge {

extern const EmbeddedFile kOpenApi;      // reports/openapi.yaml
extern const EmbeddedFile kServiceHtml;  // reports/service.html, and so on
extern const EmbeddedFile kServiceCss;
extern const EmbeddedFile kServiceJs;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_SERVICE_ASSETS_H_
