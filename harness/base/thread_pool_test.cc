#include "harness/base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/affinity.h"

namespace deltagauge {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// Adapts a callable to the function pointer and context of ParallelFor.
template <typename Body>
void RunTasks(ParallelFor& threads, int num_tasks, const Body& body) {
  threads.Run(
      num_tasks,
      [](const void* context, int task, int thread) {
        (*static_cast<const Body*>(context))(task, thread);
      },
      &body);
}

TEST(ThreadPoolTest, CountsTheCaller) {
  EXPECT_EQ(ThreadPool(1).NumThreads(), 1);
  EXPECT_EQ(ThreadPool(4).NumThreads(), 4);
}

TEST(ThreadPoolTest, RunsEveryTaskExactlyOnce) {
  for (const int num_threads : {1, 2, 5}) {
    ThreadPool pool(num_threads);
    for (const int num_tasks : {0, 1, 2, 3, 64, 1000}) {
      std::vector<int> runs(static_cast<size_t>(num_tasks), 0);  // a race would be a fault
      RunTasks(pool, num_tasks, [&](int task, int) { ++runs[static_cast<size_t>(task)]; });
      EXPECT_THAT(runs, Each(1)) << num_threads << " threads, " << num_tasks << " tasks";
    }
  }
}

TEST(ThreadPoolTest, NoTwoTasksShareAThreadNumberAtOnce) {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> inside(4);
  std::atomic<int> collisions{0};
  RunTasks(pool, 2000, [&](int, int thread) {
    std::atomic<int>& mine = inside.at(static_cast<size_t>(thread));
    if (mine.fetch_add(1) != 0) ++collisions;
    std::this_thread::yield();
    mine.fetch_sub(1);
  });
  EXPECT_EQ(collisions, 0);
}

// Threads wake up late from an earlier region, or sleep through one: many short regions with
// pauses on both sides of the spinning time.
TEST(ThreadPoolTest, ManyShortRegions) {
  ThreadPool pool(3);
  int64_t expected = 0;
  std::atomic<int64_t> total{0};
  for (int region = 0; region < 3000; ++region) {
    const int num_tasks = 2 + region % 7;
    expected += num_tasks;
    RunTasks(pool, num_tasks, [&](int, int) { total.fetch_add(1, std::memory_order_relaxed); });
    ASSERT_EQ(total, expected) << "region " << region;
    if (region % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

// One task on each thread: each waits until all threads hold one, so a thread that never worked
// shows as the deadline running out.
template <typename Body>
void RunOnEveryThread(ThreadPool& pool, const Body& body) {
  std::atomic<int> arrived{0};
  RunTasks(pool, pool.NumThreads(), [&](int, int thread) {
    body(thread);
    ++arrived;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived < pool.NumThreads() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
  });
}

TEST(ThreadPoolTest, SpreadsWorkOverAllThreads) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> tasks_of(3);
  RunOnEveryThread(pool, [&](int thread) { ++tasks_of.at(static_cast<size_t>(thread)); });
  for (const auto& count : tasks_of) EXPECT_EQ(count, 1);
}

// The CPUs that each thread finds itself allowed to run on.
std::vector<std::vector<int>> CpusOfThreads(ThreadPool& pool) {
  std::vector<std::vector<int>> cpus(static_cast<size_t>(pool.NumThreads()));
  RunOnEveryThread(pool, [&](int thread) { cpus[static_cast<size_t>(thread)] = AllowedCpus(); });
  return cpus;
}

TEST(ThreadPoolTest, PinsItsThreadsAndLeavesTheCallerAlone) {
  const std::vector<int> allowed = AllowedCpus();
  if (allowed.empty()) GTEST_SKIP() << "this system pins no threads";
  const int first = allowed.front();
  const int last = allowed.back();
  ThreadPool pool(3, {last, first, last});
  EXPECT_EQ(pool.CallerCpu(), last);
  EXPECT_THAT(CpusOfThreads(pool), ElementsAre(allowed, ElementsAre(first), ElementsAre(last)));
  {
    const PinnedThread pinned(pool.CallerCpu());
    EXPECT_THAT(CpusOfThreads(pool),
                ElementsAre(ElementsAre(last), ElementsAre(first), ElementsAre(last)));
  }
  EXPECT_THAT(CpusOfThreads(pool), ElementsAre(allowed, ElementsAre(first), ElementsAre(last)));
}

TEST(ThreadPoolTest, PinsNothingUnasked) {
  ThreadPool pool(2);
  EXPECT_EQ(pool.CallerCpu(), std::nullopt);
  EXPECT_THAT(CpusOfThreads(pool), Each(AllowedCpus()));
}

TEST(ThreadPoolTest, WantsACpuForEachThread) {
  EXPECT_THROW(ThreadPool(2, {0}), std::invalid_argument);
  EXPECT_THROW(ThreadPool(1, {0, 1}), std::invalid_argument);
}

TEST(ThreadPoolTest, UnevenTasksFinishBeforeRunReturns) {
  ThreadPool pool(2);
  std::atomic<int> finished{0};
  RunTasks(pool, 4, [&](int task, int) {
    if (task == 3) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ++finished;
  });
  EXPECT_EQ(finished, 4);
}

}  // namespace
}  // namespace deltagauge
