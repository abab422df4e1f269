// Windows: a process in a job of its own, so that all it starts ends with it, and it with this one.
#ifndef DELTAGAUGE_HARNESS_BASE_JOB_PROCESS_H_
#define DELTAGAUGE_HARNESS_BASE_JOB_PROCESS_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace deltagauge {

// A HANDLE that is closed once. Headers of ours don't include those of the system.
class Handle {
 public:
  explicit Handle(void* handle = nullptr);  // INVALID_HANDLE_VALUE counts as none
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle();
  void* get() const { return handle_; }

 private:
  void* handle_;
};

struct JobStart {
  std::filesystem::path program;
  std::vector<std::string> args;  // without the program's name; UTF-8
  std::array<void*, 3> standard;  // input, output, errors
  std::vector<void*> others;  // what else it inherits; nothing but these, all of them inheritable
};

struct JobProcess {
  Handle job;
  Handle process;
  uint32_t id = 0;
};

// A process group of its own: a Ctrl-C at the terminal does not reach it. Throws
// reference::InputError if it can't be started.
JobProcess StartInJob(const JobStart& start);

// The event by which a process is asked to stop, made if it is not there yet: a program that runs
// without a console gets no Ctrl-C.
Handle StopEventOf(uint32_t process_id);

// From now on no process of the job gets more; allocations are refused.
void LimitJobMemory(const JobProcess& process, uint64_t bytes);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_JOB_PROCESS_H_
