#include "kernels/machine_limits.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/machine_limits.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace deltagauge {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::CappedTag<float, 16>;

// Twelve chains hide a latency of 4 to 5 cycles at two a cycle, and fit in 16 registers.
int64_t FmaPeak(int64_t iterations, float* sink) {
  const F32 d;
  // Each starts elsewhere: equal chains would be one to the compiler.
  const auto start = [&](float i) HWY_ATTR { return hn::Set(d, 1.0f + i * *sink); };
  auto a0 = start(0), a1 = start(1), a2 = start(2), a3 = start(3), a4 = start(4), a5 = start(5);
  auto a6 = start(6), a7 = start(7), a8 = start(8), a9 = start(9), a10 = start(10);
  auto a11 = start(11);
  // Converges to 1: no overflow, no denormals.
  const auto x = hn::Set(d, 0.5f);
  const auto y = hn::Set(d, 0.5f);
  for (int64_t i = 0; i < iterations; ++i) {
    a0 = hn::MulAdd(a0, x, y);
    a1 = hn::MulAdd(a1, x, y);
    a2 = hn::MulAdd(a2, x, y);
    a3 = hn::MulAdd(a3, x, y);
    a4 = hn::MulAdd(a4, x, y);
    a5 = hn::MulAdd(a5, x, y);
    a6 = hn::MulAdd(a6, x, y);
    a7 = hn::MulAdd(a7, x, y);
    a8 = hn::MulAdd(a8, x, y);
    a9 = hn::MulAdd(a9, x, y);
    a10 = hn::MulAdd(a10, x, y);
    a11 = hn::MulAdd(a11, x, y);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)),
                           hn::Add(hn::Add(hn::Add(a4, a5), hn::Add(a6, a7)),
                                   hn::Add(hn::Add(a8, a9), hn::Add(a10, a11))));
  *sink = hn::GetLane(sum);
  return iterations * 12 * 2 * static_cast<int64_t>(hn::Lanes(d));
}

void StreamUpdate(float* HWY_RESTRICT data, size_t count, float factor) {
  const F32 d;
  const size_t n = hn::Lanes(d);
  const auto x = hn::Set(d, factor);
  size_t i = 0;
  for (; i + 4 * n <= count; i += 4 * n) {
    hn::StoreU(hn::Mul(x, hn::LoadU(d, data + i)), d, data + i);
    hn::StoreU(hn::Mul(x, hn::LoadU(d, data + i + n)), d, data + i + n);
    hn::StoreU(hn::Mul(x, hn::LoadU(d, data + i + 2 * n)), d, data + i + 2 * n);
    hn::StoreU(hn::Mul(x, hn::LoadU(d, data + i + 3 * n)), d, data + i + 3 * n);
  }
  for (; i < count; ++i) data[i] *= factor;
}

}  // namespace HWY_NAMESPACE
}  // namespace deltagauge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace deltagauge {

HWY_EXPORT(FmaPeak);
HWY_EXPORT(StreamUpdate);

int64_t RunFmaPeak(int64_t iterations, float* sink) {
  return HWY_DYNAMIC_DISPATCH(FmaPeak)(iterations, sink);
}

void RunStreamUpdate(float* data, size_t count, float factor) {
  HWY_DYNAMIC_DISPATCH(StreamUpdate)(data, count, factor);
}

}  // namespace deltagauge
#endif  // HWY_ONCE
