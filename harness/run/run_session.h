// `deltagauge run`: from a configuration to its report, case by case, so that an interruption loses
// no finished case.
#ifndef DELTAGAUGE_HARNESS_RUN_RUN_SESSION_H_
#define DELTAGAUGE_HARNESS_RUN_RUN_SESSION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/config.h"
#include "harness/config/run_plan.h"
#include "harness/report/gates.h"
#include "harness/report/report.h"
#include "harness/run/build_info.h"
#include "harness/run/case_runner.h"
#include "harness/run/run_folder.h"

namespace deltagauge {

struct RunRequest {
  Config config;
  std::string config_path;
  std::vector<std::string> only;  // patterns; empty: all
  std::optional<Shard> shard;
  std::vector<Waiver> waivers;
  std::string out;  // folder; made if it isn't there
  Resume resume = Resume::kFinishedCases;
};

// Everything that a run takes from outside, so that a test can give it.
struct RunWorld {
  CandidateSet candidates;
  Clock clock;  // nanoseconds, never goes back
  std::function<int64_t()> unix_seconds;
  std::function<uint64_t()> random;  // for ids of reports
  std::function<bool()> interrupted;
  std::function<Machine()> machine;
  BuildInfo build;
  std::function<std::optional<std::string>(const std::string&)> environment;
};

// This process and this machine.
RunWorld ThisWorld();

// What a watcher may want to know while it goes on.
struct RunProgress {
  size_t index = 0;  // of the case, from 0
  size_t count = 0;
  std::string id;  // of the case
  std::string kind;
  std::string what;  // a stage inside the case, or ""
  double done = 0;   // of that stage
  double seconds_left = 0;
};

struct RunObserver {
  std::function<void(const RunProgress&)> progress;
  std::function<void(const CaseReport&)> finished;
  std::function<void(const std::string&)> note;  // "12 of 40 cases were finished before"
};

// Writes DIR/cases.jsonl as cases end, and DIR/report.json and what is made of it at the end, also
// after an interruption (the report then says that it is not complete). Throws
// reference::InputError for a configuration without cases and for a folder that can't be written or
// gone on with. Where nothing of a finished run is undecided, that run's report, untouched.
Report RunSession(const RunRequest& request, const RunWorld& world, const RunObserver& observer);

// report.json, junit.xml, summary.md, report.html into a folder, each at once or not at all.
void WriteReportFiles(const Report& report, const std::string& folder);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_RUN_SESSION_H_
