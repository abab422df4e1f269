// Each adds its page.
#ifndef DELTAGAUGE_HARNESS_SERVICE_PAGES_H_
#define DELTAGAUGE_HARNESS_SERVICE_PAGES_H_

#include "harness/service/router.h"
#include "harness/service/service.h"

namespace deltagauge {

void AddOverviewPage(ServiceParts parts, Router* router);  // /
void AddReportPage(ServiceParts parts, Router* router);    // /reports/{id}
void AddTrendPage(ServiceParts parts, Router* router);     // /trend
void AddComparePage(ServiceParts parts, Router* router);   // /compare
void AddPeersPage(ServiceParts parts, Router* router);     // /peers
void AddRecordsPage(ServiceParts parts, Router* router);   // /records
void AddTasksPage(ServiceParts parts, Router* router);     // /tasks

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_PAGES_H_
