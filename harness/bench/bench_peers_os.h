// What timing a foreign library needs of the operating system (bench_peers_os_posix.cc).
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_PEERS_OS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_PEERS_OS_H_

namespace deltagauge {

// While it lives, what the process writes to its standard error goes nowhere. ExecuTorch logs a
// line at every call: on a terminal that would cost time and hide the figures.
class QuietStandardError {
 public:
  QuietStandardError();
  ~QuietStandardError();
  QuietStandardError(const QuietStandardError&) = delete;
  QuietStandardError& operator=(const QuietStandardError&) = delete;

 private:
  int saved_;  // -1: could not be redirected
};

// Gives ExecuTorch's thread pool, which has no public C interface, another size. Returns the size
// that it has then, or 0 if its library is not in the process or can't be asked. Not to be called
// while one of its operators runs.
int SetExecuTorchThreads(int num_threads);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_PEERS_OS_H_
