// What people add to the reports: baselines, waivers, annotations.
#ifndef DELTAGAUGE_HARNESS_STORE_STORE_RECORDS_H_
#define DELTAGAUGE_HARNESS_STORE_STORE_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/database.h"

namespace deltagauge {

// A name for a report: "release-1.2". Set again, it moves.
struct Baseline {
  std::string name;
  std::string report_id;
  std::string author;
  std::string reason;
  int64_t set_s = 0;
};
// False if there is no report of that id.
bool SetBaseline(const Baseline& baseline, Database* database);
std::optional<Baseline> FindBaseline(std::string_view name, Database* database);
std::vector<Baseline> ListBaselines(Database* database);
bool RemoveBaseline(std::string_view name, Database* database);

// "I know that this fails, until then": Waiver of harness/report/gates.h, kept.
struct KeptWaiver {
  int64_t id = 0;
  std::string target;  // a gate's id or metric, or a case's id; '*' stands for any characters
  std::string author;
  std::string reason;
  std::string until;  // the last day, UTC, on which it counts
  int64_t created_s = 0;
  std::optional<int64_t> withdrawn_s;
};
int64_t AddWaiver(const KeptWaiver& waiver, Database* database);
std::vector<KeptWaiver> ListWaivers(Database* database);  // the newest first, the withdrawn too
bool WithdrawWaiver(int64_t id, int64_t now_s, Database* database);

// A remark at a time, on all series or on some: empty texts mean any.
struct Annotation {
  int64_t id = 0;
  std::string case_name;
  std::string metric;
  std::string machine;  // fingerprint
  std::string branch;
  std::string commit;
  int64_t at_s = 0;
  std::string kind;  // "note", "distribution change"
  std::string author;
  std::string note;
  int64_t created_s = 0;
};
int64_t AddAnnotation(const Annotation& annotation, Database* database);
bool RemoveAnnotation(int64_t id, Database* database);

struct AnnotationFilter {
  std::string case_name;
  std::string metric;
  std::string machine;
  std::string branch;
  int limit = 500;
};
// Those that are about what is asked for, the newest first.
std::vector<Annotation> ListAnnotations(const AnnotationFilter& filter, Database* database);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_STORE_RECORDS_H_
