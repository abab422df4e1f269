#include <dirent.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/timing/timing_counters.h"

namespace deltagauge {
namespace {

// One event of one thread. It starts disabled.
class Event {
 public:
  Event(uint64_t config, pid_t thread) {
    perf_event_attr attributes = {};
    attributes.size = sizeof(attributes);
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.config = config;
    attributes.disabled = 1;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    file_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, thread, /*cpu=*/-1,
                                     /*group_fd=*/-1, PERF_FLAG_FD_CLOEXEC));
    error_ = file_ < 0 ? errno : 0;
  }
  ~Event() {
    if (file_ >= 0) close(file_);
  }
  Event(Event&& other) noexcept : file_(std::exchange(other.file_, -1)), error_(other.error_) {}
  Event& operator=(Event&&) = delete;

  int error() const { return error_; }
  void Start() { ioctl(file_, PERF_EVENT_IOC_ENABLE, 0); }
  void Stop() { ioctl(file_, PERF_EVENT_IOC_DISABLE, 0); }

  // Nothing if it never got onto the hardware although its thread ran.
  std::optional<double> Count() const {
    struct {
      uint64_t value, enabled, running;
    } data = {};
    if (read(file_, &data, sizeof(data)) != static_cast<ssize_t>(sizeof(data))) return {};
    if (data.enabled == 0) return 0.0;  // the thread slept
    if (data.running == 0) return {};
    return static_cast<double>(data.value) * static_cast<double>(data.enabled) /
           static_cast<double>(data.running);
  }

 private:
  int file_ = -1;
  int error_ = 0;
};

std::vector<pid_t> ThreadsOfThisProcess() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/task"), closedir);
  std::vector<pid_t> threads;
  if (folder == nullptr) return {0};  // the calling thread
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    pid_t thread = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), thread);
    if (error == std::errc() && thread > 0) threads.push_back(thread);
  }
  return threads;
}

std::string WhyUnavailable(int error) {
  if (error == EACCES || error == EPERM) {
    std::ifstream file("/proc/sys/kernel/perf_event_paranoid");
    std::string level;
    return file >> level ? "not available: perf events are forbidden, "
                           "/proc/sys/kernel/perf_event_paranoid is " +
                               level
                         : "not available: perf events are forbidden";
  }
  if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV) {
    return "not available: this machine, or its hypervisor, has no such counter";
  }
  return std::string("not available: ") + std::strerror(error);
}

struct Counter {
  uint64_t config;
  std::optional<double> RunCounters::*result;
};

constexpr std::array<Counter, 4> kCounters = {{
    {PERF_COUNT_HW_INSTRUCTIONS, &RunCounters::instructions},
    {PERF_COUNT_HW_CPU_CYCLES, &RunCounters::cycles},
    {PERF_COUNT_HW_CACHE_MISSES, &RunCounters::cache_misses},
    {PERF_COUNT_HW_BRANCH_MISSES, &RunCounters::branch_misses},
}};

}  // namespace

RunCounters CountRun(TimedCall& call) {
  const Entered entered(call);
  call.Run();

  RunCounters counters;
  std::array<std::vector<Event>, kCounters.size()> events;  // of each thread
  for (size_t i = 0; i < kCounters.size(); ++i) {
    for (const pid_t thread : ThreadsOfThisProcess()) {
      Event event(kCounters[i].config, thread);
      if (event.error() == ESRCH) continue;  // the thread has ended since it was listed
      if (event.error() != 0) {
        counters.unavailable = WhyUnavailable(event.error());
        events[i].clear();
        break;
      }
      events[i].push_back(std::move(event));
    }
  }
  const auto for_all = [&events](void (Event::*action)()) {
    for (std::vector<Event>& of_counter : events) {
      for (Event& event : of_counter) (event.*action)();
    }
  };
  for_all(&Event::Start);
  call.Run();
  for_all(&Event::Stop);

  for (size_t i = 0; i < kCounters.size(); ++i) {
    std::optional<double> total;
    for (const Event& event : events[i]) {
      const std::optional<double> count = event.Count();
      if (!count.has_value()) {
        total.reset();
        counters.unavailable = "not available: too many events for the hardware";
        break;
      }
      total = total.value_or(0) + *count;
    }
    counters.*kCounters[i].result = total;
  }
  return counters;
}

}  // namespace deltagauge
