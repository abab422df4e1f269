#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <array>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "harness/base/child_process.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& what) {
  const auto error = static_cast<int>(GetLastError());
  throw reference::InputError(what.string(),
                              "can't be started: " + std::system_category().message(error));
}

class Handle {
 public:
  explicit Handle(HANDLE handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }
  HANDLE get() const { return handle_; }

 private:
  HANDLE handle_;
};

std::wstring Wide(const std::string& text) {
  const auto* bytes = reinterpret_cast<const char8_t*>(text.data());
  return std::filesystem::path(std::u8string(bytes, text.size())).wstring();
}

// As CommandLineToArgvW and the C library take it apart again.
void AppendQuoted(const std::wstring& text, std::wstring* line) {
  if (!line->empty()) *line += L' ';
  *line += L'"';
  size_t backslashes = 0;
  for (const wchar_t c : text) {
    if (c == L'"') line->append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    *line += c;
  }
  line->append(backslashes, L'\\');
  *line += L'"';
}

// The child inherits these handles and no others.
class Inherited {
 public:
  explicit Inherited(std::array<HANDLE, 3> handles) : handles_(handles) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    memory_.resize(size);
    list_ = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data());
    is_good_ = InitializeProcThreadAttributeList(list_, 1, 0, &size) &&
               UpdateProcThreadAttribute(list_, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                         handles_.data(), sizeof(handles_), nullptr, nullptr);
  }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;
  ~Inherited() { DeleteProcThreadAttributeList(list_); }
  bool is_good() const { return is_good_; }
  LPPROC_THREAD_ATTRIBUTE_LIST list() const { return list_; }

 private:
  std::array<HANDLE, 3> handles_;
  std::vector<char> memory_;
  LPPROC_THREAD_ATTRIBUTE_LIST list_ = nullptr;
  bool is_good_ = false;
};

}  // namespace

class ChildProcess::System {
 public:
  explicit System(const ProcessStart& start)
      : job_(CreateJobObjectW(nullptr, nullptr)), process_(nullptr), out_(nullptr) {
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
    // All that it starts ends with this process.
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(job_.get(), JobObjectExtendedLimitInformation, &limits, sizeof(limits));
    Start(start, {in.get(), out.get(), err.get()});
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

  // Reaches it only where both have a console.
  void AskToStop() const { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, id_); }
  void Kill() const { TerminateJobObject(job_.get(), kKilled); }

  std::optional<ProcessEnd> End() const {
    if (WaitForSingleObject(process_.get(), 0) != WAIT_OBJECT_0) return std::nullopt;
    DWORD code = 0;
    GetExitCodeProcess(process_.get(), &code);
    if (code <= 255) {
      return ProcessEnd{static_cast<int>(code), fmt::format("exit code {}", code)};
    }
    return ProcessEnd{std::nullopt, fmt::format("status {:#x}", code)};
  }

 private:
  // Not the exit code of a program: as the system's own status for Ctrl-C.
  static constexpr DWORD kKilled = 0xC000013A;

  void Start(const ProcessStart& start, const std::array<HANDLE, 3>& handles) {
    const Inherited inherited(handles);
    if (!inherited.is_good()) Fail(start.program);
    STARTUPINFOEXW info = {};
    info.StartupInfo.cb = sizeof(info);
    info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    info.StartupInfo.hStdInput = handles[0];
    info.StartupInfo.hStdOutput = handles[1];
    info.StartupInfo.hStdError = handles[2];
    info.lpAttributeList = inherited.list();
    std::wstring line;
    AppendQuoted(start.program.wstring(), &line);
    for (const std::string& text : start.args) AppendQuoted(Wide(text), &line);
    PROCESS_INFORMATION made = {};
    constexpr DWORD kFlags =
        CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP | EXTENDED_STARTUPINFO_PRESENT;
    if (!CreateProcessW(start.program.c_str(), line.data(), nullptr, nullptr, TRUE, kFlags, nullptr,
                        nullptr, &info.StartupInfo, &made)) {
      Fail(start.program);
    }
    process_ = Handle(made.hProcess);
    const Handle thread(made.hThread);
    id_ = made.dwProcessId;
    AssignProcessToJobObject(job_.get(), process_.get());
    ResumeThread(thread.get());
  }

  Handle job_;
  Handle process_;
  Handle out_;
  DWORD id_ = 0;
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
