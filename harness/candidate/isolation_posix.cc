#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>

#include "fmt/format.h"
#include "harness/candidate/isolation.h"
#include "harness/candidate/worker_ending.h"
#include "harness/candidate/worker_message.h"
#include "harness/candidate/worker_notes.h"

namespace deltagauge {
namespace {

constexpr int kFatalSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

[[noreturn]] void ThrowSystemError(const char* what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }
  void Close() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_;
};

// Seen by both processes.
class SharedNotes {
 public:
  SharedNotes() {
    void* const memory = mmap(nullptr, sizeof(WorkerNotes), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) ThrowSystemError("mmap");
    notes_ = new (memory) WorkerNotes;
  }
  ~SharedNotes() { munmap(notes_, sizeof(WorkerNotes)); }
  SharedNotes(const SharedNotes&) = delete;
  SharedNotes& operator=(const SharedNotes&) = delete;
  WorkerNotes* get() const { return notes_; }

 private:
  WorkerNotes* notes_;
};

// --- in the worker

// Pages of address space that a process has; 0: not known. Callable from a signal handler.
int64_t UsedPages(const char* statm = "/proc/self/statm") {
  const int file = open(statm, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[32] = "";
  const ssize_t count = read(file, text, sizeof(text) - 1);
  close(file);
  int64_t pages = 0;
  for (ssize_t i = 0; i < count && text[i] >= '0' && text[i] <= '9'; ++i) {
    pages = pages * 10 + (text[i] - '0');
  }
  return pages;
}

int64_t most_pages = 0;  // 0: no limit

void NoteFatalSignal(int signal, siginfo_t* info, void*) {
  WorkerNotes* const notes = CurrentWorkerNotes();
  if (notes != nullptr) {
    if (signal == SIGSEGV || signal == SIGBUS) {
      DescribeFault(reinterpret_cast<uintptr_t>(info->si_addr), notes->fault, sizeof(notes->fault));
    }
    // Nine tenths: what did not fit any more was larger than nothing.
    notes->out_of_memory = most_pages > 0 && UsedPages() > most_pages / 10 * 9 ? 1 : 0;
  }
  ::signal(signal, SIG_DFL);
  raise(signal);
}

void WatchFatalSignals() {
  // A stack of its own: the fault may be that the usual one is used up.
  constexpr size_t kStackBytes = 65536;
  static char stack[kStackBytes];
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = kStackBytes;
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = NoteFatalSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : kFatalSignals) sigaction(signal, &action, nullptr);
}

void LimitMemory(int64_t memory_bytes, WorkerNotes* notes) {
  const int64_t used_pages = UsedPages();
  if (memory_bytes <= 0 || used_pages == 0) return;
  const int64_t page_bytes = sysconf(_SC_PAGESIZE);
  most_pages = used_pages + memory_bytes / page_bytes;
  notes->most_pages = most_pages;
  rlimit limit = {};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = std::min<rlim_t>(
      limit.rlim_max, static_cast<rlim_t>(most_pages) * static_cast<rlim_t>(page_bytes));
  setrlimit(RLIMIT_AS, &limit);
}

void Send(int descriptor, WorkerMessage::Kind kind, const std::string& bytes) {
  const std::string message = WorkerMessage::Pack(kind, bytes);
  for (size_t sent = 0; sent < message.size();) {
    const ssize_t count = write(descriptor, message.data() + sent, message.size() - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    sent += static_cast<size_t>(count);
  }
}

[[noreturn]] void Work(const IsolationLimits& limits, const std::function<std::string()>& body,
                       WorkerNotes* notes, int descriptor) {
  setpgid(0, 0);  // so that what it starts can be ended with it
#if defined(__linux__)
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  const rlimit no_core = {};
  setrlimit(RLIMIT_CORE, &no_core);
  SetWorkerNotes(notes);
  WatchFatalSignals();
  LimitMemory(limits.memory_bytes, notes);
  try {
    Send(descriptor, WorkerMessage::Kind::kAnswer, body());
  } catch (const std::exception& error) {
    Send(descriptor, WorkerMessage::Kind::kException, error.what());
  } catch (...) {
    Send(descriptor, WorkerMessage::Kind::kException, "of no known kind");
  }
  _exit(0);  // without what atexit and static objects of this program would do a second time
}

// --- in the process that watches

class Watch {
 public:
  Watch(pid_t worker, int descriptor, const WorkerNotes* notes, double seconds)
      : worker_(worker),
        descriptor_(descriptor),
        notes_(notes),
        statm_(fmt::format("/proc/{}/statm", worker)),
        deadline_(std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(seconds))) {}

  // Until the message is whole, there will be none, or time is over.
  void Receive() {
    while (!message_.IsWhole()) {
      if (std::chrono::steady_clock::now() > deadline_ || !HoldsMemoryLimit()) return;
      // Asked first: what an ended worker has sent is in the pipe by now. The end of the pipe says
      // nothing, for what the worker has started may hold it open.
      const bool has_ended = HasEnded();
      pollfd ready = {descriptor_, POLLIN, 0};
      if (poll(&ready, 1, has_ended ? 0 : kTickMilliseconds) > 0) {
        if (ReadSome() == 0) break;
      } else if (has_ended) {
        break;
      }
    }
  }

  // Ends all that is left of it. A worker that has not answered may still have to die by itself.
  Ending End() {
    Ending ending = Ending::kEnded;
    while (!message_.IsWhole() && !HasEnded() && ending == Ending::kEnded) {
      if (std::chrono::steady_clock::now() > deadline_) ending = Ending::kTimeOver;
      if (!HoldsMemoryLimit()) ending = Ending::kMemoryOver;
      poll(nullptr, 0, 1);
    }
    kill(-worker_, SIGKILL);
    kill(worker_, SIGKILL);
    while (waitpid(worker_, &status_, 0) < 0 && errno == EINTR) {
    }
    return ending;
  }

  const WorkerMessage& message() const { return message_; }
  int status() const { return status_; }

 private:
  static constexpr int kTickMilliseconds = 20;

  // Its status is left for End, and with it its number, which is not given to another process.
  bool HasEnded() const {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(worker_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == worker_;
  }

  // The system refuses more than that. Not every one holds processes to it (qemu-user), so it is
  // looked at, too.
  bool HoldsMemoryLimit() const {
    return notes_->most_pages <= 0 || UsedPages(statm_.c_str()) <= notes_->most_pages;
  }

  size_t ReadSome() {
    char buffer[65536];
    const ssize_t count = read(descriptor_, buffer, sizeof(buffer));
    if (count < 0) return errno == EINTR || errno == EAGAIN ? 1 : 0;
    message_.Append(buffer, static_cast<size_t>(count));
    return static_cast<size_t>(count);
  }

  pid_t worker_;
  int descriptor_;
  const WorkerNotes* notes_;
  std::string statm_;
  std::chrono::steady_clock::time_point deadline_;
  WorkerMessage message_;
  int status_ = 0;
};

std::string SignalText(int signal) {
  const char* const name = strsignal(signal);
  return fmt::format("signal {} ({})", signal, name == nullptr ? "unknown" : name);
}

ExitOfWorker ExitOf(int status) {
  if (WIFSIGNALED(status)) return {SignalText(WTERMSIG(status)), 0};
  return {"", WEXITSTATUS(status)};
}

}  // namespace

Isolation IsolationHere() { return Isolation::kAnyBody; }

IsolatedAnswer RunIsolated(const IsolationLimits& limits, const std::function<std::string()>& body,
                           const std::function<std::string()>& /*request*/) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) ThrowSystemError("pipe");
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  const SharedNotes notes;
  std::fflush(nullptr);  // or both processes would print it
  const pid_t worker = fork();
  if (worker < 0) ThrowSystemError("fork");
  if (worker == 0) {
    read_end.Close();
    Work(limits, body, notes.get(), write_end.get());
  }
  setpgid(worker, worker);  // here too: whichever comes first
  write_end.Close();
  Watch watch(worker, read_end.get(), notes.get(), limits.seconds);
  watch.Receive();
  const Ending ending = watch.End();
  const WorkerMessage& message = watch.message();
  if (message.IsWhole()) return AnswerOf(message);
  return {"", ReasonOf(*notes.get(), limits, ending, ExitOf(watch.status()))};
}

}  // namespace deltagauge
