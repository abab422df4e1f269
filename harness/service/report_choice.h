// What people call a report: its id, a baseline, a commit, a branch.
#ifndef DELTAGAUGE_HARNESS_SERVICE_REPORT_CHOICE_H_
#define DELTAGAUGE_HARNESS_SERVICE_REPORT_CHOICE_H_

#include <string>
#include <string_view>

#include "harness/report/report.h"
#include "harness/store/store_queries.h"

namespace deltagauge {

// Narrows what a commit or a branch means; empty texts don't.
struct ChoiceHints {
  std::string machine;  // fingerprint
  std::string config;
};

// The newest report that the text names: the id of a report, the name of a baseline, a commit (at
// least 7 hex digits), a branch; in this order. Throws HttpError 404.
ReportRow ChooseReport(std::string_view text, const ChoiceHints& hints, Database* database);

// Base and head of a comparison: if the base's name leaves a choice, one of head's machine and
// configuration is taken where there is one.
struct ReportPair {
  ReportRow base;
  ReportRow head;
};
ReportPair ChoosePair(std::string_view base, std::string_view head, const ChoiceHints& hints,
                      Database* database);

// Its JSON, read, of whichever form it is. Throws DatabaseError if what is kept can't be.
Report LoadReport(const ReportRow& row, Database* database);

Json ReportRowJson(const ReportRow& row);
Json MachineRowJson(const MachineRow& machine);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_REPORT_CHOICE_H_
