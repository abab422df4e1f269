// What a worker process leaves behind for the one that watches it, if it dies: where it was, and
// what it touched. Everything here can be called from a signal handler. Without a watcher the notes
// go nowhere.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_WORKER_NOTES_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_WORKER_NOTES_H_

#include <cstddef>
#include <cstdint>

namespace deltagauge {

struct WorkerNotes {
  char step[64] = "";    // "run", "prepare", ...; empty: our own code
  char fault[192] = "";  // what a fatal signal was about
  int32_t out_of_memory = 0;
  int64_t most_pages = 0;  // POSIX: of address space, that the worker may have; 0: no limit
};

// Where this process writes its notes; nullptr: nowhere. Not thread-safe.
void SetWorkerNotes(WorkerNotes* notes);
WorkerNotes* CurrentWorkerNotes();

// Says for as long as it lives what the process is doing.
class WorkerStep {
 public:
  explicit WorkerStep(const char* step);
  ~WorkerStep();
  WorkerStep(const WorkerStep&) = delete;
  WorkerStep& operator=(const WorkerStep&) = delete;
};

// A tensor that a fault may be about, for as long as it lives. At most kMostSites at a time; others
// stay nameless. `name` is static.
class FaultSite {
 public:
  enum class Access : uint8_t { kReadOnly, kReadWrite };
  FaultSite(const char* name, Access access, const void* begin, size_t bytes);
  ~FaultSite();
  FaultSite(const FaultSite&) = delete;
  FaultSite& operator=(const FaultSite&) = delete;

  static constexpr size_t kMostSites = 16;

 private:
  size_t index_;
};

// "the input 'key', 8 bytes from its begin, which may only be read"; "12 bytes past the end of
// 'output'"; "address 0x10, a null pointer"; ... `text` always ends with a zero byte.
void DescribeFault(uintptr_t address, char* text, size_t text_bytes);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_WORKER_NOTES_H_
