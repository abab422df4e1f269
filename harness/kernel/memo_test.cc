#include "harness/kernel/memo.h"

#include <string>

#include "gtest/gtest.h"
#include "harness/base/thread_pool.h"

namespace deltagauge {
namespace {

TEST(MemoTest, ComputesEachKeyOnceAndKeepsItsPlace) {
  Memo<std::string> memo;
  int computed = 0;
  const auto compute = [&computed] { return std::to_string(++computed); };
  const std::string& first = memo.Get("a", compute);
  EXPECT_EQ(first, "1");
  EXPECT_EQ(memo.Get("b", compute), "2");
  EXPECT_EQ(&memo.Get("a", compute), &first);
  EXPECT_EQ(computed, 2);
}

TEST(MemoTest, ThreadsShareWhatOneHasComputed) {
  struct Shared {
    Memo<int> memo;
    int computed = 0;  // guarded by the memo, which computes one value at a time
  } shared;
  ThreadPool pool(4);
  const auto ask = [](const void* context, int task, int /*thread*/) {
    auto& s = *const_cast<Shared*>(static_cast<const Shared*>(context));
    EXPECT_GT(s.memo.Get(std::to_string(task % 3), [&s] { return ++s.computed; }), 0);
  };
  pool.Run(100, ask, &shared);
  EXPECT_EQ(shared.computed, 3);
}

}  // namespace
}  // namespace deltagauge
