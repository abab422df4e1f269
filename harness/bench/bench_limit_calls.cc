#include "harness/bench/bench_limit_calls.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/bench/bench_problem.h"
#include "kernels/machine_limits.h"

namespace deltagauge {
namespace {

// Enough that a thread which wakes up late doesn't hold up the others for long.
constexpr int kFmaTasksPerThread = 4;

}  // namespace

FmaCall::FmaCall(double units, double flops_per_unit, ThreadPool& threads, std::string target)
    : flops_per_unit_(flops_per_unit), threads_(threads), target_(std::move(target)) {
  const int num_threads = threads_.NumThreads();
  num_tasks_ = num_threads == 1 ? 1 : kFmaTasksPerThread * num_threads;
  sinks_.resize(static_cast<size_t>(num_tasks_));
  const ForcedTarget forced(target_);
  float sink = 0;
  const auto flops_per_iteration = static_cast<double>(RunFmaPeak(1, &sink));
  const double iterations = units * flops_per_unit / (flops_per_iteration * num_tasks_);
  iterations_per_task_ = std::max<int64_t>(1, std::llround(iterations));
  flops_per_run_ = static_cast<double>(iterations_per_task_) * flops_per_iteration * num_tasks_;
}

std::string FmaCall::Name() const {
  return "multiply-adds, " + DescribeThreads(threads_.NumThreads());
}

void FmaCall::RunTask(const void* context, int task, int /*thread*/) {
  const FmaCall& call = *static_cast<const FmaCall*>(context);
  float sink = 0.001f * static_cast<float>(task);
  RunFmaPeak(call.iterations_per_task_, &sink);
  call.sinks_[static_cast<size_t>(task)] = sink;
}

void FmaCall::Enter() {
  forced_.emplace(target_);
  pinned_.emplace(threads_.CallerCpu());
}

void FmaCall::Leave() {
  pinned_.reset();
  forced_.reset();
}

void FmaCall::Run() { threads_.Run(num_tasks_, RunTask, this); }

std::string FmaCall::Defect() const {
  for (const float sink : sinks_) {
    if (!std::isfinite(sink) || sink == 0) return "its sums are not what the loop converges to";
  }
  return "";
}

StreamCall::StreamCall(std::span<float> data, double units, ThreadPool& threads, float factor)
    : data_(data), units_(units), threads_(threads), factor_(factor) {}

std::string StreamCall::Name() const {
  return "stream update, " + DescribeThreads(threads_.NumThreads());
}

void StreamCall::RunTask(const void* context, int task, int /*thread*/) {
  const StreamCall& call = *static_cast<const StreamCall*>(context);
  const auto num_tasks = static_cast<size_t>(call.threads_.NumThreads());
  // Parts begin at cache lines: no two threads write one.
  constexpr size_t kLine = 64 / sizeof(float);
  const size_t share = (call.data_.size() + num_tasks - 1) / num_tasks;
  const size_t part = (share + kLine - 1) / kLine * kLine;
  const size_t begin = std::min(part * static_cast<size_t>(task), call.data_.size());
  const size_t end = std::min(begin + part, call.data_.size());
  RunStreamUpdate(call.data_.data() + begin, end - begin, call.factor_);
}

void StreamCall::Run() { threads_.Run(threads_.NumThreads(), RunTask, this); }

}  // namespace deltagauge
