#include "kernels/torch_ops_threads.h"

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>

namespace deltagauge::torch_ops {
namespace {

// Calls work(0) .. work(num_workers - 1), each once, on the threads of ATen's pool.
//
// at::parallel_for itself is a header template: in a file compiled without the OpenMP flags of the
// libtorch build it silently runs on one thread, and with them it binds this library to an OpenMP
// runtime that need not be libtorch's. A tensor iterator over `num_workers` elements calls the
// at::parallel_for that was compiled into libtorch, whatever the runtime below it.
template <class Work>
void ForEachWorker(int num_workers, const Work& work) {
  thread_local int iterator_workers = 0;
  thread_local at::Tensor elements;
  thread_local std::unique_ptr<at::TensorIterator> iterator;
  if (iterator_workers != num_workers) {
    elements = at::empty({num_workers}, at::TensorOptions().dtype(at::kByte).device(at::kCPU));
    iterator = std::make_unique<at::TensorIterator>(
        at::TensorIteratorConfig().add_const_input(elements).build());
    iterator_workers = num_workers;
  }
  // The address of an element, never its value, tells which worker it stands for.
  const char* first = static_cast<const char*>(elements.const_data_ptr());
  const auto loop = [&](char** data, const int64_t* strides, int64_t columns, int64_t rows) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        work(static_cast<int>(data[0] + column * strides[0] + row * strides[1] - first));
      }
    }
  };
  iterator->for_each(loop, /*grain_size=*/1);
}

struct AlignedDelete {
  void operator()(std::byte* memory) const {
    ::operator delete (memory, std::align_val_t{kWorkspaceAlignment});
  }
};

}  // namespace

AtenParallelFor::AtenParallelFor()
    : num_threads_(at::in_parallel_region() ? 1 : at::get_num_threads()) {}

void AtenParallelFor::Run(int num_tasks, Task run_task, const void* context) {
  const int num_workers = std::min(num_threads_, num_tasks);
  if (num_workers <= 1) {
    for (int task = 0; task < num_tasks; ++task) run_task(context, task, 0);
    return;
  }
  // A worker owns its workspace whichever thread carries it out, and takes tasks until none is
  // left, so that a thread that starts late doesn't hold up the others.
  std::atomic<int> next_task{0};
  ForEachWorker(num_workers, [&](int worker) {
    for (int task = next_task++; task < num_tasks; task = next_task++) {
      run_task(context, task, worker);
    }
  });
}

Workspace ThreadWorkspace(int num_threads) {
  thread_local std::unique_ptr<std::byte, AlignedDelete> memory;
  thread_local size_t capacity = 0;
  const size_t bytes = static_cast<size_t>(num_threads) * kWorkspaceBytesPerThread;
  if (capacity < bytes) {
    memory.reset();
    capacity = 0;
    memory.reset(
        static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kWorkspaceAlignment})));
    capacity = bytes;
  }
  return {memory.get(), bytes};
}

}  // namespace deltagauge::torch_ops
