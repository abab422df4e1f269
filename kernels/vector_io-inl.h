// Vectors and the memory of tensors: float32 and bfloat16 in, float32 in registers.
// No include guard: one copy for each target (see highway's foreach_target.h).
#if defined(DELTAGAUGE_KERNELS_VECTOR_IO_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DELTAGAUGE_KERNELS_VECTOR_IO_INL_H_
#undef DELTAGAUGE_KERNELS_VECTOR_IO_INL_H_
#else
#define DELTAGAUGE_KERNELS_VECTOR_IO_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/task.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes, so that lanes always divide kPackLanes.
using F32 = hn::CappedTag<float, kPackLanes>;
using VF = hn::Vec<F32>;
using One = hn::CappedTag<float, 1>;

// 16 vector registers (x86 before AVX-512) or 32 (AVX-512, Arm).
#if HWY_ARCH_X86 && HWY_MAX_BYTES < 64
inline constexpr bool kFewRegisters = true;
#else
inline constexpr bool kFewRegisters = false;
#endif

// bfloat16 is the upper half of float32; 1.0.3 of Highway truncates when it narrows, so rounding to
// nearest even is ours.
struct BFloat16 {
  uint16_t bits;
};

HWY_INLINE float ToFloat(float x) { return x; }

HWY_INLINE float ToFloat(BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}

HWY_INLINE void StoreScalar(float x, float* to) { *to = x; }

HWY_INLINE void StoreScalar(float x, BFloat16* to) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  if (x != x) {
    to->bits = static_cast<uint16_t>((bits >> 16) | 0x40u);  // stays NaN, quiet
  } else {
    to->bits = static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
  }
}

template <class D>
HWY_INLINE hn::Vec<D> LoadAsF32(D d, const float* from) {
  return hn::LoadU(d, from);
}

template <class D>
HWY_INLINE hn::Vec<D> LoadAsF32(D d, const BFloat16* from) {
  const hn::Rebind<uint16_t, D> d16;
  const hn::Rebind<uint32_t, D> d32;
  const auto narrow = hn::LoadU(d16, &from->bits);
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, narrow)));
}

template <class D>
HWY_INLINE void StoreFromF32(D d, hn::Vec<D> x, float* to) {
  hn::StoreU(x, d, to);
}

template <class D>
HWY_INLINE void StoreFromF32(D /*d*/, hn::Vec<D> x, BFloat16* to) {
  const hn::Rebind<uint16_t, D> d16;
  const hn::Rebind<uint32_t, D> d32;
  const hn::Rebind<int32_t, D> di32;
  const auto bits = hn::BitCast(d32, x);
  const auto upper = hn::ShiftRight<16>(bits);
  const auto odd = hn::And(upper, hn::Set(d32, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7FFFu))));
  const auto quiet = hn::Or(upper, hn::Set(d32, 0x40u));
  const auto is_nan = hn::RebindMask(d32, hn::Ne(x, x));
  const auto out = hn::IfThenElse(is_nan, quiet, rounded);
  // At most 0xFFFF, so the saturation of DemoteTo never acts.
  hn::StoreU(hn::DemoteTo(d16, hn::BitCast(di32, out)), d16, &to->bits);
}

// [count] elements -> float32.
template <class T>
HWY_INLINE void LoadRow(const T* from, size_t count, float* to) {
  const F32 d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(LoadAsF32(d, from + i), d, to + i);
  for (; i < count; ++i) to[i] = ToFloat(from[i]);
}

template <class T>
HWY_INLINE void StoreRow(const float* from, size_t count, T* to) {
  const F32 d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) StoreFromF32(d, hn::LoadU(d, from + i), to + i);
  for (; i < count; ++i) StoreScalar(from[i], to + i);
}

// The same for a row of a panel, which is two vectors but in the last panel of a head.
template <class T>
HWY_INLINE void LoadPanelRow(const T* from, size_t count, float* to) {
  const F32 d;
  const size_t lanes = hn::Lanes(d);
  if (count != 2 * lanes) return LoadRow(from, count, to);
  hn::Store(LoadAsF32(d, from), d, to);
  hn::Store(LoadAsF32(d, from + lanes), d, to + lanes);
}

// Lines of `count` elements from `row` on.
HWY_INLINE void PrefetchRow(const float* row, int64_t count) {
  constexpr int64_t kLineElements = 64 / sizeof(float);
  for (int64_t i = 0; i < count; i += kLineElements) hwy::Prefetch(row + i);
  hwy::Prefetch(row + count - 1);
}

// The same into L2, which leaves L1 to what is worked on.
HWY_INLINE void PrefetchRowToL2(const float* row, size_t count) {
  for (size_t i = 0; i < count; i += 64 / sizeof(float)) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
    __builtin_prefetch(row + i, /*rw=*/0, /*locality=*/2);
#else
    hwy::Prefetch(row + i);
#endif
  }
}

// Where element 0 of a head's row at a token lies.
template <class T>
HWY_INLINE const T* TokenRow(const ConstTensor& tensor, int64_t sequence, int64_t token,
                             int64_t head) {
  return static_cast<const T*>(tensor.data) + sequence * tensor.strides.sequence +
         token * tensor.strides.token + head * tensor.strides.head;
}

template <class T>
HWY_INLINE T* TokenRow(const MutableTensor& tensor, int64_t sequence, int64_t token, int64_t head) {
  return static_cast<T*>(tensor.data) + sequence * tensor.strides.sequence +
         token * tensor.strides.token + head * tensor.strides.head;
}

HWY_INLINE float GateAt(const GateTensor& tensor, int64_t sequence, int64_t token, int64_t head) {
  return tensor.data[sequence * tensor.strides.sequence + token * tensor.strides.token +
                     head * tensor.strides.head];
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#endif  // DELTAGAUGE_KERNELS_VECTOR_IO_INL_H_
