// The files that pages load: styles, scripts, the chart library. Built in (reports/embed.cmake).
#ifndef DELTAGAUGE_HARNESS_SERVICE_PAGE_ASSETS_H_
#define DELTAGAUGE_HARNESS_SERVICE_PAGE_ASSETS_H_

#include <string>
#include <string_view>

#include "harness/service/router.h"

namespace deltagauge {

std::string_view ServicePageTemplate();

// "/assets/page.css?v=1f2e...": with its hash, so that a browser may keep it for good. Throws
// std::logic_error for a name that is not there.
std::string AssetUrl(std::string_view name);

// GET /assets/{name}
void AddAssetRoutes(Router* router);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_PAGE_ASSETS_H_
