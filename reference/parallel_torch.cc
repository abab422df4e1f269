#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "reference/layer_recurrence_torch.h"

namespace deltagauge::reference {
namespace {

// Calls work(0) .. work(num_workers - 1), each once, on the threads of ATen. at::parallel_for is a
// header template that is serial in a file compiled without libtorch's OpenMP flags; a tensor
// iterator over `num_workers` elements calls the one that is compiled into libtorch. The address of
// an element, never its value, tells which worker it stands for.
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

}  // namespace

void RunOnTorchThreads(int num_tasks, TorchTask run_task, const void* context) {
  const int num_workers = std::min(TorchThreads(), num_tasks);
  if (num_workers <= 1) {
    for (int task = 0; task < num_tasks; ++task) run_task(context, task, 0);
    return;
  }
  std::atomic<int> next_task{0};
  ForEachWorker(num_workers, [&](int worker) {
    for (int task = next_task++; task < num_tasks; task = next_task++) {
      run_task(context, task, worker);
    }
  });
}

}  // namespace deltagauge::reference
