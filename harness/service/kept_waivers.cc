#include "harness/service/kept_waivers.h"

#include "harness/report/gates.h"
#include "harness/store/store_records.h"

namespace deltagauge {

void ApplyKeptWaivers(std::string_view today, Database* database,
                      std::vector<NamedReport>* reports) {
  std::vector<Waiver> waivers;
  for (const KeptWaiver& kept : ListWaivers(database)) {
    if (!kept.withdrawn_s) waivers.push_back({kept.target, kept.author, kept.reason, kept.until});
  }
  if (waivers.empty()) return;
  for (NamedReport& named : *reports) {
    Report& report = named.report;
    report.waivers.insert(report.waivers.end(), waivers.begin(), waivers.end());
    report.gate_policy.today = today;
    JudgeReport(GatesOf(report.gates), &report);
  }
}

}  // namespace deltagauge
