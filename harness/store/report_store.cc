#include "harness/store/report_store.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "harness/store/insert_report.h"
#include "harness/store/schema.h"

namespace deltagauge {

// Connections for reading, kept for the next reader.
class ReportStore::Pool {
 public:
  explicit Pool(DatabaseAddress address) : address_(std::move(address)) {}

  void Read(const std::function<void(Database&)>& work) {
    std::unique_ptr<Database> database = Take();
    try {
      work(*database);
    } catch (const DatabaseError& error) {
      // A lost connection is not worth keeping, nor are its neighbours.
      if (error.kind() == DatabaseError::Kind::kGone) DropAll();
      throw;
    }
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(database));
  }

 private:
  std::unique_ptr<Database> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Database> database = std::move(idle_.back());
        idle_.pop_back();
        return database;
      }
    }
    return OpenDatabase(address_);
  }

  void DropAll() {
    const std::lock_guard lock(mutex_);
    idle_.clear();
  }

  DatabaseAddress address_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_;
};

// The one thread that writes. What waits when it is free goes into one transaction, each piece of
// work behind a savepoint of its own.
class ReportStore::Writer {
 public:
  using Work = std::function<void(Database&, KnownKeys&)>;

  Writer(DatabaseAddress address, std::unique_ptr<Database> database)
      : address_(std::move(address)), database_(std::move(database)), thread_([this] { Loop(); }) {}

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    something_.notify_one();
    thread_.join();
  }

  void Do(Work work) {
    Job job{std::move(work), nullptr, false};
    std::unique_lock lock(mutex_);
    waiting_.push_back(&job);
    something_.notify_one();
    done_.wait(lock, [&] { return job.done; });
    lock.unlock();
    if (job.error) std::rethrow_exception(job.error);
  }

  int64_t commits() const { return commits_; }
  int64_t waiting() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int64_t>(waiting_.size() + busy_);
  }

 private:
  // More at once would make the first wait for the last.
  static constexpr size_t kMaxTogether = 64;

  struct Job {
    Work work;
    std::exception_ptr error;
    bool done = false;
  };

  void Loop() {
    for (;;) {
      std::vector<Job*> jobs;
      {
        std::unique_lock lock(mutex_);
        something_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const size_t count = std::min(waiting_.size(), kMaxTogether);
        jobs.assign(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
        busy_ = count;
      }
      RunTogether(jobs);
      {
        const std::lock_guard lock(mutex_);
        for (Job* job : jobs) job->done = true;
        busy_ = 0;
      }
      done_.notify_all();
    }
  }

  void RunTogether(const std::vector<Job*>& jobs) {
    for (int attempt = 0;; ++attempt) {
      for (Job* job : jobs) job->error = nullptr;
      try {
        if (!database_) database_ = OpenDatabase(address_);
        CommitTogether(jobs);
        return;
      } catch (const DatabaseError& error) {
        known_ = {};
        const bool is_gone = error.kind() == DatabaseError::Kind::kGone;
        if (is_gone) database_.reset();
        if (is_gone && attempt == 0) continue;
        FailAll(jobs);
        return;
      } catch (...) {
        known_ = {};
        FailAll(jobs);
        return;
      }
    }
  }

  static void FailAll(const std::vector<Job*>& jobs) {
    for (Job* job : jobs) job->error = std::current_exception();
  }

  void CommitTogether(const std::vector<Job*>& jobs) {
    known_.ForgetIfLarge();
    Transaction transaction(database_.get());
    for (Job* job : jobs) RunOne(job);
    transaction.Commit();
    ++commits_;
  }

  void RunOne(Job* job) {
    database_->Run("SAVEPOINT job");
    try {
      job->work(*database_, known_);
    } catch (const DatabaseError& error) {
      if (error.kind() == DatabaseError::Kind::kGone) throw;
      job->error = std::current_exception();
    } catch (...) {
      job->error = std::current_exception();
    }
    if (job->error) {
      known_ = {};
      database_->Run("ROLLBACK TO SAVEPOINT job");
    }
    database_->Run("RELEASE SAVEPOINT job");
  }

  DatabaseAddress address_;
  std::unique_ptr<Database> database_;
  KnownKeys known_;
  std::atomic<int64_t> commits_{0};
  mutable std::mutex mutex_;
  std::condition_variable something_;
  std::condition_variable done_;
  std::deque<Job*> waiting_;
  size_t busy_ = 0;
  bool closing_ = false;
  std::thread thread_;  // the last: all that it uses is there before it starts
};

std::unique_ptr<ReportStore> ReportStore::Open(const DatabaseAddress& address) {
  std::unique_ptr<Database> database = OpenDatabase(address);
  MigrateStore(database.get());
  return std::unique_ptr<ReportStore>(new ReportStore(address, std::move(database)));
}

ReportStore::ReportStore(const DatabaseAddress& address, std::unique_ptr<Database> database)
    : address_(address),
      pool_(std::make_unique<Pool>(address)),
      writer_(std::make_unique<Writer>(address, std::move(database))) {}

ReportStore::~ReportStore() = default;

AddOutcome ReportStore::Add(const ReportRows& rows, int64_t received_s) {
  AddOutcome outcome = AddOutcome::kThere;
  writer_->Do([&](Database& database, KnownKeys& known) {
    outcome = InsertReport(rows, received_s, &database, &known);
  });
  return outcome;
}

void ReportStore::Write(const std::function<void(Database&)>& work) {
  writer_->Do([&](Database& database, KnownKeys&) { work(database); });
}

void ReportStore::Read(const std::function<void(Database&)>& work) const { pool_->Read(work); }

const DatabaseAddress& ReportStore::address() const { return address_; }

StoreCounters ReportStore::counters() const { return {writer_->commits(), writer_->waiting()}; }

}  // namespace deltagauge
