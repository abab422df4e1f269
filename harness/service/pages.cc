#include "harness/service/pages.h"

#include "harness/service/page_assets.h"

namespace deltagauge {

void AddPageRoutes(ServiceParts parts, Router* router) {
  AddOverviewPage(parts, router);
  AddReportPage(parts, router);
  AddTrendPage(parts, router);
  AddComparePage(parts, router);
  AddPeersPage(parts, router);
  AddRecordsPage(parts, router);
  AddTasksPage(parts, router);
  AddAssetRoutes(router);
}

}  // namespace deltagauge
