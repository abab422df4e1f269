// The inner loops: C <= 4 tokens against one packed panel of scaled state, [K][kVectors vectors].
// Panels are two vectors wide; one where there would be fewer panels than threads.
//
// Pass 1 reads S~^T k and S~^T q of all C tokens in one sweep, the 4 x 4 triangle is solved
// forwards, pass 2 writes the rank-C update. Both sweeps run at the FMA limit: 16 accumulators (or
// 8 at a time with 16 registers) hide the latency, and the panel lies in L1.
#if defined(DELTAGAUGE_KERNELS_MICRO_CHUNK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DELTAGAUGE_KERNELS_MICRO_CHUNK_INL_H_
#undef DELTAGAUGE_KERNELS_MICRO_CHUNK_INL_H_
#else
#define DELTAGAUGE_KERNELS_MICRO_CHUNK_INL_H_
#endif

#include <algorithm>

#include "hwy/cache_control.h"
#include "kernels/coefficients.h"
#include "kernels/vector_io-inl.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {

// What later micro-chunks will want, fetched a few cache lines at a time between the rows of the
// sweeps. All at once they would fill the queue of outstanding misses, and the processor drops or
// stalls on the rest: at H = 16, T = 512 that costs 5 % (measured on Zen 4). Kept in pieces of two
// lines: to write a list of lines took 3 % of the time (Zen 5).
class PrefetchList {
 public:
  // `count` elements from `row` on, and what is left of their last piece.
  template <class T>
  HWY_INLINE void AddRow(const T* row, int64_t count) {
    const char* at = reinterpret_cast<const char*>(row);
    const char* const end = reinterpret_cast<const char*>(row + count);
    for (; at < end && size_ < kMost; at += kPieceBytes) pieces_[size_++] = at;
  }

  // Spreads what was added over `steps` calls of FetchSome.
  HWY_INLINE void Spread(int steps) { step_ = (size_ + steps - 1) / steps; }

  HWY_INLINE void FetchSome() {
    const int end = std::min(size_, next_ + step_);
    for (; next_ < end; ++next_) {
      // Three lines, if it begins within one.
      hwy::Prefetch(pieces_[next_]);
      hwy::Prefetch(pieces_[next_] + kPieceBytes / 2);
      hwy::Prefetch(pieces_[next_] + kPieceBytes - 1);
    }
  }

 private:
  static constexpr int64_t kPieceBytes = 128;
  // Values, outputs, keys and queries of 4 tokens of one panel at float32 and K = 128: 40.
  static constexpr int kMost = 64;

  int size_ = 0;
  int next_ = 0;
  int step_ = 0;
  const char* pieces_[kMost];
};

// sum += x * the panel's vectors of one k, for element x of a key or query.
template <int kVectors>
HWY_INLINE void Accumulate(const float* x, VF s0, VF s1, VF& sum0, VF& sum1) {
  const VF broadcast = hn::Set(F32(), *x);
  sum0 = hn::MulAdd(broadcast, s0, sum0);
  if constexpr (kVectors > 1) sum1 = hn::MulAdd(broadcast, s1, sum1);
}

// A row of a panel, or sums over its rows. The second vector of a narrow panel is never touched.
template <int kVectors>
HWY_INLINE VF LoadSecond(const float* row) {
  const F32 d;
  if constexpr (kVectors > 1) return hn::Load(d, row + hn::Lanes(d));
  return hn::Zero(d);
}

template <int kVectors>
HWY_INLINE void StoreVectors(VF x0, VF x1, float* to) {
  const F32 d;
  hn::Store(x0, d, to);
  if constexpr (kVectors > 1) hn::Store(x1, d, to + hn::Lanes(d));
}

// reads[i] = sum_k row_i[k] * panel[k] for rows first_row .. first_row + kTokens - 1.
template <int kTokens, int kVectors>
HWY_NOINLINE void ReadRows(const float* HWY_RESTRICT rows, const float* HWY_RESTRICT panel,
                           size_t key_dim, PrefetchList& prefetch, float* HWY_RESTRICT reads) {
  const F32 d;
  const size_t pitch = kVectors * hn::Lanes(d);
  VF a0 = hn::Zero(d), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, e0 = a0, e1 = a0;
  for (size_t base = 0; base < key_dim; base += kPackLanes) {
    const size_t count = std::min<size_t>(kPackLanes, key_dim - base);
    const float* HWY_RESTRICT x = rows + base * kPackRows;
    prefetch.FetchSome();
    for (size_t k = 0; k < count; ++k, ++x, panel += pitch) {
      const VF s0 = hn::Load(d, panel);
      const VF s1 = LoadSecond<kVectors>(panel);
      Accumulate<kVectors>(x, s0, s1, a0, a1);
      if constexpr (kTokens > 1) Accumulate<kVectors>(x + 1 * kPackLanes, s0, s1, b0, b1);
      if constexpr (kTokens > 2) Accumulate<kVectors>(x + 2 * kPackLanes, s0, s1, c0, c1);
      if constexpr (kTokens > 3) Accumulate<kVectors>(x + 3 * kPackLanes, s0, s1, e0, e1);
    }
  }
  StoreVectors<kVectors>(a0, a1, reads);
  if constexpr (kTokens > 1) StoreVectors<kVectors>(b0, b1, reads + pitch);
  if constexpr (kTokens > 2) StoreVectors<kVectors>(c0, c1, reads + 2 * pitch);
  if constexpr (kTokens > 3) StoreVectors<kVectors>(e0, e1, reads + 3 * pitch);
}

// Keys and queries in one sweep: 16 accumulators at kTokens = 4.
template <int kTokens, int kVectors>
HWY_NOINLINE void ReadKeysAndQueries(const float* HWY_RESTRICT rows,
                                     const float* HWY_RESTRICT panel, size_t key_dim,
                                     PrefetchList& prefetch, float* HWY_RESTRICT reads) {
  const F32 d;
  const size_t pitch = kVectors * hn::Lanes(d);
  VF k00 = hn::Zero(d), k01 = k00, k10 = k00, k11 = k00, k20 = k00, k21 = k00, k30 = k00, k31 = k00;
  VF q00 = k00, q01 = k00, q10 = k00, q11 = k00, q20 = k00, q21 = k00, q30 = k00, q31 = k00;
  for (size_t base = 0; base < key_dim; base += kPackLanes) {
    const size_t count = std::min<size_t>(kPackLanes, key_dim - base);
    const float* HWY_RESTRICT x = rows + base * kPackRows;
    prefetch.FetchSome();
    for (size_t k = 0; k < count; ++k, ++x, panel += pitch) {
      const VF s0 = hn::Load(d, panel);
      const VF s1 = LoadSecond<kVectors>(panel);
      Accumulate<kVectors>(x, s0, s1, k00, k01);
      if constexpr (kTokens > 1) Accumulate<kVectors>(x + 1 * kPackLanes, s0, s1, k10, k11);
      if constexpr (kTokens > 2) Accumulate<kVectors>(x + 2 * kPackLanes, s0, s1, k20, k21);
      if constexpr (kTokens > 3) Accumulate<kVectors>(x + 3 * kPackLanes, s0, s1, k30, k31);
      Accumulate<kVectors>(x + 4 * kPackLanes, s0, s1, q00, q01);
      if constexpr (kTokens > 1) Accumulate<kVectors>(x + 5 * kPackLanes, s0, s1, q10, q11);
      if constexpr (kTokens > 2) Accumulate<kVectors>(x + 6 * kPackLanes, s0, s1, q20, q21);
      if constexpr (kTokens > 3) Accumulate<kVectors>(x + 7 * kPackLanes, s0, s1, q30, q31);
    }
  }
  StoreVectors<kVectors>(k00, k01, reads);
  if constexpr (kTokens > 1) StoreVectors<kVectors>(k10, k11, reads + pitch);
  if constexpr (kTokens > 2) StoreVectors<kVectors>(k20, k21, reads + 2 * pitch);
  if constexpr (kTokens > 3) StoreVectors<kVectors>(k30, k31, reads + 3 * pitch);
  reads += kChunkTokens * pitch;
  StoreVectors<kVectors>(q00, q01, reads);
  if constexpr (kTokens > 1) StoreVectors<kVectors>(q10, q11, reads + pitch);
  if constexpr (kTokens > 2) StoreVectors<kVectors>(q20, q21, reads + 2 * pitch);
  if constexpr (kTokens > 3) StoreVectors<kVectors>(q30, q31, reads + 3 * pitch);
}

// panel[k] = rescale * panel[k] + sum_i key_i[k] * writes[i].
template <int kTokens, int kVectors, bool kRescale>
HWY_NOINLINE void UpdatePanel(const float* HWY_RESTRICT rows, const float* HWY_RESTRICT writes,
                              float rescale, size_t key_dim, PrefetchList& prefetch,
                              float* HWY_RESTRICT panel) {
  const F32 d;
  const size_t pitch = kVectors * hn::Lanes(d);
  const VF scale = hn::Set(d, rescale);
  const auto write = [&](int i, size_t v) HWY_ATTR {
    return i < kTokens && v < kVectors
               ? hn::Load(d, writes + static_cast<size_t>(i) * pitch + v * hn::Lanes(d))
               : hn::Zero(d);
  };
  const VF w00 = write(0, 0), w01 = write(0, 1), w10 = write(1, 0), w11 = write(1, 1);
  const VF w20 = write(2, 0), w21 = write(2, 1), w30 = write(3, 0), w31 = write(3, 1);
  for (size_t base = 0; base < key_dim; base += kPackLanes) {
    const size_t count = std::min<size_t>(kPackLanes, key_dim - base);
    const float* HWY_RESTRICT x = rows + base * kPackRows;
    prefetch.FetchSome();
    for (size_t k = 0; k < count; ++k, ++x, panel += pitch) {
      VF s0 = hn::Load(d, panel);
      VF s1 = LoadSecond<kVectors>(panel);
      if constexpr (kRescale) {
        s0 = hn::Mul(s0, scale);
        s1 = hn::Mul(s1, scale);
      }
      Accumulate<kVectors>(x, w00, w01, s0, s1);
      if constexpr (kTokens > 1) Accumulate<kVectors>(x + 1 * kPackLanes, w10, w11, s0, s1);
      if constexpr (kTokens > 2) Accumulate<kVectors>(x + 2 * kPackLanes, w20, w21, s0, s1);
      if constexpr (kTokens > 3) Accumulate<kVectors>(x + 3 * kPackLanes, w30, w31, s0, s1);
      StoreVectors<kVectors>(s0, s1, panel);
    }
  }
}

// A panel's columns of the tokens of a micro-chunk, in the caller's tensor or in a buffer.
template <class T>
struct TokenRows {
  T* at;
  int64_t pitch;  // elements from token to token
};

// The triangle of coefficients.h, forwards, for the vector of columns from `column` on.
template <int kTokens, int kVectors, class T>
HWY_INLINE void SolveColumns(const ChunkCoefficients& c, TokenRows<const T> values, size_t column,
                             const float* HWY_RESTRICT reads, float* HWY_RESTRICT writes,
                             TokenRows<T> outputs) {
  const F32 d;
  const size_t pitch = kVectors * hn::Lanes(d);
  reads += column;
  writes += column;
  const float* HWY_RESTRICT query_reads = reads + kChunkTokens * pitch;
  const auto scalar = [&](float x) HWY_ATTR { return hn::Set(d, x); };
  const auto delta = [&](size_t i) HWY_ATTR {
    return hn::NegMulAdd(scalar(c.read[i]), hn::Load(d, reads + i * pitch),
                         LoadAsF32(d, values.at + static_cast<int64_t>(i) * values.pitch + column));
  };
  const auto put = [&](VF x, int64_t i)
                       HWY_ATTR { StoreFromF32(d, x, outputs.at + i * outputs.pitch + column); };
  const auto output = [&](size_t i) HWY_ATTR {
    return hn::Mul(scalar(c.read[i]), hn::Load(d, query_reads + i * pitch));
  };
  const VF d0 = hn::Mul(scalar(c.beta[0]), delta(0));
  hn::Store(hn::Mul(scalar(c.write[0]), d0), d, writes);
  put(hn::MulAdd(scalar(c.readout[0]), d0, output(0)), 0);
  if constexpr (kTokens > 1) {
    VF d1 = hn::NegMulAdd(scalar(c.correction[0]), d0, delta(1));
    d1 = hn::Mul(scalar(c.beta[1]), d1);
    hn::Store(hn::Mul(scalar(c.write[1]), d1), d, writes + pitch);
    VF o1 = hn::MulAdd(scalar(c.readout[1]), d0, output(1));
    o1 = hn::MulAdd(scalar(c.readout[2]), d1, o1);
    put(o1, 1);
    if constexpr (kTokens > 2) {
      VF d2 = hn::NegMulAdd(scalar(c.correction[1]), d0, delta(2));
      d2 = hn::NegMulAdd(scalar(c.correction[2]), d1, d2);
      d2 = hn::Mul(scalar(c.beta[2]), d2);
      hn::Store(hn::Mul(scalar(c.write[2]), d2), d, writes + 2 * pitch);
      VF o2 = hn::MulAdd(scalar(c.readout[3]), d0, output(2));
      o2 = hn::MulAdd(scalar(c.readout[4]), d1, o2);
      o2 = hn::MulAdd(scalar(c.readout[5]), d2, o2);
      put(o2, 2);
      if constexpr (kTokens > 3) {
        VF d3 = hn::NegMulAdd(scalar(c.correction[3]), d0, delta(3));
        d3 = hn::NegMulAdd(scalar(c.correction[4]), d1, d3);
        d3 = hn::NegMulAdd(scalar(c.correction[5]), d2, d3);
        d3 = hn::Mul(scalar(c.beta[3]), d3);
        hn::Store(hn::Mul(scalar(c.write[3]), d3), d, writes + 3 * pitch);
        VF o3 = hn::MulAdd(scalar(c.readout[6]), d0, output(3));
        o3 = hn::MulAdd(scalar(c.readout[7]), d1, o3);
        o3 = hn::MulAdd(scalar(c.readout[8]), d2, o3);
        o3 = hn::MulAdd(scalar(c.readout[9]), d3, o3);
        put(o3, 3);
      }
    }
  }
}

template <int kTokens, int kVectors, class T>
HWY_INLINE void RunMicroChunkOf(const ChunkCoefficients& c, const float* rows, size_t key_dim,
                                TokenRows<const T> values, PrefetchList& prefetch, float* panel,
                                TokenRows<T> outputs) {
  const size_t lanes = hn::Lanes(F32());
  HWY_ALIGN float reads[2 * kChunkTokens * kMaxPanelWidth];
  HWY_ALIGN float writes[kChunkTokens * kMaxPanelWidth];
  constexpr int kSweeps = kFewRegisters ? 3 : 2;
  prefetch.Spread(kSweeps * static_cast<int>((key_dim + kPackLanes - 1) / kPackLanes));
  if constexpr (kFewRegisters) {
    ReadRows<kTokens, kVectors>(rows, panel, key_dim, prefetch, reads);
    ReadRows<kTokens, kVectors>(rows + kChunkTokens * kPackLanes, panel, key_dim, prefetch,
                                reads + kChunkTokens * kVectors * lanes);
  } else {
    ReadKeysAndQueries<kTokens, kVectors>(rows, panel, key_dim, prefetch, reads);
  }
  for (size_t v = 0; v < kVectors * lanes; v += lanes) {
    SolveColumns<kTokens, kVectors>(c, values, v, reads, writes, outputs);
  }
  if (c.rescale == 1.0f) {
    UpdatePanel<kTokens, kVectors, false>(rows, writes, 1.0f, key_dim, prefetch, panel);
  } else {
    UpdatePanel<kTokens, kVectors, true>(rows, writes, c.rescale, key_dim, prefetch, panel);
  }
}

// values, outputs: [num_tokens][kVectors vectors].
template <int kVectors, class T>
HWY_INLINE void RunMicroChunk(const ChunkCoefficients& c, int num_tokens, const float* rows,
                              size_t key_dim, TokenRows<const T> values, PrefetchList& prefetch,
                              float* panel, TokenRows<T> outputs) {
  switch (num_tokens) {
    case 1:
      return RunMicroChunkOf<1, kVectors>(c, rows, key_dim, values, prefetch, panel, outputs);
    case 2:
      return RunMicroChunkOf<2, kVectors>(c, rows, key_dim, values, prefetch, panel, outputs);
    case 3:
      return RunMicroChunkOf<3, kVectors>(c, rows, key_dim, values, prefetch, panel, outputs);
    default:
      return RunMicroChunkOf<4, kVectors>(c, rows, key_dim, values, prefetch, panel, outputs);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#endif  // DELTAGAUGE_KERNELS_MICRO_CHUNK_INL_H_
