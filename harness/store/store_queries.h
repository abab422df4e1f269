// What is asked of the store. Each is one statement or a few, on a connection of the caller's.
#ifndef DELTAGAUGE_HARNESS_STORE_STORE_QUERIES_H_
#define DELTAGAUGE_HARNESS_STORE_STORE_QUERIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/database.h"
#include "harness/store/report_rows.h"

namespace deltagauge {

// A place in a list, newest first: what comes after this row.
struct PageMark {
  int64_t created_s = 0;
  int64_t id = 0;
};

// Empty texts let everything through.
struct ReportFilter {
  std::string branch;
  std::string commit;   // its beginning
  std::string machine;  // fingerprint
  std::string config;
  std::string verdict;
  std::string platform;
  std::optional<PageMark> after;
  int limit = 50;
};

std::vector<ReportRow> ListReports(const ReportFilter& filter, Database* database);
std::optional<ReportRow> FindReport(std::string_view report_id, Database* database);
std::optional<ReportRow> FindReportByKey(int64_t id, Database* database);
// The JSON as it was sent. Throws DatabaseError if what is kept can't be read.
std::optional<std::string> ReadBody(int64_t id, Database* database);
std::optional<std::string> ReadGzipBody(int64_t id, Database* database);

// The newest report of a branch, machine and configuration.
struct HeadRow {
  std::string branch;
  ReportRow report;
};
// Of the `branches` branches that had a report last, newest branch first.
std::vector<HeadRow> ListHeads(int branches, Database* database);

struct SeriesName {
  int64_t id = 0;
  std::string case_name;
  std::string kind;
  std::string metric;
  std::string unit;
  std::string direction;  // "smaller", "larger", "neither"
  MachineRow machine;
};

struct SeriesFilter {
  std::string case_name;
  std::string metric;
  std::string machine;  // fingerprint
  int limit = 500;
};
// In the order of case, metric, machine.
std::vector<SeriesName> ListSeries(const SeriesFilter& filter, Database* database);

// Names of metrics that have a series, in their order; at most 500.
std::vector<std::string> ListMetrics(Database* database);

struct SeriesPoint {
  std::string report_id;
  std::string commit;
  std::string branch;
  bool dirty = false;
  int64_t created_s = 0;
  std::string verdict;          // of the case
  std::optional<double> value;  // absent: it was not a number
  std::optional<double> ci_lo;
  std::optional<double> ci_hi;
  std::optional<double> noise;
};
// The last `limit` points, the oldest first. An empty branch means any.
std::vector<SeriesPoint> ReadSeries(int64_t series, std::string_view branch, int limit,
                                    Database* database);

struct GateRow {
  std::string gate;
  std::string metric;
  std::string concern;
  std::string verdict;
  std::string case_name;
  double threshold = 0;
  bool at_least = false;
  std::optional<double> observed;
  std::optional<double> ci_lo;
  std::optional<double> ci_hi;
  std::optional<double> noise;
  std::optional<double> margin;
  std::string reason;
};
std::vector<GateRow> ReadGates(int64_t report, Database* database);

// The newest report of each machine and configuration, on whichever branch.
std::vector<ReportRow> ListLatest(Database* database);

std::vector<MachineRow> ListMachines(Database* database);  // at most 1000, by name

struct StoreSize {
  int64_t reports = 0;
  int64_t bytes = 0;
};
StoreSize MeasureStore(Database* database);

// Removes raw samples of reports made before then; figures and reports stay. Returns how many rows.
int64_t PruneSamples(int64_t before_s, Database* database);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_STORE_QUERIES_H_
