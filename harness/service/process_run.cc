#include "harness/service/process_run.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "harness/base/child_process.h"
#include "harness/base/host_lock.h"
#include "harness/report/report_file.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook(100);  // how often it is asked whether to end
constexpr size_t kMaxLineBytes = size_t{64} << 10;

// New, and for this user alone.
class RunFolder {
 public:
  RunFolder(const fs::path& work, const std::string& task) : path_(work / task) {
    MakeDirectories(work.string());
    std::error_code error;
    if (!fs::create_directory(path_, error)) {
      throw reference::InputError(path_.string(), "is no new folder: " + error.message());
    }
    fs::permissions(path_, fs::perms::owner_all, error);
  }
  ~RunFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Pieces of a stream to its whole lines.
class LineCutter {
 public:
  template <typename Take>
  void Add(std::string_view piece, const Take& take) {
    rest_ += piece;
    size_t begin = 0;
    for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      take(rest_.substr(begin, end - begin));
      begin = end + 1;
    }
    rest_.erase(0, begin);
    if (rest_.size() > kMaxLineBytes) rest_.clear();
  }

 private:
  std::string rest_;
};

std::vector<std::string> ArgumentsOf(const RunOrder& order, const fs::path& out) {
  std::vector<std::string> args = {"run",     order.config_file.string(), "--out", out.string(),
                                   "--fresh", "--progress-json"};
  // In one word, so that no value is taken for an option.
  for (const std::string& text : order.overrides) args.push_back("--set=" + text);
  return args;
}

// The last line, without the program's name.
std::string LastWords(const fs::path& error_file) {
  std::ifstream file(error_file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  constexpr std::string_view kName = "deltagauge: ";
  if (text.starts_with(kName)) text.erase(0, kName.size());
  constexpr size_t kMaxMessageBytes = 2000;
  return text.substr(0, kMaxMessageBytes);
}

class ProcessRun {
 public:
  ProcessRun(const ProcessRunOptions& options, const RunOrder& order, const RunWatch& watch)
      : options_(options),
        watch_(watch),
        folder_(options.work_folder, order.task),
        child_({options.program, ArgumentsOf(order, folder_.path() / "out"),
                folder_.path() / "stderr.txt"}) {}

  RunOutcome Finish() {
    const ProcessEnd end = Wait();
    RunOutcome outcome;
    outcome.exit_code = end.exit_code;
    const fs::path report = folder_.path() / "out" / "report.json";
    std::error_code ignored;
    if (fs::exists(report, ignored)) {
      outcome.report = ReadWholeFile(report.string(), options_.max_report_bytes);
    }
    if (!end.exit_code) {
      outcome.message = "its process ended by " + end.how;
    } else if (outcome.report.empty()) {
      outcome.message = LastWords(folder_.path() / "stderr.txt");
      if (outcome.message.empty()) outcome.message = "no report; " + end.how;
    }
    return outcome;
  }

 private:
  ProcessEnd Wait() {
    for (;;) {
      StopIfAsked();
      const bool is_open = Hear(kLook);
      if (const std::optional<ProcessEnd> end = child_.End()) {
        while (Hear(std::chrono::milliseconds(0)) && heard_) {
        }
        return *end;
      }
      if (!is_open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void StopIfAsked() {
    if (!asked_) {
      if (!watch_.cancelled()) return;
      asked_ = Clock::now();
      child_.AskToStop();
    } else if (Clock::now() - *asked_ >= options_.stop_grace) {
      child_.Kill();
    }
  }

  // False once nothing will come any more.
  bool Hear(std::chrono::milliseconds wait) {
    const std::optional<std::string> piece = child_.Read(wait);
    heard_ = piece && !piece->empty();
    if (!piece) return false;
    lines_.Add(*piece, [&](std::string_view line) {
      if (const auto step = ReadRunStep(line)) watch_.progress(*step);
    });
    return true;
  }

  const ProcessRunOptions& options_;
  const RunWatch& watch_;
  RunFolder folder_;
  ChildProcess child_;
  LineCutter lines_;
  bool heard_ = false;
  std::optional<Clock::time_point> asked_;
};

// Two that are timed at once would measure each other. Nothing if it was cancelled meanwhile.
std::optional<HostLock> AwaitTurn(const fs::path& lock_file, const RunWatch& watch) {
  while (!watch.cancelled()) {
    if (std::optional<HostLock> turn = HostLock::Try(lock_file)) return turn;
    std::this_thread::sleep_for(kLook);
  }
  return std::nullopt;
}

}  // namespace

Runner RunInProcess(ProcessRunOptions options) {
  return [options = std::move(options)](const RunOrder& order, const RunWatch& watch) {
    const std::optional<HostLock> turn = AwaitTurn(options.lock_file, watch);
    if (!turn) return RunOutcome();
    watch.started();
    return ProcessRun(options, order, watch).Finish();
  };
}

}  // namespace deltagauge
