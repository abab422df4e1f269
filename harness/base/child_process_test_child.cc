// What child_process_test.cc starts: does the deed that its first argument names.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "harness/base/interrupt.h"

namespace {

// The files that it has open, where the system tells.
int ShowDescriptors() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    std::error_code gone;  // the one by which the folder is read
    std::cout << std::filesystem::read_symlink(entry.path(), gone).string() << '\n';
  }
  return 0;
}

int Say(int argc, char** argv) {
  std::cout << "out";
  for (int i = 2; i < argc; ++i) std::cout << '[' << argv[i] << ']';
  std::cout << std::endl;
  std::cerr << "err" << std::endl;
  return std::cin.get() == std::char_traits<char>::eof() ? 3 : 4;
}

// With an exit code that nothing else gives.
int WaitUntilAsked() {
  const deltagauge::InterruptGuard guard;
  std::cout << "ready" << std::endl;
  while (!deltagauge::Interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return 5;
}

void Crash() {
#if defined(_WIN32)
  volatile int* nowhere = nullptr;  // abort() gives an exit code there
  *nowhere = 1;
#else
  std::abort();
#endif
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view deed = argc > 1 ? argv[1] : "";
  if (deed == "say") return Say(argc, argv);
  if (deed == "descriptors") return ShowDescriptors();
  if (deed == "wait") return WaitUntilAsked();
  std::cout << "ready" << std::endl;
  if (deed == "crash") Crash();
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}
