#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "fmt/format.h"
#include "harness/base/child_process.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& what, int error) {
  throw reference::InputError(what.string(),
                              "can't be started: " + std::generic_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }
  int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// The child's own 0 to 3 are filled from these, so they lie above.
constexpr int kLowestSource = 4;

Descriptor Raised(const std::filesystem::path& what, int descriptor) {
  if (descriptor < 0) Fail(what, errno);
  const Descriptor low(descriptor);
  const int high = fcntl(descriptor, F_DUPFD_CLOEXEC, kLowestSource);
  if (high < 0) Fail(what, errno);
  return Descriptor(high);
}

struct Pipe {
  explicit Pipe(const std::filesystem::path& what) : read(-1), write(-1) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) Fail(what, errno);
    Descriptor second(ends[1]);
    read = Raised(what, ends[0]);
    write = Raised(what, second.Release());
  }
  Descriptor read;
  Descriptor write;
};

// In the child, from here to exec: only what is safe after the fork of one thread of many.
void CloseFrom(int first, int end) {
#if defined(__linux__) && defined(SYS_close_range)
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0) return;
#endif
  for (int i = first; i < end; ++i) close(i);
}

struct ChildPlan {
  const char* program;
  char* const* args;
  int in;
  int out;
  int err;
  int report;  // gets errno if the program can't be started
  pid_t parent;
  int open_end;  // no descriptor is as large
};

[[noreturn]] void BecomeProgram(const ChildPlan& plan) {
  setpgid(0, 0);
  dup2(plan.in, 0);
  dup2(plan.out, 1);
  dup2(plan.err, 2);
  dup2(plan.report, 3);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  CloseFrom(4, plan.open_end);
  // A signal that is ignored here (SIGPIPE in a service) would be ignored there as well.
  for (int i = 1; i < NSIG; ++i) signal(i, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (getppid() == plan.parent) execv(plan.program, plan.args);
  const int error = errno;
  const ssize_t ignored = write(3, &error, sizeof(error));
  _exit(ignored < 0 ? 126 : 127);
}

pid_t StartChild(const ProcessStart& start, const Descriptor& out) {
  const std::filesystem::path& name = start.program;
  const Descriptor in = Raised(name, open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor err = Raised(
      start.error_file,
      open(start.error_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  Pipe report(name);
  std::vector<std::string> texts = {name.string()};
  texts.insert(texts.end(), start.args.begin(), start.args.end());
  std::vector<char*> args;
  for (std::string& text : texts) args.push_back(text.data());
  args.push_back(nullptr);
  const auto open_max = sysconf(_SC_OPEN_MAX);
  const ChildPlan plan = {
      texts[0].c_str(), args.data(),
      in.get(),         out.get(),
      err.get(),        report.write.get(),
      getpid(),         static_cast<int>(open_max > 0 && open_max < 65536 ? open_max : 65536)};
  const pid_t child = fork();
  if (child < 0) Fail(name, errno);
  if (child == 0) BecomeProgram(plan);
  setpgid(child, child);  // by whichever of the two is first
  report.write = Descriptor(-1);
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(report.read.get(), &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  if (got == 0) return child;  // closed by exec
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  Fail(name, error);
}

ProcessEnd EndOf(int status) {
  if (WIFEXITED(status)) {
    return {WEXITSTATUS(status), fmt::format("exit code {}", WEXITSTATUS(status))};
  }
  return {std::nullopt, fmt::format("signal {}", WTERMSIG(status))};
}

}  // namespace

class ChildProcess::System {
 public:
  explicit System(const ProcessStart& start) : out_(-1) {
    Pipe pipe(start.program);
    child_ = StartChild(start, pipe.write);
    out_ = std::move(pipe.read);
  }

  ~System() {
    if (end_) return;
    Kill();
    Reap(Block::kYes);
  }

  System(const System&) = delete;
  System& operator=(const System&) = delete;

  std::optional<std::string> Read(std::chrono::milliseconds wait) {
    pollfd waiting = {out_.get(), POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(wait.count()));
    if (ready <= 0) return "";
    std::array<char, 4096> piece;
    const ssize_t got = read(out_.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) return "";
    if (got <= 0) return std::nullopt;
    return std::string(piece.data(), static_cast<size_t>(got));
  }

  void Signal(pid_t whom, int signal) const {
    if (!end_) kill(whom, signal);  // a number that was waited for may be another's
  }
  void AskToStop() const { Signal(child_, SIGTERM); }
  void Kill() const { Signal(-child_, SIGKILL); }

  std::optional<ProcessEnd> End() {
    if (!end_) Reap(Block::kNo);
    return end_;
  }

 private:
  enum class Block : uint8_t { kNo, kYes };

  void Reap(Block block) {
    siginfo_t info = {};
    int got = 0;
    do {
      got = waitid(P_PID, static_cast<id_t>(child_), &info,
                   WEXITED | WNOWAIT | (block == Block::kNo ? WNOHANG : 0));
    } while (got != 0 && errno == EINTR);
    if (got == 0 && info.si_pid == 0) return;  // it runs
    Kill();  // the rest of its group, before the number can be another's
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    end_ = EndOf(status);
  }

  pid_t child_ = -1;
  Descriptor out_;
  std::optional<ProcessEnd> end_;
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
