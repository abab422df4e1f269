#define WIN32_LEAN_AND_MEAN
#include <windows.h>
// after windows.h
#include <psapi.h>

#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "fmt/format.h"
#include "harness/base/job_process.h"
#include "harness/base/program_path.h"
#include "harness/candidate/isolation.h"
#include "harness/candidate/worker_ending.h"
#include "harness/candidate/worker_message.h"
#include "harness/candidate/worker_program.h"

namespace deltagauge {
namespace {

[[noreturn]] void ThrowSystemError(const char* what) {
  const auto error = static_cast<int>(GetLastError());
  throw std::runtime_error(fmt::format("{}: {}", what, std::system_category().message(error)));
}

// What both processes see: WorkerShare, then the request.
class SharedMemory {
 public:
  explicit SharedMemory(std::string_view request, int64_t memory_bytes) {
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), nullptr, TRUE};
    const uint64_t bytes = sizeof(WorkerShare) + request.size();
    mapping_ = Handle(CreateFileMappingW(INVALID_HANDLE_VALUE, &inherit, PAGE_READWRITE,
                                         static_cast<DWORD>(bytes >> 32), static_cast<DWORD>(bytes),
                                         nullptr));
    if (mapping_.get() == nullptr) ThrowSystemError("CreateFileMapping");
    void* const view = MapViewOfFile(mapping_.get(), FILE_MAP_ALL_ACCESS, 0, 0, 0);
    if (view == nullptr) ThrowSystemError("MapViewOfFile");
    share_ = new (view) WorkerShare;
    share_->request_bytes = request.size();
    share_->memory_bytes = memory_bytes;
    std::memcpy(share_ + 1, request.data(), request.size());
  }
  ~SharedMemory() { UnmapViewOfFile(share_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  void* handle() const { return mapping_.get(); }
  const WorkerShare& share() const { return *share_; }

 private:
  Handle mapping_;
  WorkerShare* share_ = nullptr;
};

struct Pipe {
  Pipe() {
    constexpr DWORD kBufferBytes = 1 << 20;
    HANDLE read_handle = nullptr;
    HANDLE write_handle = nullptr;
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), nullptr, TRUE};
    if (!CreatePipe(&read_handle, &write_handle, &inherit, kBufferBytes)) {
      ThrowSystemError("CreatePipe");
    }
    read_end = Handle(read_handle);
    write_end = Handle(write_handle);
  }
  Handle read_end;
  Handle write_end;
};

// One of this process's own, so that a child can have it; else nothing is read, or written to.
Handle InheritableStandard(DWORD which) {
  HANDLE copy = nullptr;
  const HANDLE process = GetCurrentProcess();
  const HANDLE own = GetStdHandle(which);
  if (own != nullptr && own != INVALID_HANDLE_VALUE &&
      DuplicateHandle(process, own, process, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS)) {
    return Handle(copy);
  }
  SECURITY_ATTRIBUTES inherit = {sizeof(inherit), nullptr, TRUE};
  return Handle(CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
                            FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0,
                            nullptr));
}

JobProcess StartWorker(const SharedMemory& memory, const Pipe& pipe) {
  const std::filesystem::path program = ProgramPath().parent_path() / kWorkerProgram;
  const Handle in = InheritableStandard(STD_INPUT_HANDLE);
  const Handle out = InheritableStandard(STD_OUTPUT_HANDLE);
  const Handle err = InheritableStandard(STD_ERROR_HANDLE);
  const auto word = [](void* handle) {
    return fmt::format("{}", reinterpret_cast<uintptr_t>(handle));
  };
  return StartInJob({.program = program,
                     .args = {word(memory.handle()), word(pipe.write_end.get())},
                     .standard = {in.get(), out.get(), err.get()},
                     .others = {memory.handle(), pipe.write_end.get()}});
}

class Watch {
 public:
  Watch(const JobProcess& worker, const SharedMemory& memory, void* read_end,
        const IsolationLimits& limits)
      : worker_(worker),
        memory_(memory),
        read_end_(read_end),
        limits_(limits),
        deadline_(std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(limits.seconds))) {}

  // Until the message is whole or there will be none; ends all that is left of the worker.
  Ending Receive() {
    const Ending ending = Wait();
    if (ending != Ending::kEnded || message_.IsWhole()) TerminateJobObject(worker_.job.get(), 1);
    WaitForSingleObject(worker_.process.get(), INFINITE);
    return ending;
  }

  const WorkerMessage& message() const { return message_; }
  DWORD status() const {
    DWORD status = 0;
    GetExitCodeProcess(worker_.process.get(), &status);
    return status;
  }

 private:
  static constexpr DWORD kTick_ms = 5;

  Ending Wait() {
    while (!message_.IsWhole()) {
      if (std::chrono::steady_clock::now() > deadline_) return Ending::kTimeOver;
      // Asked first: what an ended worker has sent is in the pipe by now.
      const bool has_ended = WaitForSingleObject(worker_.process.get(), 0) == WAIT_OBJECT_0;
      if (ReadSome()) continue;
      if (has_ended) break;
      if (!HoldsMemoryLimit()) return Ending::kMemoryOver;
      WaitForSingleObject(worker_.process.get(), kTick_ms);
    }
    return Ending::kEnded;
  }

  bool ReadSome() {
    std::array<char, 65536> piece;
    DWORD there = 0;
    DWORD got = 0;
    if (!PeekNamedPipe(read_end_, nullptr, 0, nullptr, &there, nullptr) || there == 0) return false;
    if (!ReadFile(read_end_, piece.data(), piece.size(), &got, nullptr)) return false;
    message_.Append(piece.data(), got);
    return got > 0;
  }

  // The job refuses more than that. Not every system holds jobs to it (wine), so it is looked at,
  // too.
  bool HoldsMemoryLimit() {
    const uint64_t begin_bytes = memory_.share().begin_bytes;
    if (limits_.memory_bytes <= 0 || begin_bytes == 0) return true;
    const uint64_t most_bytes = begin_bytes + static_cast<uint64_t>(limits_.memory_bytes);
    if (!is_limited_) LimitJobMemory(worker_, most_bytes);
    is_limited_ = true;
    PROCESS_MEMORY_COUNTERS counters = {};
    counters.cb = sizeof(counters);
    return !GetProcessMemoryInfo(worker_.process.get(), &counters, sizeof(counters)) ||
           counters.PagefileUsage <= most_bytes;
  }

  const JobProcess& worker_;
  const SharedMemory& memory_;
  void* read_end_;
  IsolationLimits limits_;
  std::chrono::steady_clock::time_point deadline_;
  WorkerMessage message_;
  bool is_limited_ = false;
};

std::string StatusText(DWORD status) {
  static constexpr struct {
    DWORD status;
    const char* name;
  } kNames[] = {{kAbortStatus, "abort"},
                {STATUS_ACCESS_VIOLATION, "access violation"},
                {STATUS_ILLEGAL_INSTRUCTION, "illegal instruction"},
                {STATUS_INTEGER_DIVIDE_BY_ZERO, "division by zero"},
                {STATUS_IN_PAGE_ERROR, "page error"},
                {STATUS_STACK_BUFFER_OVERRUN, "fail fast"},
                {STATUS_STACK_OVERFLOW, "stack overflow"}};
  const char* name = "unknown";
  for (const auto& known : kNames) {
    if (known.status == status) name = known.name;
  }
  return fmt::format("status {:#x} ({})", status, name);
}

ExitOfWorker ExitOf(DWORD status) {
  constexpr DWORD kLargestExitCode = 0x3fffffff;  // beyond are statuses of the system
  if (status > kLargestExitCode) return {StatusText(status), 0};
  return {"", status};
}

IsolatedAnswer RunHere(const std::function<std::string()>& body) {
  try {
    return {body(), ""};
  } catch (const std::exception& error) {
    return {"", fmt::format("threw an exception: {}", error.what())};
  }
}

}  // namespace

Isolation IsolationHere() { return Isolation::kRequests; }

IsolatedAnswer RunIsolated(const IsolationLimits& limits, const std::function<std::string()>& body,
                           const std::function<std::string()>& request) {
  if (!request) return RunHere(body);
  const SharedMemory memory(request(), limits.memory_bytes);
  const Pipe pipe;
  const JobProcess worker = StartWorker(memory, pipe);
  Watch watch(worker, memory, pipe.read_end.get(), limits);
  const Ending ending = watch.Receive();
  if (watch.message().IsWhole()) return AnswerOf(watch.message());
  return {"", ReasonOf(memory.share().notes, limits, ending, ExitOf(watch.status()))};
}

}  // namespace deltagauge
