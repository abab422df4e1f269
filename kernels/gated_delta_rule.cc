#include "kernels/gated_delta_rule.h"

#include <algorithm>
#include <cstdint>

#include "kernels/task.h"

namespace deltagauge {
namespace {

struct Call {
  const GatedDeltaRuleArgs* args;
  const SimdTarget* target;
  TaskPlan plan;
  Workspace workspace;
  int num_threads;
};

float* ThreadWorkspace(const Workspace& workspace, int thread) {
  auto* bytes = static_cast<unsigned char*>(workspace.data);
  return reinterpret_cast<float*>(bytes + static_cast<size_t>(thread) * kWorkspaceBytesPerThread);
}

// The task after `index` on the same thread, if threads take the next one as they get free: a
// guess, of which only the speed depends.
int LikelyNext(const Call& call, int index) {
  return index + call.num_threads < call.plan.num_tasks ? index + call.num_threads : index;
}

void RunTask(const void* context, int index, int thread) {
  const Call& call = *static_cast<const Call*>(context);
  float* workspace = ThreadWorkspace(call.workspace, thread);
  const int64_t parts = NumParts(*call.args, call.plan, index);
  Task task = GetTask(*call.args, call.plan, index, 0);
  for (int64_t part = 0; part < parts; ++part) {
    const bool ends = part + 1 == parts;
    const int after = ends ? LikelyNext(call, index) : index;
    const Task next = GetTask(*call.args, call.plan, after, ends ? 0 : part + 1);
    const bool is_last = ends && after == index;
    call.target->run_task(*call.args, call.plan, task, is_last ? task : next, workspace);
    task = next;
  }
}

Status CheckWorkspace(const Workspace& workspace, int num_threads) {
  if (workspace.data == nullptr) {
    return {StatusCode::kNullPointer, "workspace", "memory for each thread", 0};
  }
  if (reinterpret_cast<uintptr_t>(workspace.data) % kWorkspaceAlignment != 0) {
    return {StatusCode::kMisalignedPointer, "workspace", "an address divisible by 64", 0};
  }
  if (workspace.bytes < static_cast<size_t>(num_threads) * kWorkspaceBytesPerThread) {
    return {StatusCode::kWorkspaceTooSmall, "workspace",
            "kWorkspaceBytesPerThread bytes for each thread",
            static_cast<int64_t>(workspace.bytes)};
  }
  return {};
}

}  // namespace

Status GatedDeltaRule(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
                      RunInfo* info) {
  Status status = ValidateGatedDeltaRule(args);
  if (!status.ok()) return status;
  const int num_threads = threads.NumThreads();
  status = CheckWorkspace(workspace, num_threads);
  if (!status.ok()) return status;
  const SimdTarget& target = ActiveSimdTarget();
  const Call call{&args, &target, PlanTasks(args, target.vector_lanes, num_threads), workspace,
                  num_threads};
  const int num_tasks = static_cast<int>(call.plan.num_tasks);
  if (info != nullptr) *info = {target.name, num_tasks};
  if (num_tasks > 0) threads.Run(num_tasks, RunTask, &call);
  return {};
}

}  // namespace deltagauge
