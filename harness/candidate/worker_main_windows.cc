// deltagauge_plugin_worker: what a fork is on POSIX. Answers one request (worker_program.h) and
// ends.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
// after windows.h
#include <psapi.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "harness/candidate/worker_message.h"
#include "harness/candidate/worker_program.h"
#include "harness/candidate/worker_request.h"

namespace deltagauge {
namespace {

WorkerShare* share = nullptr;

uint64_t UsedBytes() {
  PROCESS_MEMORY_COUNTERS counters = {};
  counters.cb = sizeof(counters);
  return GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters))
             ? counters.PagefileUsage
             : 0;
}

// Nine tenths: what did not fit any more was larger than nothing.
bool IsOutOfMemory() {
  const uint64_t most = share->begin_bytes + static_cast<uint64_t>(share->memory_bytes);
  return share->memory_bytes > 0 && UsedBytes() > most / 10 * 9;
}

// Whoever has handlers of its own for it has been asked before.
LONG WINAPI NoteException(EXCEPTION_POINTERS* what) {
  const EXCEPTION_RECORD& record = *what->ExceptionRecord;
  if (record.ExceptionCode == STATUS_ACCESS_VIOLATION && record.NumberParameters >= 2) {
    DescribeFault(record.ExceptionInformation[1], share->notes.fault, sizeof(share->notes.fault));
  }
  share->notes.out_of_memory = IsOutOfMemory() ? 1 : 0;
  TerminateProcess(GetCurrentProcess(), record.ExceptionCode);
  return EXCEPTION_EXECUTE_HANDLER;
}

// Asked first: to look for handlers takes more stack than there may be left.
LONG WINAPI EndAtStackOverflow(EXCEPTION_POINTERS* what) {
  const DWORD code = what->ExceptionRecord->ExceptionCode;
  if (code == STATUS_STACK_OVERFLOW) TerminateProcess(GetCurrentProcess(), code);
  return EXCEPTION_CONTINUE_SEARCH;
}

void NoteAbort(int) {
  share->notes.out_of_memory = IsOutOfMemory() ? 1 : 0;
  TerminateProcess(GetCurrentProcess(), kAbortStatus);
}

void WatchFatalErrors() {
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);  // no window waits for an answer
  AddVectoredExceptionHandler(1, EndAtStackOverflow);
  SetUnhandledExceptionFilter(NoteException);
  std::signal(SIGABRT, NoteAbort);
}

void Send(HANDLE pipe, WorkerMessage::Kind kind, std::string_view bytes) {
  const std::string message = WorkerMessage::Pack(kind, bytes);
  constexpr size_t kPieceBytes = 1 << 16;
  for (size_t sent = 0; sent < message.size();) {
    const size_t piece = std::min(message.size() - sent, kPieceBytes);
    DWORD count = 0;
    if (!WriteFile(pipe, message.data() + sent, static_cast<DWORD>(piece), &count, nullptr)) return;
    sent += count;
  }
}

[[noreturn]] void Work(HANDLE pipe) {
  SetWorkerNotes(&share->notes);
  WatchFatalErrors();
  const std::string_view request(reinterpret_cast<const char*>(share + 1),
                                 static_cast<size_t>(share->request_bytes));
  try {
    const WorkerTask task = UnpackRequest(request);
    share->begin_bytes = UsedBytes();
    Send(pipe, WorkerMessage::Kind::kAnswer, Answer(task));
  } catch (const std::exception& error) {
    Send(pipe, WorkerMessage::Kind::kException, error.what());
  } catch (...) {
    Send(pipe, WorkerMessage::Kind::kException, "of no known kind");
  }
  std::fflush(nullptr);
  // Without what the plug-in would do at the end.
  TerminateProcess(GetCurrentProcess(), 0);
  std::abort();
}

HANDLE HandleOf(const char* word) {
  uintptr_t value = 0;
  std::from_chars(word, word + std::strlen(word), value);
  return reinterpret_cast<HANDLE>(value);
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) {
  using deltagauge::HandleOf;
  if (argc == 3) {
    deltagauge::share = static_cast<deltagauge::WorkerShare*>(
        MapViewOfFile(HandleOf(argv[1]), FILE_MAP_ALL_ACCESS, 0, 0, 0));
    if (deltagauge::share != nullptr) deltagauge::Work(HandleOf(argv[2]));
  }
  std::fputs("deltagauge starts this program, for code that it does not trust\n", stderr);
  return 64;
}
