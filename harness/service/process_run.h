// A run on demand as a process of its own: whatever happens to it, the service goes on.
#ifndef DELTAGAUGE_HARNESS_SERVICE_PROCESS_RUN_H_
#define DELTAGAUGE_HARNESS_SERVICE_PROCESS_RUN_H_

#include <chrono>
#include <filesystem>

#include "harness/service/run_queue.h"

namespace deltagauge {

struct ProcessRunOptions {
  std::filesystem::path program;      // `deltagauge`
  std::filesystem::path work_folder;  // a folder for each run is made here, and removed after it
  std::filesystem::path lock_file;    // whoever holds its lock runs; see host_lock.h
  // From being asked to end until it is killed: a case that takes longer is lost with its report.
  std::chrono::milliseconds stop_grace = std::chrono::seconds(60);
  size_t max_report_bytes = size_t{16} << 20;
};

// Calls `PROGRAM run CONFIG --out FOLDER --progress-json --set=...`.
Runner RunInProcess(ProcessRunOptions options);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_PROCESS_RUN_H_
