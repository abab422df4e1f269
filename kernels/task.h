// How one call is cut into tasks, and what a task needs from the code of an instruction set.
//
// The value columns of a state never meet, so a column panel is the unit of work: `panel_width`
// columns of one value head (two vectors; one where that feeds more threads). All panels that share
// a key head form one row of items,
//
//   item = ordinal of the value head among those of the key head * panels_per_head + panel,
//
// and a task takes a run of items of one key head of one sequence, so that what depends on the key
// head alone (packing, dot products) is prepared once for all of them.
#ifndef DELTAGAUGE_KERNELS_TASK_H_
#define DELTAGAUGE_KERNELS_TASK_H_

#include <cstddef>
#include <cstdint>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// Tokens are worked on in micro-chunks; 4 is the most that a register tile holds (see
// ARCHITECTURE.md, "The kernel").
inline constexpr int kChunkTokens = 4;
// Packed keys and queries of a micro-chunk: [K / 16][8 rows][16], rows key 0..3, query 0..3, so
// that a sweep over K walks forwards and every row lies at a fixed displacement.
inline constexpr int kPackLanes = 16;
inline constexpr int kPackRows = 2 * kChunkTokens;
// Dot products of a micro-chunk: 6 key.key (j < i), then 10 query.key (j <= i).
inline constexpr int kPairs = 6;
inline constexpr int kDots = 16;
// Micro-chunks prepared at a time: 64 KiB of packed rows at most, read from L2 by every panel.
inline constexpr int kMaxChunks = 16;
inline constexpr int kMaxGroupItems = 32;
// The largest panel: two vectors of 16 lanes.
inline constexpr int kMaxPanelWidth = 32;

constexpr int64_t RoundUpTo(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

constexpr int MaxChunks(int64_t key_dim) { return key_dim <= 128 ? kMaxChunks : kMaxChunks / 2; }

constexpr int64_t PackedChunkFloats(int64_t key_dim) {
  return kPackRows * RoundUpTo(key_dim, kPackLanes);
}

// One thread's workspace, in floats from its start.
struct WorkspaceLayout {
  int64_t rows = 0;    // [MaxChunks][PackedChunkFloats]
  int64_t dots = 0;    // [MaxChunks][kDots]
  int64_t panels = 0;  // [items][K][panel_width]
  int64_t panel_floats = 0;
  int64_t max_items = 0;  // that fit
};

constexpr WorkspaceLayout LayOutWorkspace(int64_t key_dim, int64_t panel_width) {
  WorkspaceLayout layout;
  layout.dots = MaxChunks(key_dim) * PackedChunkFloats(key_dim);
  layout.panels = layout.dots + kMaxChunks * kDots;
  layout.panel_floats = key_dim * panel_width;
  const int64_t total = static_cast<int64_t>(kWorkspaceBytesPerThread / sizeof(float));
  const int64_t fit = (total - layout.panels) / layout.panel_floats;
  layout.max_items = fit < kMaxGroupItems ? fit : kMaxGroupItems;
  return layout;
}

static_assert(LayOutWorkspace(kMaxHeadDim, kMaxPanelWidth).max_items >= 4);
static_assert(LayOutWorkspace(128, kMaxPanelWidth).max_items >= 8);

struct TaskPlan {
  int64_t panel_width = 0;
  int64_t panels_per_head = 0;
  int64_t heads_per_key = 0;  // value heads of one key head
  int64_t items_per_group = 0;
  int64_t groups_per_key = 0;
  // Rows, one key head of one sequence each, that a task walks through. More than one where there
  // is one token: the next state can then be fetched while this one is worked on.
  int64_t rows_per_task = 0;
  int64_t num_tasks = 0;
};

// Cuts the work so that `num_threads` threads finish together, in the largest pieces that allow it.
// `vector_lanes`: panels are twice as wide, or once.
TaskPlan PlanTasks(const GatedDeltaRuleArgs& args, int64_t vector_lanes, int num_threads);

// A row of a task, or a part of one.
struct Task {
  int64_t sequence = 0;     // for states
  int64_t base = 0;         // sequence to use with token strides: 0 when sequences are packed
  int64_t first_token = 0;  // on the token axis
  int64_t num_tokens = 0;
  int64_t key_head = 0;
  int64_t first_item = 0;
  int64_t num_items = 0;
};

// Part `part` of task `index`; parts are numbered from 0 to NumParts - 1.
int64_t NumParts(const GatedDeltaRuleArgs& args, const TaskPlan& plan, int64_t index);
Task GetTask(const GatedDeltaRuleArgs& args, const TaskPlan& plan, int64_t index, int64_t part);

// Value head number `ordinal` of a key head.
constexpr int64_t ValueHead(const GatedDeltaRuleArgs& args, int64_t key_head, int64_t ordinal) {
  return args.head_map == HeadMap::kGrouped
             ? key_head * (args.value_heads / args.key_heads) + ordinal
             : key_head + ordinal * args.key_heads;
}

// The code of one instruction set.
struct SimdTarget {
  const char* name;
  int64_t vector_lanes;
  // `next` is what the same thread likely runs after `task`; `task` itself at the end.
  void (*run_task)(const GatedDeltaRuleArgs& args, const TaskPlan& plan, const Task& task,
                   const Task& next, float* workspace);
};

// The active one, dispatched at run time (gated_delta_rule_simd.cc).
const SimdTarget& ActiveSimdTarget();

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_TASK_H_
