#include "kernels/task.h"

#include <algorithm>

namespace deltagauge {
namespace {

// What a task prepares (packing, dot products, decays), in units of one panel's work; measured at
// K = V = 128.
constexpr double kPreparationCost = 0.15;

int64_t DivideUp(int64_t n, int64_t d) { return (n + d - 1) / d; }

}  // namespace

TaskPlan PlanTasks(const GatedDeltaRuleArgs& args, int64_t panel_width, int num_threads) {
  TaskPlan plan;
  plan.panels_per_head = DivideUp(args.value_dim, panel_width);
  plan.heads_per_key = args.value_heads / args.key_heads;
  const int64_t items = plan.panels_per_head * plan.heads_per_key;
  const int64_t rows = args.num_sequences * args.key_heads;
  const int64_t largest = std::min(items, LayOutWorkspace(args.key_dim, panel_width).max_items);
  double best_cost = 0;
  for (int64_t size = largest; size >= 1; --size) {
    const int64_t tasks = rows * DivideUp(items, size);
    const double rounds = static_cast<double>(DivideUp(tasks, num_threads));
    const double cost = rounds * (static_cast<double>(size) + kPreparationCost);
    if (plan.items_per_group == 0 || cost < best_cost) {
      best_cost = cost;
      plan.items_per_group = size;
    }
  }
  plan.groups_per_key = DivideUp(items, plan.items_per_group);
  plan.rows_per_task = 1;
  const bool decode = args.cumulative_lengths == nullptr ? args.num_tokens == 1
                                                         : args.num_tokens <= args.num_sequences;
  if (decode && plan.groups_per_key == 1 && rows > 0) {
    plan.rows_per_task = DivideUp(rows, num_threads);
  }
  plan.num_tasks = DivideUp(rows, plan.rows_per_task) * plan.groups_per_key;
  return plan;
}

int64_t NumParts(const GatedDeltaRuleArgs& args, const TaskPlan& plan, int64_t index) {
  const int64_t rows = args.num_sequences * args.key_heads;
  const int64_t first = index / plan.groups_per_key * plan.rows_per_task;
  return std::min(plan.rows_per_task, rows - first);
}

Task GetTask(const GatedDeltaRuleArgs& args, const TaskPlan& plan, int64_t index, int64_t part) {
  Task task;
  const int64_t group = index % plan.groups_per_key;
  const int64_t row = index / plan.groups_per_key * plan.rows_per_task + part;
  task.key_head = row % args.key_heads;
  task.sequence = row / args.key_heads;
  task.first_item = group * plan.items_per_group;
  task.num_items =
      std::min(plan.items_per_group, plan.panels_per_head * plan.heads_per_key - task.first_item);
  if (args.cumulative_lengths != nullptr) {
    task.first_token = args.cumulative_lengths[task.sequence];
    task.num_tokens = args.cumulative_lengths[task.sequence + 1] - task.first_token;
  } else {
    task.base = task.sequence;
    task.num_tokens = args.num_tokens;
  }
  return task;
}

}  // namespace deltagauge
