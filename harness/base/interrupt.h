// Ctrl-C: the first asks the run to end after what it is doing, a second ends the process.
#ifndef DELTAGAUGE_HARNESS_BASE_INTERRUPT_H_
#define DELTAGAUGE_HARNESS_BASE_INTERRUPT_H_

namespace deltagauge {

// Handles SIGINT and SIGTERM for as long as it lives; on Windows Ctrl-C, Ctrl-Break, the ends of
// the console and of the session, which wait for it, and ChildProcess::AskToStop of its parent. At
// most one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

// Whether one of them has come since the guard was made.
bool Interrupted();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_INTERRUPT_H_
