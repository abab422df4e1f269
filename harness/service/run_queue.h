// Runs on demand: one at a time, the others wait. Neither HTTP nor processes in here; what runs is
// given as a function.
#ifndef DELTAGAUGE_HARNESS_SERVICE_RUN_QUEUE_H_
#define DELTAGAUGE_HARNESS_SERVICE_RUN_QUEUE_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "harness/report/run_step.h"
#include "harness/store/report_store.h"
#include "harness/store/store_runs.h"

namespace deltagauge {

struct RunOrder {
  std::string task;
  std::string config;  // its name
  std::filesystem::path config_file;
  std::vector<std::string> overrides;  // as `deltagauge run --set` takes them
};

// What a runner tells and asks meanwhile, from the thread that called it.
struct RunWatch {
  std::function<void()> started;  // it is this run's turn on the machine
  std::function<void(const RunStep&)> progress;
  std::function<bool()> cancelled;  // it shall end soon
};

struct RunOutcome {
  std::string report;            // its JSON; empty: there is none
  std::optional<int> exit_code;  // absent: it ended before it could say so
  std::string message;           // what was wrong, if anything
};

// What it throws is the run's error.
using Runner = std::function<RunOutcome(const RunOrder&, const RunWatch&)>;

struct RunQueueOptions {
  size_t max_waiting = 8;
  IngestLimits ingest;
  std::function<int64_t()> unix_seconds;
  std::function<std::string()> new_task;  // a name unlike all before
};

// A run at one moment.
struct RunView {
  RunRecord record;
  int64_t position = 0;  // in the queue, from 1; 0: it does not wait
  std::optional<RunStep> step;
  int64_t changes = 0;  // grows with each
};

enum class RunRefusal : uint8_t { kFull, kClosing };

enum class CancelOutcome : uint8_t {
  kCancelled,
  kAsked,    // it runs, and was asked to end
  kUnknown,  // it has ended, or never was
};

struct RunCounts {
  int64_t waiting = 0;
  int64_t running = 0;                                // 0 or 1
  std::map<std::string, int64_t, std::less<>> ended;  // by state, since the service began
};

// For any number of threads. What happens to a run is in the store before it is told. Functions
// throw DatabaseError where they have to write and can't.
class RunQueue {
 public:
  // What a service before this one had left unfinished becomes an error. `store` outlives it.
  RunQueue(RunQueueOptions options, ReportStore* store, Runner runner);
  ~RunQueue();  // closes
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  std::variant<RunView, RunRefusal> Add(RunOrder order);
  CancelOutcome Cancel(std::string_view task);

  // Nothing for a run that has ended (the store has it) or never was.
  std::optional<RunView> Find(std::string_view task) const;

  // Waits until it has ended or `is_news`, at most so long.
  std::optional<RunView> Await(std::string_view task,
                               const std::function<bool(const RunView&)>& is_news,
                               std::chrono::milliseconds wait) const;

  // Takes no more; what waits becomes an error, what runs is asked to end and waited for.
  void Close();

  // Tasks that a service before this one had left unfinished.
  const std::vector<std::string>& left_behind() const { return left_behind_; }
  RunCounts counts() const;

 private:
  struct Task;
  using TaskPointer = std::shared_ptr<Task>;

  void Loop();
  void RunOne(const TaskPointer& task);
  void Start(const TaskPointer& task);
  RunRecord Conclude(const TaskPointer& task, RunOutcome outcome);
  void End(const TaskPointer& task, RunRecord record);
  RunView ViewOf(const Task& task) const;  // with mutex_ held

  RunQueueOptions options_;
  ReportStore& store_;
  Runner runner_;
  std::vector<std::string> left_behind_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  mutable std::condition_variable changed_;
  std::map<std::string, TaskPointer, std::less<>> tasks_;  // that wait or run
  std::deque<TaskPointer> waiting_;
  TaskPointer current_;
  size_t arriving_ = 0;  // places that are taken, but not yet in waiting_
  bool closing_ = false;
  std::map<std::string, int64_t, std::less<>> ended_;
  std::thread thread_;  // the last: all that it uses is there before it starts
};

// A JSON array of texts, as RunRecord::overrides holds it.
std::string OverridesText(const std::vector<std::string>& overrides);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_RUN_QUEUE_H_
