#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "harness/bench/bench_peers_os.h"

namespace deltagauge {
namespace {

// Of executorch/extension/threadpool/threadpool.h, as the Itanium C++ ABI calls them: a member
// function takes its object first.
constexpr const char* kGetPool = "_ZN10executorch9extension10threadpool14get_threadpoolEv";
constexpr const char* kResetPool =
    "_ZN10executorch9extension10threadpool10ThreadPool24_unsafe_reset_threadpoolEj";
constexpr const char* kThreadCount =
    "_ZNK10executorch9extension10threadpool10ThreadPool16get_thread_countEv";

template <typename Function>
Function* Find(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

QuietStandardError::QuietStandardError() : saved_(-1) {
  std::fflush(stderr);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  saved_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (saved_ >= 0) dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

QuietStandardError::~QuietStandardError() {
  if (saved_ < 0) return;
  std::fflush(stderr);
  dup2(saved_, STDERR_FILENO);
  close(saved_);
}

int SetExecuTorchThreads(int num_threads) {
  const QuietStandardError quiet;  // It logs this too.
  void* library = dlopen("libexecutorch_threadpool.so", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return 0;
  auto* const get_pool = Find<void*()>(library, kGetPool);
  auto* const reset_pool = Find<bool(void*, uint32_t)>(library, kResetPool);
  auto* const thread_count = Find<size_t(const void*)>(library, kThreadCount);
  int count = 0;
  if (get_pool != nullptr && reset_pool != nullptr && thread_count != nullptr) {
    void* pool = get_pool();
    if (pool != nullptr) {
      if (thread_count(pool) != static_cast<size_t>(num_threads)) {
        reset_pool(pool, static_cast<uint32_t>(num_threads));
      }
      count = static_cast<int>(thread_count(pool));
    }
  }
  dlclose(library);
  return count;
}

}  // namespace deltagauge
