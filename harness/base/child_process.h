// A program that runs beside this one: started, listened to, asked to stop, killed.
#ifndef DELTAGAUGE_HARNESS_BASE_CHILD_PROCESS_H_
#define DELTAGAUGE_HARNESS_BASE_CHILD_PROCESS_H_

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace deltagauge {

struct ProcessStart {
  std::filesystem::path program;
  std::vector<std::string> args;     // without the program's name; UTF-8
  std::filesystem::path error_file;  // gets its standard error; must not exist
};

struct ProcessEnd {
  std::optional<int> exit_code;  // absent: it was ended from outside, or crashed
  std::string how;               // "exit code 3", "signal 9"
};

// One child. Its standard input is empty; of what this process has open it gets nothing else; a
// Ctrl-C at the terminal does not reach it. It ends when this process does, however that ends (on
// Linux: when the thread that started it does). Not safe for two threads at once.
class ChildProcess {
 public:
  // Throws reference::InputError if the program can't be started.
  explicit ChildProcess(const ProcessStart& start);
  // Kills it if it still runs, and what it has started in turn.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // What it has written to standard output since: waits until there is something, at most so long.
  // Empty: nothing came; absent: nothing will come any more.
  std::optional<std::string> Read(std::chrono::milliseconds wait);

  // As by Ctrl-C. On Windows only programs with an InterruptGuard (interrupt.h) hear it.
  void AskToStop();
  void Kill();

  // How it ended; nothing as long as it runs.
  std::optional<ProcessEnd> End();

 private:
  class System;
  std::unique_ptr<System> system_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_CHILD_PROCESS_H_
