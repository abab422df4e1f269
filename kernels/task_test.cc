#include "kernels/task.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace deltagauge {
namespace {

GatedDeltaRuleArgs ArgsOf(int64_t sequences, int64_t tokens, int64_t key_heads, int64_t value_heads,
                          int64_t value_dim) {
  GatedDeltaRuleArgs args;
  args.num_sequences = sequences;
  args.num_tokens = tokens;
  args.key_heads = key_heads;
  args.value_heads = value_heads;
  args.key_dim = 128;
  args.value_dim = value_dim;
  return args;
}

// Every panel of every value head of every sequence is in exactly one part of one task.
void ExpectPartition(const GatedDeltaRuleArgs& args, int64_t lanes, int threads) {
  const TaskPlan plan = PlanTasks(args, lanes, threads);
  const int64_t width = plan.panel_width;
  ASSERT_TRUE(width == lanes || width == 2 * lanes);
  std::set<std::tuple<int64_t, int64_t, int64_t>> seen;
  for (int64_t index = 0; index < plan.num_tasks; ++index) {
    const int64_t parts = NumParts(args, plan, index);
    ASSERT_GT(parts, 0);
    for (int64_t part = 0; part < parts; ++part) {
      const Task task = GetTask(args, plan, index, part);
      ASSERT_GT(task.num_items, 0);
      ASSERT_LE(task.num_items, LayOutWorkspace(args.key_dim, width).max_items);
      for (int64_t item = task.first_item; item < task.first_item + task.num_items; ++item) {
        const int64_t head = ValueHead(args, task.key_head, item / plan.panels_per_head);
        ASSERT_LT(head, args.value_heads);
        EXPECT_TRUE(seen.insert({task.sequence, head, item % plan.panels_per_head}).second);
      }
    }
  }
  const int64_t panels = (args.value_dim + width - 1) / width;
  EXPECT_EQ(static_cast<int64_t>(seen.size()), args.num_sequences * args.value_heads * panels);
}

TEST(Tasks, CoverEveryPanelOnce) {
  for (const int threads : {1, 2, 3, 16, 64}) {
    for (const HeadMap map : {HeadMap::kGrouped, HeadMap::kTiled}) {
      for (const int64_t tokens : {1, 512}) {
        for (const int64_t value_dim : {1, 100, 128, 256}) {
          auto args = ArgsOf(3, tokens, 2, 6, value_dim);
          args.head_map = map;
          ExpectPartition(args, 16, threads);
          ExpectPartition(args, 4, threads);
        }
      }
    }
  }
}

TEST(Tasks, OneHeadStillFeedsAllThreads) {
  EXPECT_EQ(PlanTasks(ArgsOf(1, 512, 1, 1, 128), 16, 2).num_tasks, 2);
  EXPECT_EQ(PlanTasks(ArgsOf(1, 512, 1, 1, 128), 16, 4).num_tasks, 4);
  EXPECT_EQ(PlanTasks(ArgsOf(1, 512, 2, 2, 128), 16, 8).num_tasks, 8);
}

TEST(Tasks, NarrowPanelsFeedMoreThreads) {
  const TaskPlan few = PlanTasks(ArgsOf(1, 512, 1, 1, 128), 16, 4);
  EXPECT_EQ(few.panel_width, 32);
  const TaskPlan many = PlanTasks(ArgsOf(1, 512, 1, 1, 128), 16, 16);
  EXPECT_EQ(many.panel_width, 16);
  EXPECT_EQ(many.num_tasks, 8);
}

TEST(Tasks, NarrowHeadsTakeNarrowPanels) {
  EXPECT_EQ(PlanTasks(ArgsOf(1, 512, 16, 16, 16), 16, 1).panel_width, 16);
  EXPECT_EQ(PlanTasks(ArgsOf(1, 512, 16, 16, 17), 16, 1).panel_width, 32);
}

TEST(Tasks, ManyHeadsStayWhole) {
  const TaskPlan plan = PlanTasks(ArgsOf(1, 512, 16, 16, 128), 16, 2);
  EXPECT_EQ(plan.items_per_group, plan.panels_per_head);
  EXPECT_EQ(plan.num_tasks, 16);
}

TEST(Tasks, OneTokenGivesEachThreadOneRunOfHeads) {
  EXPECT_EQ(PlanTasks(ArgsOf(1, 1, 16, 16, 128), 16, 2).num_tasks, 2);
}

TEST(Tasks, NoSequenceIsNoTask) {
  EXPECT_EQ(PlanTasks(ArgsOf(0, 512, 16, 16, 128), 16, 2).num_tasks, 0);
  EXPECT_EQ(PlanTasks(ArgsOf(0, 1, 16, 16, 128), 16, 2).num_tasks, 0);
}

TEST(Tasks, PackedSequencesKeepTheirTokens) {
  auto args = ArgsOf(3, 10, 1, 1, 32);
  const int64_t lengths[] = {0, 4, 4, 10};
  args.cumulative_lengths = lengths;
  const TaskPlan plan = PlanTasks(args, 16, 1);
  const Task last = GetTask(args, plan, 2, 0);
  EXPECT_EQ(last.sequence, 2);
  EXPECT_EQ(last.base, 0);
  EXPECT_EQ(last.first_token, 4);
  EXPECT_EQ(last.num_tokens, 6);
  EXPECT_EQ(GetTask(args, plan, 1, 0).num_tokens, 0);
}

TEST(Tasks, TheWorkspaceHoldsWhatIsLaidOut) {
  for (int64_t key_dim = 1; key_dim <= kMaxHeadDim; ++key_dim) {
    for (const int64_t width : {8, 16, 32}) {
      const WorkspaceLayout layout = LayOutWorkspace(key_dim, width);
      EXPECT_GE(layout.max_items, 1);
      const int64_t floats = layout.panels + layout.max_items * layout.panel_floats;
      EXPECT_LE(floats * 4, static_cast<int64_t>(kWorkspaceBytesPerThread));
      EXPECT_EQ(layout.panels % 16, 0) << "panels are not aligned";
    }
  }
}

}  // namespace
}  // namespace deltagauge
