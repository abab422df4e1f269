// Runs that were asked for over HTTP: what is known of each, also after it or the service has
// ended.
#ifndef DELTAGAUGE_HARNESS_STORE_STORE_RUNS_H_
#define DELTAGAUGE_HARNESS_STORE_STORE_RUNS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/database.h"

namespace deltagauge {

enum class RunState : uint8_t {
  kQueued,
  kRunning,
  kCompleted,  // to its end; whether it passed is its verdict
  kCancelled,
  kError,  // `message` says what
};

// "queued", "running", ...
std::string_view RunStateName(RunState state);
inline bool HasEnded(RunState state) { return state >= RunState::kCompleted; }

struct RunRecord {
  int64_t id = 0;         // larger: newer
  std::string task;       // its name
  std::string config;     // "quick"
  std::string overrides;  // a JSON array of texts
  RunState state = RunState::kQueued;
  int64_t created_s = 0;
  std::optional<int64_t> started_s;
  std::optional<int64_t> ended_s;
  std::string report_id;  // empty: there is none
  std::optional<int64_t> exit_code;
  std::string message;
  std::string verdict;  // of that report; not written here
};

// The id. Throws DatabaseError of kind kConflict if the task is there.
int64_t AddRun(const RunRecord& run, Database* database);

// State, times, report, exit code and message become those of `run`; false if there is no such
// task.
bool UpdateRun(const RunRecord& run, Database* database);

std::optional<RunRecord> FindRun(std::string_view task, Database* database);

// The newest first; of those before `before_id` if that is not 0.
std::vector<RunRecord> ListRuns(int64_t before_id, int limit, Database* database);

// What was queued or running becomes an error with this message; gives the tasks. For a service
// that begins: it is the only one that takes runs into its database.
std::vector<std::string> FailUnfinishedRuns(std::string_view message, int64_t now_s,
                                            Database* database);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_STORE_RUNS_H_
