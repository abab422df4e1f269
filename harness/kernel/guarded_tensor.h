// Memory for one tensor of a kernel call, as a caller's program might hold it: anywhere, strided,
// between things that must not be touched.
#ifndef DELTAGAUGE_HARNESS_KERNEL_GUARDED_TENSOR_H_
#define DELTAGAUGE_HARNESS_KERNEL_GUARDED_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// Rows of contiguous elements at given offsets inside one allocation with guard bytes on both
// sides. All bytes that belong to no element, guards and gaps alike, hold a pattern that is NaN as
// float32: a kernel that reads them spoils its result, one that writes them is found by Damage().
class GuardedTensor {
 public:
  static constexpr size_t kGuardBytes = 512;

  // `row_offsets` in elements, none negative, rows don't overlap. Data starts `shift` elements past
  // an address aligned to 64 bytes.
  GuardedTensor(DataType type, int64_t row_length, std::vector<int64_t> row_offsets, int64_t shift);
  GuardedTensor(const GuardedTensor&) = delete;  // a copy would be aligned differently
  GuardedTensor& operator=(const GuardedTensor&) = delete;

  void* data() { return memory_.data() + begin_; }

  // Row after row. bfloat16 rounds to nearest even.
  void Store(std::span<const float> elements);
  std::vector<float> Load() const;

  // Remembers all bytes as they are now.
  void Seal() { sealed_ = memory_; }
  // What changed since Seal(): "" for nothing, or where the first changed byte is.
  std::string AnyChange() const;
  // The same, elements not counted.
  std::string Damage() const;

 private:
  void FillWithPattern();
  std::string FirstChange(std::span<const std::byte> expected) const;
  size_t ByteOf(int64_t row) const;

  DataType type_;
  size_t element_bytes_;
  int64_t row_length_;
  std::vector<int64_t> row_offsets_;
  std::vector<std::byte> memory_;
  std::vector<std::byte> sealed_;
  size_t begin_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_GUARDED_TENSOR_H_
