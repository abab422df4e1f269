// Waivers of the store, held against reports that were judged without them.
#ifndef DELTAGAUGE_HARNESS_SERVICE_KEPT_WAIVERS_H_
#define DELTAGAUGE_HARNESS_SERVICE_KEPT_WAIVERS_H_

#include <string>
#include <string_view>
#include <vector>

#include "harness/report/merge.h"  // NamedReport
#include "harness/store/database.h"

namespace deltagauge {

// Judges each report again with the waivers that are not withdrawn. `today` ("2026-03-11") decides
// which have expired; those count no more.
void ApplyKeptWaivers(std::string_view today, Database* database,
                      std::vector<NamedReport>* reports);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_KEPT_WAIVERS_H_
