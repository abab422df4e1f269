#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <atomic>

#include "harness/base/interrupt.h"
#include "harness/base/job_process.h"

namespace deltagauge {
namespace {

std::atomic<bool> interrupted = false;
std::atomic<bool> has_ended = false;

// Runs in a thread of the system's. FALSE: what it would do without us, which is to end the
// process.
BOOL WINAPI OnControl(DWORD event) {
  const bool was_interrupted = interrupted.exchange(true);
  if (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT) return was_interrupted ? FALSE : TRUE;
  // The window is closed, the user logs off, the machine goes down: the process ends when this
  // returns, or after some seconds of the system's.
  while (!has_ended) Sleep(10);
  return TRUE;
}

void CALLBACK OnAsked(void*, BOOLEAN) { interrupted = true; }

Handle stop_event;
HANDLE waits_for_stop = nullptr;

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = false;
  has_ended = false;
  SetConsoleCtrlHandler(nullptr, FALSE);  // a process group of its own begins without Ctrl-C
  SetConsoleCtrlHandler(OnControl, TRUE);
  stop_event = StopEventOf(GetCurrentProcessId());
  RegisterWaitForSingleObject(&waits_for_stop, stop_event.get(), OnAsked, nullptr, INFINITE,
                              WT_EXECUTEONLYONCE);
}

InterruptGuard::~InterruptGuard() {
  if (waits_for_stop != nullptr) UnregisterWaitEx(waits_for_stop, INVALID_HANDLE_VALUE);
  waits_for_stop = nullptr;
  stop_event = Handle();
  SetConsoleCtrlHandler(OnControl, FALSE);
  has_ended = true;
}

bool Interrupted() { return interrupted; }

}  // namespace deltagauge
