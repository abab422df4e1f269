#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <algorithm>
#include <system_error>

#include "harness/base/job_process.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& what) {
  const auto error = static_cast<int>(GetLastError());
  throw reference::InputError(reference::PathName(what),
                              "can't be started: " + std::system_category().message(error));
}

std::wstring Wide(const std::string& text) { return reference::PathOf(text).wstring(); }

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

// The child inherits these handles and no others. Each is named once, or the system refuses.
class Inherited {
 public:
  explicit Inherited(const JobStart& start) : handles_(start.others) {
    handles_.insert(handles_.end(), start.standard.begin(), start.standard.end());
    std::sort(handles_.begin(), handles_.end());
    handles_.erase(std::unique(handles_.begin(), handles_.end()), handles_.end());
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    memory_.resize(size);
    list_ = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data());
    is_good_ =
        InitializeProcThreadAttributeList(list_, 1, 0, &size) &&
        UpdateProcThreadAttribute(list_, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles_.data(),
                                  handles_.size() * sizeof(HANDLE), nullptr, nullptr);
  }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;
  ~Inherited() { DeleteProcThreadAttributeList(list_); }
  bool is_good() const { return is_good_; }
  LPPROC_THREAD_ATTRIBUTE_LIST list() const { return list_; }

 private:
  std::vector<HANDLE> handles_;
  std::vector<char> memory_;
  LPPROC_THREAD_ATTRIBUTE_LIST list_ = nullptr;
  bool is_good_ = false;
};

void SetLimits(HANDLE job, DWORD flags, uint64_t memory_bytes) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | flags;
  limits.ProcessMemoryLimit = static_cast<SIZE_T>(memory_bytes);
  SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
}

}  // namespace

Handle::Handle(void* handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
Handle::~Handle() {
  if (handle_ != nullptr) CloseHandle(handle_);
}

JobProcess StartInJob(const JobStart& start) {
  JobProcess child;
  child.job = Handle(CreateJobObjectW(nullptr, nullptr));
  SetLimits(child.job.get(), 0, 0);
  const Inherited inherited(start);
  if (!inherited.is_good()) Fail(start.program);
  STARTUPINFOEXW info = {};
  info.StartupInfo.cb = sizeof(info);
  info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  info.StartupInfo.hStdInput = start.standard[0];
  info.StartupInfo.hStdOutput = start.standard[1];
  info.StartupInfo.hStdError = start.standard[2];
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
  child.process = Handle(made.hProcess);
  const Handle thread(made.hThread);
  child.id = made.dwProcessId;
  AssignProcessToJobObject(child.job.get(), child.process.get());
  ResumeThread(thread.get());
  return child;
}

Handle StopEventOf(uint32_t process_id) {
  const std::wstring name = L"Local\\DeltaGauge-stop-" + std::to_wstring(process_id);
  return Handle(CreateEventW(nullptr, TRUE, FALSE, name.c_str()));
}

void LimitJobMemory(const JobProcess& process, uint64_t bytes) {
  SetLimits(process.job.get(), JOB_OBJECT_LIMIT_PROCESS_MEMORY, bytes);
}

}  // namespace deltagauge
