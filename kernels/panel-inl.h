// A task over its panels: pack the state, walk the tokens in blocks of micro-chunks, unpack.
#if defined(DELTAGAUGE_KERNELS_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DELTAGAUGE_KERNELS_PANEL_INL_H_
#undef DELTAGAUGE_KERNELS_PANEL_INL_H_
#else
#define DELTAGAUGE_KERNELS_PANEL_INL_H_
#endif

#include <algorithm>

#include "kernels/micro_chunk-inl.h"
#include "kernels/pack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {

// One panel's place in the call.
struct Panel {
  int64_t value_head;
  int64_t first_column;
  int64_t num_columns;  // less than the width in the last panel of a head
};

HWY_INLINE Panel GetPanel(const GatedDeltaRuleArgs& args, const TaskPlan& plan, const Task& task,
                          int64_t width, int64_t item) {
  const int64_t index = task.first_item + item;
  Panel panel;
  panel.value_head = ValueHead(args, task.key_head, index / plan.panels_per_head);
  panel.first_column = index % plan.panels_per_head * width;
  panel.num_columns = std::min(width, args.value_dim - panel.first_column);
  return panel;
}

// Where a panel of a state begins, and its strides.
struct StatePart {
  int64_t offset;
  int64_t key_stride;
  int64_t column_stride;
};

HWY_INLINE StatePart GetStatePart(const GatedDeltaRuleArgs& args, const StateStrides& strides,
                                  int64_t sequence, const Panel& panel) {
  const bool key_major = args.state_layout == StateLayout::kKeyMajor;
  StatePart part;
  part.key_stride = key_major ? strides.row : 1;
  part.column_stride = key_major ? 1 : strides.row;
  part.offset = sequence * strides.sequence + panel.value_head * strides.head +
                panel.first_column * part.column_stride;
  return part;
}

// Rows of a state ahead of the one that is copied.
inline constexpr int64_t kPrefetchRows = 16;

// [K][width] from a state; columns beyond the head's last are zero.
HWY_NOINLINE void PackState(const GatedDeltaRuleArgs& args, const Task& task, const Panel& panel,
                            int64_t width, float* HWY_RESTRICT packed) {
  const auto size = static_cast<size_t>(args.key_dim * width);
  if (args.initial_state.data == nullptr || panel.num_columns < width) {
    std::memset(packed, 0, size * sizeof(float));
  }
  if (args.initial_state.data == nullptr) return;
  const StatePart part = GetStatePart(args, args.initial_state.strides, task.sequence, panel);
  const float* from = args.initial_state.data + part.offset;
  if (part.column_stride == 1) {
    for (int64_t k = 0; k < args.key_dim; ++k) {
      if (k + kPrefetchRows < args.key_dim) {
        PrefetchRow(from + (k + kPrefetchRows) * part.key_stride, panel.num_columns);
      }
      LoadPanelRow(from + k * part.key_stride, static_cast<size_t>(panel.num_columns),
                   packed + k * width);
    }
  } else {
    for (int64_t v = 0; v < panel.num_columns; ++v) {
      const float* HWY_RESTRICT row = from + v * part.column_stride;
      for (int64_t k = 0; k < args.key_dim; ++k) packed[k * width + v] = row[k];
    }
  }
}

// The true state, scale * packed, into a state.
HWY_NOINLINE void UnpackState(const GatedDeltaRuleArgs& args, const Panel& panel, int64_t width,
                              const float* HWY_RESTRICT packed, float scale, StatePart part,
                              float* data) {
  float* to = data + part.offset;
  if (part.column_stride == 1) {
    const F32 d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    const VF factor = hn::Set(d, scale);
    for (int64_t k = 0; k < args.key_dim; ++k) {
      const float* HWY_RESTRICT row = packed + k * width;
      float* out = to + k * part.key_stride;
      if (k + kPrefetchRows < args.key_dim) {
        PrefetchRow(out + kPrefetchRows * part.key_stride, panel.num_columns);
      }
      int64_t v = 0;
      for (; v + lanes <= panel.num_columns; v += lanes) {
        hn::StoreU(hn::Mul(factor, hn::Load(d, row + v)), d, out + v);
      }
      for (; v < panel.num_columns; ++v) out[v] = scale * row[v];
    }
  } else {
    for (int64_t v = 0; v < panel.num_columns; ++v) {
      float* HWY_RESTRICT row = to + v * part.column_stride;
      for (int64_t k = 0; k < args.key_dim; ++k) row[k] = scale * packed[k * width + v];
    }
  }
}

// Slot `slot` of the snapshots.
HWY_INLINE void TakeSnapshot(const GatedDeltaRuleArgs& args, const Task& task, const Panel& panel,
                             int64_t width, const float* packed, float scale, int64_t slot) {
  StatePart part = GetStatePart(args, args.snapshots.strides, task.sequence, panel);
  part.offset += slot * args.snapshot_stride;
  UnpackState(args, panel, width, packed, scale, part, args.snapshots.data);
}

// The micro-chunks of one block of tokens.
struct Block {
  int num_chunks = 0;
  int64_t first[kMaxChunks];  // token, from the start of the sequence
  int num_tokens[kMaxChunks];
};

// Chunks of 4, but single tokens where a snapshot is due.
HWY_INLINE Block CutBlock(const GatedDeltaRuleArgs& args, const Task& task, int64_t first) {
  Block block;
  const int64_t singles_from = std::max<int64_t>(0, task.num_tokens - args.num_snapshots);
  const int most = MaxChunks(args.key_dim);
  while (block.num_chunks < most && first < task.num_tokens) {
    const int64_t left = first < singles_from ? singles_from - first : 1;
    const int size = static_cast<int>(std::min<int64_t>(kChunkTokens, left));
    block.first[block.num_chunks] = first;
    block.num_tokens[block.num_chunks] = size;
    ++block.num_chunks;
    first += size;
  }
  return block;
}

// Decays of one value head over a block. state_scale: in and out.
HWY_INLINE void FillBlock(const GatedDeltaRuleArgs& args, const Task& task, const Block& block,
                          int64_t value_head, const float* dots, double* state_scale,
                          ChunkCoefficients* coefficients) {
  for (int chunk = 0; chunk < block.num_chunks; ++chunk) {
    double decay[kChunkTokens];
    double beta[kChunkTokens];
    for (int i = 0; i < block.num_tokens[chunk]; ++i) {
      const int64_t token = task.first_token + block.first[chunk] + i;
      decay[i] = DecayFactor(GateAt(args.decay, task.base, token, value_head), args.decay_form);
      beta[i] = WriteStrength(GateAt(args.beta, task.base, token, value_head), args.beta_form);
    }
    coefficients[chunk] =
        FillCoefficients(decay, beta, dots + chunk * kDots, block.num_tokens[chunk], state_scale);
  }
}

// What all panels of a task share.
struct TaskContext {
  const GatedDeltaRuleArgs& args;
  const TaskPlan& plan;
  const Task& task;
  const Task& next;  // as SimdTarget::run_task
};

// The values of a micro-chunk, and the lines of its outputs: 128 B of each row, a pattern that
// hardware prefetchers do not follow.
template <class T>
HWY_INLINE void ListValues(const TaskContext& context, int64_t first, int num_tokens,
                           const Panel& panel, PrefetchList& list) {
  const auto& [args, plan, task, next] = context;
  const int64_t columns = panel.num_columns;
  const int64_t value_pitch = args.value.strides.token;
  const int64_t output_pitch = args.output.strides.token;
  const T* value = TokenRow<T>(args.value, task.base, first, panel.value_head) + panel.first_column;
  const T* output =
      TokenRow<T>(args.output, task.base, first, panel.value_head) + panel.first_column;
  for (int i = 0; i < num_tokens; ++i) {
    list.AddRow(value, columns);
    list.AddRow(output, columns);
    value += value_pitch;
    output += output_pitch;
  }
}

// A panel's share of 4 tokens' keys and queries, from token `first` of `task`'s sequence on.
template <class T>
HWY_INLINE void ListKeysAndQueries(const GatedDeltaRuleArgs& args, const Task& task, int64_t first,
                                   int64_t item, int64_t num_items, PrefetchList& list) {
  const int64_t end = std::min(first + kChunkTokens, task.num_tokens);
  const int64_t key_dim = args.key_dim;
  for (int64_t token = first + item; token < end; token += num_items) {
    list.AddRow(TokenRow<T>(args.key, task.base, task.first_token + token, task.key_head), key_dim);
    list.AddRow(TokenRow<T>(args.query, task.base, task.first_token + token, task.key_head),
                key_dim);
  }
}

// Part `part` of `parts` of the state that the panel in this one's place will start from.
HWY_INLINE void ListNextState(const TaskContext& context, int64_t item, int part, int parts,
                              PrefetchList& list) {
  const auto& [args, plan, task, next] = context;
  if (args.initial_state.data == nullptr || args.state_layout != StateLayout::kKeyMajor) return;
  if (item >= next.num_items) return;
  const Panel panel = GetPanel(args, plan, next, plan.panel_width, item);
  const StatePart state = GetStatePart(args, args.initial_state.strides, next.sequence, panel);
  const int64_t rows = (args.key_dim + parts - 1) / parts;
  const int64_t end = std::min(args.key_dim, (part + 1) * rows);
  for (int64_t k = part * rows; k < end; ++k) {
    list.AddRow(args.initial_state.data + state.offset + k * state.key_stride, panel.num_columns);
  }
}

// What a panel will want after chunk `chunk` of a block: the values of the next chunk, and its
// share of what the next block, or after the last one the next task, begins with.
template <class T>
HWY_INLINE void ListPrefetches(const TaskContext& context, const Block& block, int chunk,
                               const Panel& panel, int64_t item, PrefetchList& list) {
  const auto& [args, plan, task, next] = context;
  if (chunk + 1 < block.num_chunks) {
    ListValues<T>(context, task.first_token + block.first[chunk + 1], block.num_tokens[chunk + 1],
                  panel, list);
  }
  const int last = block.num_chunks - 1;
  const int64_t next_block = block.first[last] + block.num_tokens[last];
  const int64_t into_block = block.first[chunk] - block.first[0];
  if (next_block < task.num_tokens) {
    ListKeysAndQueries<T>(args, task, next_block + into_block, item, task.num_items, list);
  } else if (&next != &task) {
    ListKeysAndQueries<T>(args, next, into_block, item, task.num_items, list);
    ListNextState(context, item, chunk, block.num_chunks, list);
  }
}

// One micro-chunk of a panel that is as wide as its vectors, on the caller's own rows.
template <class T>
HWY_INLINE void RunWholePanel(const ChunkCoefficients& c, int num_tokens, const float* rows,
                              size_t key_dim, TokenRows<const T> values, int64_t width,
                              PrefetchList& prefetch, float* HWY_RESTRICT packed,
                              TokenRows<T> outputs) {
  if (width == static_cast<int64_t>(hn::Lanes(F32()))) {
    RunMicroChunk<1>(c, num_tokens, rows, key_dim, values, prefetch, packed, outputs);
  } else {
    RunMicroChunk<2>(c, num_tokens, rows, key_dim, values, prefetch, packed, outputs);
  }
}

// One panel over one block.
template <class T>
HWY_NOINLINE void RunBlock(const TaskContext& context, const Block& block,
                           const ChunkCoefficients* coefficients, const float* rows,
                           const Panel& panel, int64_t item, float* HWY_RESTRICT packed) {
  const auto& [args, plan, task, next] = context;
  const int64_t width = plan.panel_width;
  // For the last panel of a head, if it has fewer columns than its vectors.
  HWY_ALIGN float values[kChunkTokens * kMaxPanelWidth];
  HWY_ALIGN float outputs[kChunkTokens * kMaxPanelWidth];
  const auto columns = static_cast<size_t>(panel.num_columns);
  const auto key_dim = static_cast<size_t>(args.key_dim);
  const bool is_whole = panel.num_columns == width;
  if (!is_whole) std::memset(values, 0, sizeof(values));
  const int64_t before_snapshots = task.num_tokens - args.num_snapshots;
  for (int chunk = 0; chunk < block.num_chunks; ++chunk) {
    const int64_t first = task.first_token + block.first[chunk];
    const int num_tokens = block.num_tokens[chunk];
    PrefetchList prefetch;
    ListPrefetches<T>(context, block, chunk, panel, item, prefetch);
    const TokenRows<const T> given = {
        TokenRow<T>(args.value, task.base, first, panel.value_head) + panel.first_column,
        args.value.strides.token};
    const TokenRows<T> wanted = {
        TokenRow<T>(args.output, task.base, first, panel.value_head) + panel.first_column,
        args.output.strides.token};
    const float* chunk_rows = rows + chunk * PackedChunkFloats(args.key_dim);
    const ChunkCoefficients& c = coefficients[chunk];
    if (is_whole) {
      RunWholePanel(c, num_tokens, chunk_rows, key_dim, given, width, prefetch, packed, wanted);
    } else {
      for (int i = 0; i < num_tokens; ++i) {
        LoadRow(given.at + i * given.pitch, columns, values + i * width);
      }
      RunWholePanel(c, num_tokens, chunk_rows, key_dim, TokenRows<const float>{values, width},
                    width, prefetch, packed, TokenRows<float>{outputs, width});
      for (int i = 0; i < num_tokens; ++i) {
        StoreRow(outputs + i * width, columns, wanted.at + i * wanted.pitch);
      }
    }
    if (block.first[chunk] >= before_snapshots) {
      TakeSnapshot(args, task, panel, width, packed, coefficients[chunk].state_scale,
                   block.first[chunk] - before_snapshots);
    }
  }
}

// All tokens of a task.
template <class T>
void RunPanels(const TaskContext& context, float* workspace) {
  const auto& [args, plan, task, next] = context;
  const int64_t width = plan.panel_width;
  const WorkspaceLayout layout = LayOutWorkspace(args.key_dim, width);
  float* rows = workspace + layout.rows;
  float* dots = workspace + layout.dots;
  float* panels = workspace + layout.panels;
  double state_scale[kMaxGroupItems];  // of each value head; the panels of a head agree
  for (int64_t item = 0; item < task.num_items; ++item) {
    state_scale[item] = 1.0;
    const Panel panel = GetPanel(args, plan, task, width, item);
    float* packed = panels + item * layout.panel_floats;
    PackState(args, task, panel, width, packed);
    const int64_t before = std::min(args.num_snapshots, args.num_snapshots - task.num_tokens);
    for (int64_t slot = 0; slot < before; ++slot) {
      TakeSnapshot(args, task, panel, width, packed, 1.0f, slot);
    }
  }
  ChunkCoefficients coefficients[kMaxChunks];
  for (int64_t first = 0; first < task.num_tokens;) {
    const Block block = CutBlock(args, task, first);
    for (int chunk = 0; chunk < block.num_chunks; ++chunk) {
      PackChunk<T>(args, task, task.first_token + block.first[chunk], block.num_tokens[chunk],
                   rows + chunk * PackedChunkFloats(args.key_dim), dots + chunk * kDots);
    }
    for (int64_t item = 0; item < task.num_items; ++item) {
      const Panel panel = GetPanel(args, plan, task, width, item);
      const int64_t ordinal = (task.first_item + item) / plan.panels_per_head;
      if (item == 0 || panel.first_column == 0) {
        FillBlock(args, task, block, panel.value_head, dots, &state_scale[item], coefficients);
        // The other panels of the head run on the same decays.
        for (int64_t other = item + 1; other < task.num_items; ++other) {
          if ((task.first_item + other) / plan.panels_per_head != ordinal) break;
          state_scale[other] = state_scale[item];
        }
      }
      RunBlock<T>(context, block, coefficients, rows, panel, item,
                  panels + item * layout.panel_floats);
    }
    const int last = block.num_chunks - 1;
    first = block.first[last] + block.num_tokens[last];
  }
  if (args.final_state.data == nullptr) return;
  for (int64_t item = 0; item < task.num_items; ++item) {
    const Panel panel = GetPanel(args, plan, task, width, item);
    UnpackState(args, panel, width, panels + item * layout.panel_floats,
                static_cast<float>(state_scale[item]),
                GetStatePart(args, args.final_state.strides, task.sequence, panel),
                args.final_state.data);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#endif  // DELTAGAUGE_KERNELS_PANEL_INL_H_
