// A report as the rows that the store keeps of it. Pure: text in, rows out.
#ifndef DELTAGAUGE_HARNESS_STORE_REPORT_ROWS_H_
#define DELTAGAUGE_HARNESS_STORE_REPORT_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/report.h"

namespace deltagauge {

struct MachineRow {
  std::string fingerprint;
  std::string platform;
  std::string name;
  std::string cpu_model;
  std::string os;
  int64_t threads = 0;
  int64_t memory_bytes = 0;
};

// What stands in table `reports`, and in lists of them.
struct ReportRow {
  int64_t id = 0;  // the store's own
  std::string report_id;
  std::string run_id;
  std::string sha256;  // of the JSON as it came, decompressed
  int64_t created_s = 0;
  int64_t received_s = 0;
  std::string repo;
  std::string branch;
  std::string commit;
  std::string base_commit;
  std::string pull_request;
  bool dirty = false;
  std::string platform;
  MachineRow machine;
  std::string config;
  std::string config_sha256;
  std::string verdict;
  int64_t exit_code = 0;
  bool complete = true;
  int64_t cases = 0;
  std::string headline;
  double duration_s = 0;
  int64_t raw_bytes = 0;
};

struct SamplesRow {
  std::string arm;
  std::vector<double> samples_ns;
};

struct CaseRow {
  std::string name;
  std::string kind;
  std::string candidate;
  Verdict verdict = Verdict::kError;
  size_t machine = 0;  // of ReportRows::machines
  std::vector<Metric> metrics;
  std::vector<SamplesRow> samples;
};

struct ReportRows {
  ReportRow report;                  // without id and received_s
  std::vector<MachineRow> machines;  // the report's own first
  std::vector<CaseRow> cases;
  std::vector<GateResult> gates;
  std::string body;  // gzip of the JSON
};

struct IngestLimits {
  size_t bytes = size_t{16} << 20;  // of a report's JSON
  size_t cases = 20'000;
  size_t metrics = 400'000;  // of all cases together
};

// `text` is a canonical report (report_json.h). Throws reference::InputError with a JSON pointer
// for anything else, and for ids and times that the store could not keep apart.
ReportRows MakeReportRows(std::string_view text, std::string_view where,
                          const IngestLimits& limits = {});

// Of a report that was made here (imports of other forms); `text` is what is kept.
ReportRows MakeReportRows(Report report, std::string_view text, std::string_view where,
                          const IngestLimits& limits = {});

// 1 to 64 letters, digits and -_. : what a report's id and a task's id look like.
bool IsIdentifier(std::string_view text);

// Of UTF-8.
size_t CountCharacters(std::string_view text);

// U+0000 becomes U+FFFD: no database keeps it in a text.
std::string WithoutNul(std::string_view text);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_REPORT_ROWS_H_
