#include "kernels/task.h"

#include <algorithm>

namespace deltagauge {
namespace {

// What a task prepares (packing, dot products, decays), in units of one wide panel's work; measured
// at K = V = 128.
constexpr double kPreparationCost = 0.15;
// A narrow panel in the same unit: half the work, but twice the loads for each multiply-add.
constexpr double kNarrowCost = 0.6;

int64_t DivideUp(int64_t n, int64_t d) { return (n + d - 1) / d; }

struct Cut {
  int64_t panel_width = 0;
  int64_t items_per_group = 0;
  double cost = 0;
};

// The cheapest group size for panels of `width` columns, each of which costs `panel_cost`.
Cut CutGroups(const GatedDeltaRuleArgs& args, int64_t width, double panel_cost, int num_threads) {
  const int64_t items = DivideUp(args.value_dim, width) * (args.value_heads / args.key_heads);
  const int64_t rows = args.num_sequences * args.key_heads;
  Cut best;
  for (int64_t size = std::min(items, LayOutWorkspace(args.key_dim, width).max_items); size >= 1;
       --size) {
    const int64_t tasks = rows * DivideUp(items, size);
    const double rounds = static_cast<double>(DivideUp(tasks, num_threads));
    const double cost = rounds * (static_cast<double>(size) * panel_cost + kPreparationCost);
    if (best.items_per_group == 0 || cost < best.cost) best = {width, size, cost};
    // The largest pieces are the cheapest for one thread.
    if (num_threads == 1) break;
  }
  return best;
}

}  // namespace

TaskPlan PlanTasks(const GatedDeltaRuleArgs& args, int64_t vector_lanes, int num_threads) {
  const Cut wide = CutGroups(args, 2 * vector_lanes, 1.0, num_threads);
  const Cut narrow = CutGroups(args, vector_lanes, kNarrowCost, num_threads);
  const Cut& cut = narrow.cost < wide.cost ? narrow : wide;
  TaskPlan plan;
  plan.panel_width = cut.panel_width;
  plan.items_per_group = cut.items_per_group;
  plan.panels_per_head = DivideUp(args.value_dim, plan.panel_width);
  plan.heads_per_key = args.value_heads / args.key_heads;
  const int64_t items = plan.panels_per_head * plan.heads_per_key;
  const int64_t rows = args.num_sequences * args.key_heads;
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
