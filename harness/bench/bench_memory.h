// Memory for timing: vectors that begin at a cache line, whatever the allocator of the day.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_MEMORY_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_MEMORY_H_

#include <cstddef>
#include <new>
#include <vector>

namespace deltagauge {

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* memory, size_t) { ::operator delete(memory, kAlignment); }

  bool operator==(const CacheLineAllocator&) const = default;
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_MEMORY_H_
