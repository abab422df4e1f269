#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <array>
#include <system_error>

#include "fmt/format.h"
#include "harness/base/child_process.h"
#include "harness/base/job_process.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& what) {
  const auto error = static_cast<int>(GetLastError());
  throw reference::InputError(what.string(),
                              "can't be started: " + std::system_category().message(error));
}

}  // namespace

class ChildProcess::System {
 public:
  explicit System(const ProcessStart& start) {
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), nullptr, TRUE};
    const Handle in(CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit,
                                OPEN_EXISTING, 0, nullptr));
    const Handle err(CreateFileW(start.error_file.c_str(), GENERIC_WRITE, FILE_SHARE_READ, &inherit,
                                 CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (err.get() == nullptr) Fail(start.error_file);
    HANDLE read = nullptr;
    HANDLE write = nullptr;
    if (!CreatePipe(&read, &write, &inherit, 0)) Fail(start.program);
    out_ = Handle(read);
    const Handle out(write);
    child_ = StartInJob({.program = start.program,
                         .args = start.args,
                         .standard = {in.get(), out.get(), err.get()}});
    stop_event_ = StopEventOf(child_.id);
  }

  ~System() {
    if (!End()) Kill();
  }

  System(const System&) = delete;
  System& operator=(const System&) = delete;

  // Windows can't wait for this kind of pipe: it is looked at.
  std::optional<std::string> Read(std::chrono::milliseconds wait) {
    constexpr DWORD kBetween_ms = 10;
    for (int64_t left_ms = wait.count();; left_ms -= kBetween_ms) {
      DWORD there = 0;
      if (!PeekNamedPipe(out_.get(), nullptr, 0, nullptr, &there, nullptr)) return std::nullopt;
      if (there > 0) break;
      if (left_ms <= 0) return "";
      Sleep(kBetween_ms);
    }
    std::array<char, 4096> piece;
    DWORD got = 0;
    if (!ReadFile(out_.get(), piece.data(), piece.size(), &got, nullptr)) return std::nullopt;
    return std::string(piece.data(), got);
  }

  void AskToStop() const { SetEvent(stop_event_.get()); }
  void Kill() const { TerminateJobObject(child_.job.get(), kKilled); }

  std::optional<ProcessEnd> End() const {
    if (WaitForSingleObject(child_.process.get(), 0) != WAIT_OBJECT_0) return std::nullopt;
    DWORD code = 0;
    GetExitCodeProcess(child_.process.get(), &code);
    if (code <= 255) {
      return ProcessEnd{static_cast<int>(code), fmt::format("exit code {}", code)};
    }
    return ProcessEnd{std::nullopt, fmt::format("status {:#x}", code)};
  }

 private:
  // Not the exit code of a program: as the system's own status for Ctrl-C.
  static constexpr DWORD kKilled = 0xC000013A;

  JobProcess child_;
  Handle stop_event_;  // kept, so that a child which looks later finds it
  Handle out_;
};

ChildProcess::ChildProcess(const ProcessStart& start) : system_(std::make_unique<System>(start)) {}
ChildProcess::~ChildProcess() = default;
std::optional<std::string> ChildProcess::Read(std::chrono::milliseconds wait) {
  return system_->Read(wait);
}
void ChildProcess::AskToStop() { system_->AskToStop(); }
void ChildProcess::Kill() { system_->Kill(); }
std::optional<ProcessEnd> ChildProcess::End() { return system_->End(); }

}  // namespace deltagauge
