#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "harness/base/host_lock.h"
#include "reference/input_error.h"

namespace deltagauge {

// Not TMPDIR, which is each user's own.
std::filesystem::path RunLockPath() { return "/tmp/deltagauge-run.lock"; }

std::optional<HostLock> HostLock::Try(const std::filesystem::path& path) {
  // Read-only is enough to lock, and another user's file can't be opened for more; nor, in a folder
  // with the sticky bit, with O_CREAT.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  int file = open(path.c_str(), kFlags);
  if (file < 0 && errno == ENOENT) {
    file = open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0644);
    if (file < 0 && errno == EEXIST) file = open(path.c_str(), kFlags);
  }
  if (file < 0) {
    throw reference::InputError(
        path.string(), "can't be opened: " + std::generic_category().message(errno),
        "its lock keeps runs on one machine apart; remove it if it is no file of yours");
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(file);
    if (error == EWOULDBLOCK || error == EINTR) return std::nullopt;
    throw reference::InputError(path.string(),
                                "can't be locked: " + std::generic_category().message(error));
  }
  return HostLock(file);
}

HostLock::~HostLock() {
  if (handle_ != kNone) close(static_cast<int>(handle_));
}

}  // namespace deltagauge
