// Code that can't be trusted, run in a process of its own: whatever it does to itself costs one
// answer, and the reason is told.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_ISOLATION_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_ISOLATION_H_

#include <cstdint>
#include <functional>
#include <string>

namespace deltagauge {

struct IsolationLimits {
  double seconds = 120;
  int64_t memory_bytes = int64_t{4} << 30;  // beyond what the process has when it begins; 0: none
};

struct IsolatedAnswer {
  std::string bytes;   // what `body` returned
  std::string reason;  // not empty: there is no answer, and why: "was ended by signal 11 ..."
};

// What can be isolated here: any body, by a fork; or, on Windows, what a request can say, by a
// program of its own, worker_program.h.
enum class Isolation : uint8_t { kAnyBody, kRequests };
Isolation IsolationHere();

// Runs `body` and returns what it returned. POSIX: in a fork of this process, so no other thread
// may run; killed with all that it started when time is over. An exception that leaves `body` is a
// reason, too. Windows: the worker program answers `request` (worker_request.h) instead, which
// comes to the same; where there is none, `body` runs in this process, unlimited. Throws
// std::runtime_error where the system gives no process.
IsolatedAnswer RunIsolated(const IsolationLimits& limits, const std::function<std::string()>& body,
                           const std::function<std::string()>& request = nullptr);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_ISOLATION_H_
