// Which CPUs threads run on: two threads that the system happens to put on one CPU take turns, and
// a time measured then says nothing. CPUs are called by the operating system's numbers.
#ifndef DELTAGAUGE_HARNESS_BASE_AFFINITY_H_
#define DELTAGAUGE_HARNESS_BASE_AFFINITY_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace deltagauge {

// ---- the operating system: affinity_posix.cc (of which Linux only), affinity_windows.cc

// Where the calling thread may run, ascending. Empty where the system doesn't say.
std::vector<int> AllowedCpus();

// Lets the calling thread run on `cpus` only. Returns whether the system did it.
bool RestrictToCpus(std::span<const int> cpus);

// A number that the hyper-threads of one core share. Nothing if the system doesn't say; a virtual
// machine often hides it.
std::optional<int> CoreOfCpu(int cpu);

// ---- everywhere

struct LogicalCpu {
  int cpu = 0;
  int core = 0;
};

// The CPUs in the order in which threads should take them: one of every core before the second of
// any, otherwise as given.
std::vector<int> SpreadOverCores(std::span<const LogicalCpu> cpus);

// Keeps the calling thread on one CPU for as long as it lives, and then lets it run where it could
// before. Threads that are started meanwhile inherit the restriction. Nothing happens without a
// CPU, or where the system refuses. To be destroyed by the thread that made it.
class PinnedThread {
 public:
  explicit PinnedThread(std::optional<int> cpu);
  ~PinnedThread();
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;

  bool is_pinned() const { return !before_.empty(); }

 private:
  std::vector<int> before_;  // empty: nothing was changed
};

// Where threads are to be pinned.
struct Pinning {
  std::vector<int> cpus;  // one for each thread, or none: not pinned
  std::string why_not;    // empty if pinned
};

// For `num_threads` threads of which the calling one is the first: CPUs on which it may run and has
// just been seen to, of different cores as far as there are. Not pinned if there are too few.
Pinning PinningFor(int num_threads);

// "pinned to CPUs 0, 2, 4" or "not pinned: " and why.
std::string DescribePinning(const Pinning& pinning);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_AFFINITY_H_
