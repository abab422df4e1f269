#include "harness/thread_pool.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::Each;

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

TEST(ThreadPoolTest, SpreadsWorkOverAllThreads) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> tasks_of(3);
  // Each task waits until all three threads hold one, so a thread that never worked would show as
  // the deadline running out.
  std::atomic<int> arrived{0};
  RunTasks(pool, 3, [&](int, int thread) {
    ++tasks_of.at(static_cast<size_t>(thread));
    ++arrived;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  for (const auto& count : tasks_of) EXPECT_EQ(count, 1);
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
