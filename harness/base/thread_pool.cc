#include "harness/base/thread_pool.h"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "harness/base/affinity.h"
#include "harness/base/atomic_wait.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace deltagauge {
namespace {

// About the time that a sleeping thread needs to wake up: spinning longer would cost more than
// it saves.
constexpr std::chrono::microseconds kSpin{50};

void CpuRelax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && !defined(_MSC_VER)
  asm volatile("yield");
#else
  std::this_thread::yield();
#endif
}

// Spins until `ready()`, at most kSpin; returns whether it is.
template <typename Ready>
bool SpinUntil(const Ready& ready) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      CpuRelax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return ready();
}

constexpr uint64_t Ticket(uint32_t region, uint32_t unclaimed) {
  return (uint64_t{region} << 32) | unclaimed;
}

}  // namespace

ThreadPool::ThreadPool(int num_threads, std::vector<int> cpus) : cpus_(std::move(cpus)) {
  if (!cpus_.empty() && cpus_.size() != static_cast<size_t>(num_threads)) {
    throw std::invalid_argument("as many CPUs as threads are needed, or none");
  }
  for (int thread = 1; thread < num_threads; ++thread) {
    workers_.emplace_back([this, thread] { WorkerLoop(thread); });
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  region_.fetch_add(1, std::memory_order_release);
  WakeAll(region_);
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(int num_tasks, Task run_task, const void* context) {
  if (num_tasks <= 0) return;
  if (num_tasks == 1 || workers_.empty()) {
    for (int task = 0; task < num_tasks; ++task) run_task(context, task, 0);
    return;
  }
  run_task_ = run_task;
  context_ = context;
  unfinished_.store(static_cast<uint32_t>(num_tasks), std::memory_order_relaxed);
  const uint32_t region = region_.load(std::memory_order_relaxed) + 1;
  ticket_.store(Ticket(region, static_cast<uint32_t>(num_tasks)), std::memory_order_release);
  region_.store(region, std::memory_order_release);
  WakeAll(region_);

  RunClaimedTasks(region, 0);

  const auto finished = [this] { return unfinished_.load(std::memory_order_acquire) == 0; };
  if (SpinUntil(finished)) return;
  for (uint32_t left = unfinished_.load(std::memory_order_acquire); left != 0;
       left = unfinished_.load(std::memory_order_acquire)) {
    WaitWhile(unfinished_, left);
  }
}

void ThreadPool::RunClaimedTasks(uint32_t region, int thread) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(ticket >> 32) == region && static_cast<uint32_t>(ticket) != 0) {
    // Acquire: the fields of the region were written before its ticket.
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acquire,
                                       std::memory_order_acquire)) {
      continue;
    }
    run_task_(context_, static_cast<int>(static_cast<uint32_t>(ticket)) - 1, thread);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) WakeOne(unfinished_);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadPool::WorkerLoop(int thread) {
  std::optional<int> cpu;
  if (!cpus_.empty()) cpu = cpus_[static_cast<size_t>(thread)];
  const PinnedThread pinned(cpu);
  uint32_t seen = 0;
  for (;;) {
    const auto has_news = [&] { return region_.load(std::memory_order_acquire) != seen; };
    if (!SpinUntil(has_news)) WaitWhile(region_, seen);
    seen = region_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    RunClaimedTasks(seen, thread);
  }
}

}  // namespace deltagauge
