// Rows of a report into the tables.
#ifndef DELTAGAUGE_HARNESS_STORE_INSERT_REPORT_H_
#define DELTAGAUGE_HARNESS_STORE_INSERT_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "harness/store/report_store.h"

namespace deltagauge {

// What was looked up before, since every report names the same machines, cases and metrics. Of
// committed rows alone: after a rollback, start with a new one.
struct KnownKeys {
  std::map<std::string, int64_t, std::less<>> machines;                 // by fingerprint
  std::map<std::string, int64_t, std::less<>> cases;                    // by name
  std::map<std::tuple<int64_t, int64_t, std::string>, int64_t> series;  // case, machine, metric

  // Names come from outside: without a limit they would fill the memory.
  void ForgetIfLarge();
};

// Inside a transaction of the caller's.
AddOutcome InsertReport(const ReportRows& rows, int64_t received_s, Database* database,
                        KnownKeys* known);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_INSERT_REPORT_H_
