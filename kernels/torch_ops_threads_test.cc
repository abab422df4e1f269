#include "kernels/torch_ops_threads.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace deltagauge::torch_ops {
namespace {

class AtenParallelForTest : public testing::Test {
 protected:
  ~AtenParallelForTest() override { at::set_num_threads(threads_before_); }

 private:
  const int threads_before_ = at::get_num_threads();
};

TEST_F(AtenParallelForTest, RunsEveryTaskOnce) {
  for (int num_threads : {1, 2, 3}) {
    at::set_num_threads(num_threads);
    for (int num_tasks : {0, 1, 2, 7, 100}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(num_tasks));
      AtenParallelFor threads;
      EXPECT_EQ(threads.NumThreads(), num_threads);
      threads.Run(
          num_tasks,
          [](const void* context, int task, int) {
            auto& counts = *static_cast<std::vector<std::atomic<int>>*>(const_cast<void*>(context));
            ++counts[static_cast<size_t>(task)];
          },
          &runs);
      for (const auto& count : runs) EXPECT_EQ(count, 1);
    }
  }
}

struct Meeting {
  mutable std::mutex mutex;
  mutable std::set<std::thread::id> threads;
  mutable std::set<int> workspaces;
  mutable std::atomic<int> arrived{0};
};

// Each of two tasks waits for the other: that ends only if both run at the same time.
void MeetTheOther(const void* context, int, int thread) {
  const auto& meeting = *static_cast<const Meeting*>(context);
  {
    std::lock_guard lock(meeting.mutex);
    meeting.threads.insert(std::this_thread::get_id());
    meeting.workspaces.insert(thread);
  }
  ++meeting.arrived;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (meeting.arrived < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
}

TEST_F(AtenParallelForTest, RunsTasksAtTheSameTimeInWorkspacesOfTheirOwn) {
  at::set_num_threads(2);
  for (int repetition = 0; repetition < 3; ++repetition) {  // the second uses the cached iterator
    Meeting meeting;
    AtenParallelFor threads;
    threads.Run(2, MeetTheOther, &meeting);
    EXPECT_EQ(meeting.threads.size(), 2u);
    EXPECT_EQ(meeting.workspaces, (std::set<int>{0, 1}));
  }
}

TEST_F(AtenParallelForTest, StaysOnTheCallingThreadInsideAParallelRegion) {
  at::set_num_threads(2);
  struct Seen {
    mutable std::atomic<int> num_threads{0};
    mutable std::atomic<int> tasks_elsewhere{0};
  } seen;
  AtenParallelFor outer;
  outer.Run(
      2,
      [](const void* context, int, int) {
        const auto& record = *static_cast<const Seen*>(context);
        AtenParallelFor inner;
        record.num_threads += inner.NumThreads();
        struct Nested {
          const Seen* seen;
          std::thread::id caller;
        } nested{&record, std::this_thread::get_id()};
        inner.Run(
            5,
            [](const void* inner_context, int, int thread) {
              const auto& n = *static_cast<const Nested*>(inner_context);
              if (thread != 0 || std::this_thread::get_id() != n.caller) ++n.seen->tasks_elsewhere;
            },
            &nested);
      },
      &seen);
  EXPECT_EQ(seen.num_threads, 2);
  EXPECT_EQ(seen.tasks_elsewhere, 0);
}

TEST(ThreadWorkspace, IsAlignedAndReusedAndGrows) {
  const Workspace one = ThreadWorkspace(1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(one.data) % kWorkspaceAlignment, 0u);
  EXPECT_EQ(one.bytes, kWorkspaceBytesPerThread);
  EXPECT_EQ(ThreadWorkspace(1).data, one.data);
  const Workspace three = ThreadWorkspace(3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(three.data) % kWorkspaceAlignment, 0u);
  EXPECT_EQ(three.bytes, 3 * kWorkspaceBytesPerThread);
  std::memset(three.data, 1, three.bytes);  // all of it is ours
  EXPECT_EQ(ThreadWorkspace(2).data, three.data);

  void* elsewhere = nullptr;
  std::thread other([&] { elsewhere = ThreadWorkspace(1).data; });
  other.join();
  EXPECT_NE(elsewhere, three.data);
}

}  // namespace
}  // namespace deltagauge::torch_ops
