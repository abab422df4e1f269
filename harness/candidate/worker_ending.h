// How a worker process came to its end, in words, and what it said before. The same on every
// system; isolation_posix.cc and isolation_windows.cc watch.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_WORKER_ENDING_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_WORKER_ENDING_H_

#include <cstdint>
#include <string>

#include "harness/candidate/isolation.h"
#include "harness/candidate/worker_message.h"
#include "harness/candidate/worker_notes.h"

namespace deltagauge {

enum class Ending : uint8_t { kEnded, kTimeOver, kMemoryOver };

// Of a process that ended by itself.
struct ExitOfWorker {
  std::string killed_by;  // "signal 11 (Segmentation fault)", ...; empty: it has an exit code
  int64_t exit_code = 0;
};

// "was ended by signal 11 (Segmentation fault) in run: 12 bytes past the end of 'output'". The
// notes may hold anything: the worker wrote them.
std::string ReasonOf(const WorkerNotes& notes, const IsolationLimits& limits, Ending ending,
                     const ExitOfWorker& exit);

// Of a whole message.
IsolatedAnswer AnswerOf(const WorkerMessage& message);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_WORKER_ENDING_H_
