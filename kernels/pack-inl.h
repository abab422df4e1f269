// What depends on the key head alone, once for all panels: keys and queries of a micro-chunk,
// packed as float32 (normalised and scaled on the way), and their dot products.
#if defined(DELTAGAUGE_KERNELS_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DELTAGAUGE_KERNELS_PACK_INL_H_
#undef DELTAGAUGE_KERNELS_PACK_INL_H_
#else
#define DELTAGAUGE_KERNELS_PACK_INL_H_
#endif

#include <cmath>

#include "kernels/vector_io-inl.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {

using F32x4 = hn::CappedTag<float, 4>;

// Adds up the blocks of 4 lanes.
template <class D>
HWY_INLINE hn::Vec<F32x4> SumBlocks(D d, hn::Vec<D> x) {
#if HWY_HAVE_SCALABLE
  HWY_ALIGN float lanes[kPackLanes];
  hn::Store(x, d, lanes);
  const F32x4 d4;
  auto sum = hn::Load(d4, lanes);
  for (size_t i = 4; i < hn::Lanes(d); i += 4) sum = hn::Add(sum, hn::Load(d4, lanes + i));
  return sum;
#else
  if constexpr (hn::MaxLanes(D()) <= 4) {
    static_cast<void>(d);
    return x;
  } else {
    const hn::Half<D> half;
    return SumBlocks(half, hn::Add(hn::LowerHalf(half, x), hn::UpperHalf(half, x)));
  }
#endif
}

// The sums over the lanes of a, b, c and e, in one vector.
HWY_INLINE hn::Vec<F32x4> SumsOf4(VF a, VF b, VF c, VF e) {
  const F32 d;
  // Transposes within each block of 128 bits while it adds:
  // (a0+a2, c0+c2, a1+a3, c1+c3), then (a, b, c, e) of the block.
  const VF ac = hn::Add(hn::InterleaveLower(d, a, c), hn::InterleaveUpper(d, a, c));
  const VF be = hn::Add(hn::InterleaveLower(d, b, e), hn::InterleaveUpper(d, b, e));
  return SumBlocks(d, hn::Add(hn::InterleaveLower(d, ac, be), hn::InterleaveUpper(d, ac, be)));
}

HWY_INLINE void StoreSumsOf4(VF a, VF b, VF c, VF e, float* sums) {
  hn::StoreU(SumsOf4(a, b, c, e), F32x4(), sums);
}

template <class T>
HWY_INLINE float SumOfSquares(const T* row, size_t count) {
  const F32 d;
  const size_t lanes = hn::Lanes(d);
  VF sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const VF x = LoadAsF32(d, row + i);
    sum = hn::MulAdd(x, x, sum);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < count; ++i) total += ToFloat(row[i]) * ToFloat(row[i]);
  return total;
}

// What the row is multiplied by: 1, or its inverse L2 norm.
template <class T>
HWY_INLINE float RowFactor(const GatedDeltaRuleArgs& args, const T* row) {
  if (args.qk_norm == QkNorm::kNone) return 1.0f;
  const double sum = SumOfSquares(row, static_cast<size_t>(args.key_dim));
  return static_cast<float>(1.0 / std::sqrt(sum + static_cast<double>(args.norm_epsilon)));
}

// One row into its slot of the packed chunk, padded with zeros.
template <class T>
HWY_INLINE void PackRow(const T* HWY_RESTRICT row, size_t count, float factor,
                        float* HWY_RESTRICT slot) {
  const F32 d;
  const size_t lanes = hn::Lanes(d);
  const VF scale = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    float* to = slot + i / kPackLanes * (kPackLanes * kPackRows) + i % kPackLanes;
    hn::Store(hn::Mul(scale, LoadAsF32(d, row + i)), d, to);
  }
  const size_t padded = static_cast<size_t>(RoundUpTo(static_cast<int64_t>(count), kPackLanes));
  for (; i < padded; ++i) {
    slot[i / kPackLanes * (kPackLanes * kPackRows) + i % kPackLanes] =
        i < count ? ToFloat(row[i]) * factor : 0.0f;
  }
}

// The dot products that FillCoefficients reads (kDots).
HWY_NOINLINE void PackedDots(const float* HWY_RESTRICT rows, size_t key_dim,
                             float* HWY_RESTRICT dots) {
  const F32 d;
  const size_t lanes = hn::Lanes(d);
  VF k10 = hn::Zero(d), k20 = k10, k21 = k10, k30 = k10, k31 = k10, k32 = k10;
  VF q00 = k10, q10 = k10, q11 = k10, q20 = k10, q21 = k10, q22 = k10;
  VF q30 = k10, q31 = k10, q32 = k10, q33 = k10;
  for (size_t base = 0; base < key_dim; base += kPackLanes) {
    for (size_t lane = 0; lane < kPackLanes; lane += lanes) {
      const float* HWY_RESTRICT at = rows + base * kPackRows + lane;
      const VF k0 = hn::Load(d, at);
      const VF k1 = hn::Load(d, at + 1 * kPackLanes);
      const VF k2 = hn::Load(d, at + 2 * kPackLanes);
      const VF k3 = hn::Load(d, at + 3 * kPackLanes);
      k10 = hn::MulAdd(k1, k0, k10);
      k20 = hn::MulAdd(k2, k0, k20);
      k21 = hn::MulAdd(k2, k1, k21);
      k30 = hn::MulAdd(k3, k0, k30);
      k31 = hn::MulAdd(k3, k1, k31);
      k32 = hn::MulAdd(k3, k2, k32);
      const VF q0 = hn::Load(d, at + 4 * kPackLanes);
      const VF q1 = hn::Load(d, at + 5 * kPackLanes);
      const VF q2 = hn::Load(d, at + 6 * kPackLanes);
      const VF q3 = hn::Load(d, at + 7 * kPackLanes);
      q00 = hn::MulAdd(q0, k0, q00);
      q10 = hn::MulAdd(q1, k0, q10);
      q11 = hn::MulAdd(q1, k1, q11);
      q20 = hn::MulAdd(q2, k0, q20);
      q21 = hn::MulAdd(q2, k1, q21);
      q22 = hn::MulAdd(q2, k2, q22);
      q30 = hn::MulAdd(q3, k0, q30);
      q31 = hn::MulAdd(q3, k1, q31);
      q32 = hn::MulAdd(q3, k2, q32);
      q33 = hn::MulAdd(q3, k3, q33);
    }
  }
  StoreSumsOf4(k10, k20, k21, k30, dots);
  StoreSumsOf4(k31, k32, q00, q10, dots + 4);
  StoreSumsOf4(q11, q20, q21, q22, dots + 8);
  StoreSumsOf4(q30, q31, q32, q33, dots + 12);
}

// Packs tokens first .. first + num_tokens - 1 of a key head; rows of absent tokens are zero.
template <class T>
void PackChunk(const GatedDeltaRuleArgs& args, const Task& task, int64_t first, int num_tokens,
               float* HWY_RESTRICT rows, float* HWY_RESTRICT dots) {
  const auto key_dim = static_cast<size_t>(args.key_dim);
  for (int i = 0; i < kChunkTokens; ++i) {
    float* key_slot = rows + i * kPackLanes;
    float* query_slot = rows + (kChunkTokens + i) * kPackLanes;
    if (i >= num_tokens) {
      for (size_t base = 0; base < key_dim; base += kPackLanes) {
        std::memset(key_slot + base * kPackRows, 0, kPackLanes * sizeof(float));
        std::memset(query_slot + base * kPackRows, 0, kPackLanes * sizeof(float));
      }
      continue;
    }
    const T* key = TokenRow<T>(args.key, task.base, first + i, task.key_head);
    const T* query = TokenRow<T>(args.query, task.base, first + i, task.key_head);
    PackRow(key, key_dim, RowFactor(args, key), key_slot);
    PackRow(query, key_dim, RowFactor(args, query) * args.scale, query_slot);
  }
  PackedDots(rows, key_dim, dots);
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#endif  // DELTAGAUGE_KERNELS_PACK_INL_H_
