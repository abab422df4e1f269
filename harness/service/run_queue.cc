#include "harness/service/run_queue.h"

#include <algorithm>
#include <utility>

#include "reference/input_error.h"
#include "spdlog/spdlog.h"

namespace deltagauge {
namespace {

constexpr const char* kServiceEnded = "the service ended";

}  // namespace

std::string OverridesText(const std::vector<std::string>& overrides) {
  Json list = Json::MakeArray();
  for (const std::string& override_text : overrides) list.Append(override_text);
  return WriteJson(list);
}

struct RunQueue::Task {
  RunOrder order;
  RunRecord record;
  std::optional<RunStep> step;
  int64_t changes = 0;
  std::atomic<bool> cancelled{false};
};

RunQueue::RunQueue(RunQueueOptions options, ReportStore* store, Runner runner)
    : options_(std::move(options)), store_(*store), runner_(std::move(runner)) {
  store_.Write([&](Database& database) {
    left_behind_ = FailUnfinishedRuns(kServiceEnded, options_.unix_seconds(), &database);
  });
  thread_ = std::thread([this] { Loop(); });
}

RunQueue::~RunQueue() { Close(); }

std::variant<RunView, RunRefusal> RunQueue::Add(RunOrder order) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return RunRefusal::kClosing;
    if (waiting_.size() + arriving_ >= options_.max_waiting) return RunRefusal::kFull;
    ++arriving_;
  }
  const auto task = std::make_shared<Task>();
  task->order = std::move(order);
  task->order.task = options_.new_task();
  task->record.task = task->order.task;
  task->record.config = task->order.config;
  task->record.overrides = OverridesText(task->order.overrides);
  task->record.created_s = options_.unix_seconds();
  try {
    store_.Write([&](Database& database) { task->record.id = AddRun(task->record, &database); });
  } catch (...) {
    const std::lock_guard lock(mutex_);
    --arriving_;
    throw;
  }
  std::unique_lock lock(mutex_);
  --arriving_;
  tasks_.emplace(task->order.task, task);
  if (closing_) {
    lock.unlock();
    RunRecord record = task->record;
    record.state = RunState::kError;
    record.message = kServiceEnded;
    End(task, std::move(record));
    return RunRefusal::kClosing;
  }
  waiting_.push_back(task);
  work_.notify_one();
  return ViewOf(*task);
}

CancelOutcome RunQueue::Cancel(std::string_view name) {
  std::unique_lock lock(mutex_);
  const auto found = tasks_.find(name);
  if (found == tasks_.end() || HasEnded(found->second->record.state)) {
    return CancelOutcome::kUnknown;
  }
  const TaskPointer task = found->second;
  task->cancelled = true;
  const auto place = std::find(waiting_.begin(), waiting_.end(), task);
  if (place == waiting_.end()) return CancelOutcome::kAsked;
  waiting_.erase(place);
  for (const TaskPointer& other : waiting_) ++other->changes;  // one place further
  RunRecord record = task->record;
  lock.unlock();
  record.state = RunState::kCancelled;
  End(task, std::move(record));
  return CancelOutcome::kCancelled;
}

RunView RunQueue::ViewOf(const Task& task) const {
  RunView view = {task.record, 0, task.step, task.changes};
  if (task.record.state != RunState::kQueued) return view;
  view.position = 1;
  if (&task == current_.get()) return view;
  if (current_ && current_->record.state == RunState::kQueued) ++view.position;
  for (const TaskPointer& other : waiting_) {
    if (other.get() == &task) break;
    ++view.position;
  }
  return view;
}

std::optional<RunView> RunQueue::Find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(name);
  if (found == tasks_.end()) return std::nullopt;
  return ViewOf(*found->second);
}

std::optional<RunView> RunQueue::Await(std::string_view name,
                                       const std::function<bool(const RunView&)>& is_news,
                                       std::chrono::milliseconds wait) const {
  std::unique_lock lock(mutex_);
  const auto found = tasks_.find(name);
  if (found == tasks_.end()) return std::nullopt;
  const TaskPointer task = found->second;
  RunView view;
  changed_.wait_for(lock, wait, [&] {
    view = ViewOf(*task);
    return HasEnded(view.record.state) || is_news(view);
  });
  return view;
}

RunCounts RunQueue::counts() const {
  const std::lock_guard lock(mutex_);
  RunCounts counts;
  counts.waiting = static_cast<int64_t>(waiting_.size());
  if (current_) {
    const bool is_running = current_->record.state == RunState::kRunning;
    (is_running ? counts.running : counts.waiting) += 1;
  }
  counts.ended = ended_;
  return counts;
}

void RunQueue::Close() {
  std::deque<TaskPointer> left;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    left.swap(waiting_);
    if (current_) current_->cancelled = true;
  }
  work_.notify_all();
  for (const TaskPointer& task : left) {
    RunRecord record = task->record;
    record.state = RunState::kError;
    record.message = kServiceEnded;
    End(task, std::move(record));
  }
  if (thread_.joinable()) thread_.join();
}

void RunQueue::Loop() {
  for (;;) {
    TaskPointer task;
    {
      std::unique_lock lock(mutex_);
      current_.reset();
      work_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      task = waiting_.front();
      waiting_.pop_front();
      current_ = task;
    }
    RunOne(task);
  }
}

void RunQueue::RunOne(const TaskPointer& task) {
  RunWatch watch;
  watch.started = [&] { Start(task); };
  watch.progress = [&](const RunStep& step) {
    const std::lock_guard lock(mutex_);
    task->step = step;
    ++task->changes;
    changed_.notify_all();
  };
  watch.cancelled = [&] { return task->cancelled.load(); };
  RunOutcome outcome;
  try {
    outcome = runner_(task->order, watch);
  } catch (const std::exception& error) {
    outcome.message = error.what();
  }
  End(task, Conclude(task, std::move(outcome)));
}

void RunQueue::Start(const TaskPointer& task) {
  RunRecord record = task->record;  // written by this thread alone from now on
  record.state = RunState::kRunning;
  record.started_s = options_.unix_seconds();
  try {
    store_.Write([&](Database& database) { UpdateRun(record, &database); });
  } catch (const DatabaseError& error) {
    spdlog::error("run {}: its start could not be kept: {}", record.task, error.what());
  }
  const std::lock_guard lock(mutex_);
  task->record = std::move(record);
  ++task->changes;
  for (const TaskPointer& other : waiting_) ++other->changes;
  changed_.notify_all();
}

// Completed is what said so itself and left a report of all its cases.
RunRecord RunQueue::Conclude(const TaskPointer& task, RunOutcome outcome) {
  RunRecord record = task->record;
  record.exit_code = outcome.exit_code;
  record.message = std::move(outcome.message);
  bool is_whole = false;
  if (!outcome.report.empty()) {
    try {
      const ReportRows rows = MakeReportRows(outcome.report, "report.json", options_.ingest);
      if (store_.Add(rows, options_.unix_seconds()) == AddOutcome::kConflict) {
        throw reference::InputError("report.json", "another report of its id is there");
      }
      record.report_id = rows.report.report_id;
      record.verdict = rows.report.verdict;
      is_whole = rows.report.complete;
    } catch (const std::exception& error) {
      spdlog::error("run {}: its report could not be kept: {}", record.task, error.what());
      record.message = "its report could not be kept";
    }
  }
  if (is_whole && outcome.exit_code) {
    record.state = RunState::kCompleted;
    return record;
  }
  record.state = task->cancelled ? RunState::kCancelled : RunState::kError;
  if (!task->cancelled) {
    if (record.message.empty()) record.message = "it ended before all its cases had";
    return record;
  }
  const std::lock_guard lock(mutex_);
  record.message = closing_ ? kServiceEnded : "";
  return record;
}

void RunQueue::End(const TaskPointer& task, RunRecord record) {
  record.ended_s = options_.unix_seconds();
  bool is_kept = false;
  try {
    store_.Write([&](Database& database) { UpdateRun(record, &database); });
    is_kept = true;
  } catch (const DatabaseError& error) {
    spdlog::error("run {}: its end could not be kept: {}", record.task, error.what());
  }
  const std::lock_guard lock(mutex_);
  ++ended_[std::string(RunStateName(record.state))];
  task->record = std::move(record);
  ++task->changes;
  // Otherwise it would be forgotten: the store says that it still runs.
  if (is_kept) tasks_.erase(task->order.task);
  changed_.notify_all();
}

}  // namespace deltagauge
