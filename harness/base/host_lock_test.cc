#include "harness/base/host_lock.h"

#include <optional>

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
  // What is moved from is gone at the end of the line.
  const HostLock moved = HostLock::Try(path).value();
  EXPECT_FALSE(HostLock::Try(path)) << "what was moved from let go of it";
}

TEST(HostLockTest, AFileThatCannotBeMadeIsSaid) {
  const reference::TemporaryFolder folder;
  EXPECT_THROW(HostLock::Try(folder / "none" / "lock"), reference::InputError);
}

}  // namespace
}  // namespace deltagauge
