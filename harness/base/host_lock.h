// One at a time on this machine: a lock that lies in a file and goes with its process.
#ifndef DELTAGAUGE_HARNESS_BASE_HOST_LOCK_H_
#define DELTAGAUGE_HARNESS_BASE_HOST_LOCK_H_

#include <cstdint>
#include <filesystem>
#include <optional>

namespace deltagauge {

// Where every program of every user of this machine looks for the lock of runs.
std::filesystem::path RunLockPath();

// Held for as long as it lives; also against another one in the same process. The system lets go of
// it when the process ends, however it ends. The file stays.
class HostLock {
 public:
  // Nothing if somebody holds it. Throws reference::InputError if the file can't be opened or made.
  static std::optional<HostLock> Try(const std::filesystem::path& path);
  ~HostLock();
  HostLock(HostLock&& other) noexcept : handle_(other.handle_) { other.handle_ = kNone; }
  HostLock& operator=(HostLock&&) = delete;

 private:
  static constexpr intptr_t kNone = -1;
  explicit HostLock(intptr_t handle) : handle_(handle) {}
  intptr_t handle_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_HOST_LOCK_H_
