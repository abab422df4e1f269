// The tables, and how older databases become newer ones.
//
// reports       one row a report; bodies holds its JSON, whole, compressed by gzip
// machines      by fingerprint
// cases         names of cases; series: one metric of one case on one machine
// metrics       the figures, one row a report and series, in the order of time
// samples       raw samples of timings, float64; removed by age (PruneSamples)
// gates         as the report judged them
// heads         the newest report of each branch, machine and configuration
// baselines, waivers, annotations, runs: what people and the service add
#ifndef DELTAGAUGE_HARNESS_STORE_SCHEMA_H_
#define DELTAGAUGE_HARNESS_STORE_SCHEMA_H_

#include <cstdint>

#include "harness/store/database.h"

namespace deltagauge {

inline constexpr int64_t kStoreVersion = 2;

// Brings the database to kStoreVersion, in one transaction. Throws
// reference::InputError if it is of a later version than this program knows, or holds tables that
// are not ours.
void MigrateStore(Database* database);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_SCHEMA_H_
