// One token straight on the state: nothing packed, each byte of the state read once from memory
// and written once.
#if defined(DELTAGAUGE_KERNELS_DECODE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DELTAGAUGE_KERNELS_DECODE_INL_H_
#undef DELTAGAUGE_KERNELS_DECODE_INL_H_
#else
#define DELTAGAUGE_KERNELS_DECODE_INL_H_
#endif

#include "kernels/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {

// The token of one value head.
struct DecodeToken {
  const float* key;    // [K], normalised
  const float* query;  // [K], normalised and scaled
  float query_key;     // their dot product
  float decay;
  float beta;
  size_t key_dim;
};

// d and o of one or more columns from r = S^T k and p = S^T q over the undecayed state.
template <class D>
HWY_INLINE void SolveToken(D d, const DecodeToken& token, hn::Vec<D> key_read,
                           hn::Vec<D> query_read, const float* value, float* delta, float* output) {
  const auto decay = hn::Set(d, token.decay);
  const auto residual = hn::NegMulAdd(decay, key_read, hn::LoadU(d, value));
  const auto step = hn::Mul(hn::Set(d, token.beta), residual);
  hn::StoreU(step, d, delta);
  hn::StoreU(hn::MulAdd(hn::Set(d, token.query_key), step, hn::Mul(decay, query_read)), d, output);
}

// Without this g++ folds a load that two operations share into both: two loads where one does, and
// decode is bound by loads.
template <class V>
HWY_INLINE void KeepInRegister(V& x) {
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86
  __asm__("" : "+v"(x.raw));
#else
  static_cast<void>(x);
#endif
}

template <class D>
HWY_INLINE void ReadColumn(D d, const float* row, hn::Vec<D> key, hn::Vec<D> query,
                           hn::Vec<D>& key_read, hn::Vec<D>& query_read) {
  auto state = hn::LoadU(d, row);
  KeepInRegister(state);
  key_read = hn::MulAdd(key, state, key_read);
  query_read = hn::MulAdd(query, state, query_read);
}

// kVectors vectors of columns of a [K, V] state. value, delta, output: [kVectors * lanes]. `next`:
// what will be read after this, with from_stride; fetched while this one's rows are in cache.
template <int kVectors, class D>
HWY_NOINLINE void DecodeKeyMajor(D d, const DecodeToken& token, const float* from,
                                 int64_t from_stride, const float* value, float* delta,
                                 float* output, float* to, int64_t to_stride, const float* next) {
  static_assert(kVectors == 1 || kVectors == 2 || kVectors == 4 || kVectors == 8);
  const size_t n = hn::Lanes(d);
  auto r0 = hn::Zero(d), r1 = r0, r2 = r0, r3 = r0, r4 = r0, r5 = r0, r6 = r0, r7 = r0;
  auto p0 = r0, p1 = r0, p2 = r0, p3 = r0, p4 = r0, p5 = r0, p6 = r0, p7 = r0;
  const float* row = from;
  for (size_t k = 0; k < token.key_dim; ++k, row += from_stride) {
    const auto key = hn::Set(d, token.key[k]);
    const auto query = hn::Set(d, token.query[k]);
    ReadColumn(d, row, key, query, r0, p0);
    if constexpr (kVectors > 1) ReadColumn(d, row + n, key, query, r1, p1);
    if constexpr (kVectors > 2) ReadColumn(d, row + 2 * n, key, query, r2, p2);
    if constexpr (kVectors > 2) ReadColumn(d, row + 3 * n, key, query, r3, p3);
    if constexpr (kVectors > 4) ReadColumn(d, row + 4 * n, key, query, r4, p4);
    if constexpr (kVectors > 4) ReadColumn(d, row + 5 * n, key, query, r5, p5);
    if constexpr (kVectors > 4) ReadColumn(d, row + 6 * n, key, query, r6, p6);
    if constexpr (kVectors > 4) ReadColumn(d, row + 7 * n, key, query, r7, p7);
  }
  const auto solve = [&](size_t v, hn::Vec<D> r, hn::Vec<D> p) HWY_ATTR {
    SolveToken(d, token, r, p, value + v * n, delta + v * n, output + v * n);
  };
  solve(0, r0, p0);
  if constexpr (kVectors > 1) solve(1, r1, p1);
  if constexpr (kVectors > 2) solve(2, r2, p2);
  if constexpr (kVectors > 2) solve(3, r3, p3);
  if constexpr (kVectors > 4) solve(4, r4, p4);
  if constexpr (kVectors > 4) solve(5, r5, p5);
  if constexpr (kVectors > 4) solve(6, r6, p6);
  if constexpr (kVectors > 4) solve(7, r7, p7);
  // Pass 2: the rows are in L1 or L2 now.
  const auto decay = hn::Set(d, token.decay);
  for (size_t k = 0; k < token.key_dim; ++k, from += from_stride, to += to_stride) {
    const auto key = hn::Set(d, token.key[k]);
    PrefetchRowToL2(next, static_cast<size_t>(kVectors) * n);
    next += from_stride;
    for (size_t v = 0; v < static_cast<size_t>(kVectors); ++v) {
      const auto state = hn::Mul(decay, hn::LoadU(d, from + v * n));
      hn::StoreU(hn::MulAdd(key, hn::LoadU(d, delta + v * n), state), d, to + v * n);
    }
  }
}

// Lane sums of r and p of one row of a [V, K] state, still spread over the lanes. Row by row, since
// rows that lie behind one another are what hardware prefetchers follow: four in turn run at half
// the speed (measured on Zen 4).
HWY_INLINE void ReadStateRow(const DecodeToken& token, const float* row, VF& key_read,
                             VF& query_read) {
  const F32 d;
  const size_t n = hn::Lanes(d);
  VF r0 = hn::Zero(d), r1 = r0, p0 = r0, p1 = r0;
  size_t k = 0;
  for (; k + 2 * n <= token.key_dim; k += 2 * n) {
    ReadColumn(d, row + k, hn::LoadU(d, token.key + k), hn::LoadU(d, token.query + k), r0, p0);
    ReadColumn(d, row + k + n, hn::LoadU(d, token.key + k + n), hn::LoadU(d, token.query + k + n),
               r1, p1);
  }
  for (; k + n <= token.key_dim; k += n) {
    ReadColumn(d, row + k, hn::LoadU(d, token.key + k), hn::LoadU(d, token.query + k), r0, p0);
  }
  key_read = hn::Add(r0, r1);
  query_read = hn::Add(p0, p1);
}

HWY_INLINE void UpdateStateRow(const DecodeToken& token, const float* from, float delta,
                               float* to) {
  const F32 d;
  const size_t n = hn::Lanes(d);
  const VF decay = hn::Set(d, token.decay);
  const VF step = hn::Set(d, delta);
  size_t k = 0;
  for (; k + n <= token.key_dim; k += n) {
    const VF state = hn::Mul(decay, hn::LoadU(d, from + k));
    hn::StoreU(hn::MulAdd(hn::LoadU(d, token.key + k), step, state), d, to + k);
  }
  for (; k < token.key_dim; ++k) to[k] = token.decay * from[k] + token.key[k] * delta;
}

// Rows whose sums are added up together.
inline constexpr size_t kRowGroup = 4;

// `count` columns of a [V, K] state: one sweep, its rows (at most 4 KiB) stay in L1 between their
// read and their update. value, output: readable and writable up to the next multiple of 4.
HWY_NOINLINE void DecodeValueMajor(const DecodeToken& token, const float* from, int64_t from_stride,
                                   size_t count, const float* value, float* output, float* to,
                                   int64_t to_stride, const float* next) {
  const hn::CappedTag<float, kRowGroup> d4;
  const size_t whole = token.key_dim / hn::Lanes(F32()) * hn::Lanes(F32());
  for (size_t v = 0; v < count; v += kRowGroup) {
    const size_t group = std::min(kRowGroup, count - v);
    // Past the last row the last one again.
    const auto row = [&](size_t i) HWY_ATTR {
      return from + static_cast<int64_t>(std::min(v + i, count - 1)) * from_stride;
    };
    VF r0, r1, r2, r3, p0, p1, p2, p3;
    ReadStateRow(token, row(0), r0, p0);
    ReadStateRow(token, row(1), r1, p1);
    ReadStateRow(token, row(2), r2, p2);
    ReadStateRow(token, row(3), r3, p3);
    HWY_ALIGN float key_reads[kRowGroup];
    HWY_ALIGN float query_reads[kRowGroup];
    HWY_ALIGN float delta[kRowGroup];
    StoreSumsOf4(r0, r1, r2, r3, key_reads);
    StoreSumsOf4(p0, p1, p2, p3, query_reads);
    for (size_t k = whole; k < token.key_dim; ++k) {
      for (size_t i = 0; i < kRowGroup; ++i) {
        key_reads[i] += token.key[k] * row(i)[k];
        query_reads[i] += token.query[k] * row(i)[k];
      }
    }
    SolveToken(d4, token, hn::Load(d4, key_reads), hn::Load(d4, query_reads), value + v, delta,
               output + v);
    for (size_t i = 0; i < group; ++i, to += to_stride, next += from_stride) {
      PrefetchRowToL2(next, token.key_dim);
      UpdateStateRow(token, row(i), delta[i], to);
    }
  }
}

// Columns [first, first + count) of one value head, in the state's own layout.
template <class T>
HWY_INLINE void DecodeColumns(const GatedDeltaRuleArgs& args, const Task& task,
                              const DecodeToken& token, const Panel& panel, const float* next) {
  HWY_ALIGN float value[kMaxHeadDim];
  HWY_ALIGN float delta[kMaxHeadDim];
  HWY_ALIGN float output[kMaxHeadDim];
  static_assert(kMaxHeadDim % kRowGroup == 0);
  const auto count = static_cast<size_t>(panel.num_columns);
  LoadRow(
      TokenRow<T>(args.value, task.base, task.first_token, panel.value_head) + panel.first_column,
      count, value);
  const StatePart in = GetStatePart(args, args.initial_state.strides, task.sequence, panel);
  const StatePart out = GetStatePart(args, args.final_state.strides, task.sequence, panel);
  const float* from = args.initial_state.data + in.offset;
  float* to = args.final_state.data + out.offset;
  if (args.state_layout == StateLayout::kValueMajor) {
    DecodeValueMajor(token, from, in.column_stride, count, value, output, to, out.column_stride,
                     next);
  } else {
    const F32 d;
    size_t v = 0;
    const auto run = [&](auto vectors, auto tag) HWY_ATTR {
      constexpr int kVectors = decltype(vectors)::value;
      const size_t step = static_cast<size_t>(kVectors) * hn::Lanes(tag);
      for (; v + step <= count; v += step) {
        DecodeKeyMajor<kVectors>(tag, token, from + v, in.key_stride, value + v, delta + v,
                                 output + v, to + v, out.key_stride, next + v);
      }
    };
    if constexpr (!kFewRegisters) run(std::integral_constant<int, 8>(), d);
    run(std::integral_constant<int, 4>(), d);
    run(std::integral_constant<int, 1>(), d);
    run(std::integral_constant<int, 1>(), One());
  }
  StoreRow(
      output, count,
      TokenRow<T>(args.output, task.base, task.first_token, panel.value_head) + panel.first_column);
}

// The columns from item `*item` on that belong to the same value head; moves *item behind them.
HWY_INLINE Panel JoinPanels(const GatedDeltaRuleArgs& args, const TaskPlan& plan, const Task& task,
                            int64_t width, int64_t* item) {
  Panel columns = GetPanel(args, plan, task, width, *item);
  for (++*item; *item < task.num_items; ++*item) {
    const Panel next = GetPanel(args, plan, task, width, *item);
    if (next.value_head != columns.value_head) break;
    columns.num_columns += next.num_columns;
  }
  return columns;
}

// A sequence of one token, from one state to another (or itself).
template <class T>
void RunDecode(const GatedDeltaRuleArgs& args, const TaskPlan& plan, const Task& task,
               const Task& next_task) {
  const int64_t width = plan.panel_width;
  HWY_ALIGN float key[kMaxHeadDim];
  HWY_ALIGN float query[kMaxHeadDim];
  const auto key_dim = static_cast<size_t>(args.key_dim);
  const T* key_row = TokenRow<T>(args.key, task.base, task.first_token, task.key_head);
  const T* query_row = TokenRow<T>(args.query, task.base, task.first_token, task.key_head);
  const float key_factor = RowFactor(args, key_row);
  const float query_factor = RowFactor(args, query_row) * args.scale;
  LoadRow(key_row, key_dim, key);
  LoadRow(query_row, key_dim, query);
  float query_key = 0;
  for (size_t k = 0; k < key_dim; ++k) {
    key[k] *= key_factor;
    query[k] *= query_factor;
    query_key += key[k] * query[k];
  }
  for (int64_t item = 0; item < task.num_items;) {
    const Panel columns = JoinPanels(args, plan, task, width, &item);
    const Task& owner = item < task.num_items ? task : next_task;
    const Panel next_panel = GetPanel(args, plan, owner, width, item < task.num_items ? item : 0);
    const float* next =
        args.initial_state.data +
        GetStatePart(args, args.initial_state.strides, owner.sequence, next_panel).offset;
    const float decay = static_cast<float>(DecayFactor(
        GateAt(args.decay, task.base, task.first_token, columns.value_head), args.decay_form));
    const float beta = static_cast<float>(WriteStrength(
        GateAt(args.beta, task.base, task.first_token, columns.value_head), args.beta_form));
    DecodeColumns<T>(args, task, {key, query, query_key, decay, beta, key_dim}, columns, next);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#endif  // DELTAGAUGE_KERNELS_DECODE_INL_H_
