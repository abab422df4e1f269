// report.json: strict JSON, UTF-8, sorted members, shortest doubles that read back to the same
// bits.
//
// JSON has no NaN and no infinity: such a number becomes null, and the object that holds it says
// what it stands for: "nonfinite": {"max_abs": "nan"}. What is read back is the same value, but for
// text that was not UTF-8.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_JSON_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_JSON_H_

#include <string>
#include <string_view>

#include "harness/report/json.h"
#include "harness/report/report.h"

namespace deltagauge {

Json ReportToJson(const Report& report);
std::string WriteReport(const Report& report);  // indented, a newline at the end

// `where` names the source. Throws reference::InputError with a JSON pointer
// ("report.json#/cases/3/status: unknown value 'pased'; did you mean 'passed'?") for anything that
// does not have the form of reports/report.schema.json, for cases without id or of one id, and for
// a schema version of another major number. Members that this version doesn't know are an error
// unless the report is of a later minor version.
Report ReadReport(std::string_view text, std::string_view where, const JsonLimits& limits = {});
Report ReportFromJson(const Json& json, std::string_view where);

// One line of cases.jsonl, without the line feed.
std::string WriteCaseLine(const CaseReport& case_report);
CaseReport ReadCaseLine(std::string_view line, std::string_view where);

// The schema of reports, draft 2020-12. reports/report.schema.json holds it; a test compares.
Json ReportSchema();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_JSON_H_
