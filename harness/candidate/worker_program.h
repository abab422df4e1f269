// Windows: what the watching process and the worker program, worker_main_windows.cc, agree on. The
// program's arguments are two inherited handles in decimal: of the shared memory, which begins with
// WorkerShare and goes on with the request (worker_request.h), and of the pipe for its
// WorkerMessage.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_WORKER_PROGRAM_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_WORKER_PROGRAM_H_

#include <atomic>
#include <cstdint>

#include "harness/candidate/worker_notes.h"

namespace deltagauge {

// Lies beside the program that needs it.
inline constexpr const char* kWorkerProgram = "deltagauge_plugin_worker.exe";

struct WorkerShare {
  WorkerNotes notes;
  uint64_t request_bytes = 0;
  int64_t memory_bytes = 0;              // its limit, beyond begin_bytes; 0: none
  std::atomic<uint64_t> begin_bytes{0};  // what it has when code from outside begins; 0: not yet
};

// As the status of a process whose abort() the worker has seen: the system's own for that.
inline constexpr uint32_t kAbortStatus = 0x40000015;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_WORKER_PROGRAM_H_
