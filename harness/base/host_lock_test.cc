#include "harness/base/host_lock.h"

#include <optional>
#include <utility>

#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

TEST(HostLockTest, IsHeldByOneAtATime) {
  const reference::TemporaryFolder folder;
  const std::filesystem::path path = folder / "lock";
  {
    const std::optional<HostLock> first = HostLock::Try(path);
    ASSERT_TRUE(first);
    EXPECT_FALSE(HostLock::Try(path));
    EXPECT_TRUE(HostLock::Try(folder / "other"));
  }
  std::optional<HostLock> again = HostLock::Try(path);
  ASSERT_TRUE(again);
  const HostLock moved = *std::move(again);
  again.reset();
  EXPECT_FALSE(HostLock::Try(path)) << "what was moved from let go of it";
}

TEST(HostLockTest, AFileThatCannotBeMadeIsSaid) {
  const reference::TemporaryFolder folder;
  EXPECT_THROW(HostLock::Try(folder / "none" / "lock"), reference::InputError);
}

}  // namespace
}  // namespace deltagauge
