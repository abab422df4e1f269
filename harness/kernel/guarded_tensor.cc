#include "harness/kernel/guarded_tensor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

constexpr size_t kAlignment = 64;

// 0xffa5c3e7 in memory order: a NaN as float32, and no byte like its neighbour.
constexpr std::byte kPattern[4] = {std::byte{0xe7}, std::byte{0xc3}, std::byte{0xa5},
                                   std::byte{0xff}};

}  // namespace

GuardedTensor::GuardedTensor(DataType type, int64_t row_length, std::vector<int64_t> row_offsets,
                             int64_t shift)
    : type_(type),
      element_bytes_(type == DataType::kFloat32 ? 4 : 2),
      row_length_(row_length),
      row_offsets_(std::move(row_offsets)) {
  int64_t extent = 0;
  for (const int64_t offset : row_offsets_) extent = std::max(extent, offset + row_length_);
  const size_t shift_bytes = static_cast<size_t>(shift) * element_bytes_;
  memory_.resize(2 * kGuardBytes + kAlignment + shift_bytes +
                 static_cast<size_t>(extent) * element_bytes_);
  const auto address = reinterpret_cast<uintptr_t>(memory_.data()) + kGuardBytes;
  begin_ = kGuardBytes + (kAlignment - address % kAlignment) % kAlignment + shift_bytes;
  FillWithPattern();
}

void GuardedTensor::FillWithPattern() {
  const size_t size = memory_.size();
  for (size_t i = 0; i < 4; ++i) memory_[i] = kPattern[(i - begin_) % 4];  // in step with elements
  // What is filled, a multiple of 4 bytes, is copied behind itself.
  for (size_t filled = 4; filled < size; filled *= 2) {
    std::memcpy(memory_.data() + filled, memory_.data(), std::min(filled, size - filled));
  }
}

size_t GuardedTensor::ByteOf(int64_t row) const {
  return begin_ + static_cast<size_t>(row_offsets_[static_cast<size_t>(row)]) * element_bytes_;
}

void GuardedTensor::Store(std::span<const float> elements) {
  const auto row_length = static_cast<size_t>(row_length_);
  for (size_t row = 0; row * row_length < elements.size(); ++row) {
    std::byte* to = memory_.data() + ByteOf(static_cast<int64_t>(row));
    const std::span<const float> from = elements.subspan(row * row_length, row_length);
    if (type_ == DataType::kFloat32) {
      std::memcpy(to, from.data(), from.size_bytes());
      continue;
    }
    for (size_t i = 0; i < row_length; ++i) {
      const uint16_t bits = ToBFloat16(from[i]);
      std::memcpy(to + 2 * i, &bits, 2);
    }
  }
}

std::vector<float> GuardedTensor::Load() const {
  const auto row_length = static_cast<size_t>(row_length_);
  std::vector<float> elements(row_offsets_.size() * row_length);
  for (size_t row = 0; row < row_offsets_.size(); ++row) {
    const std::byte* from = memory_.data() + ByteOf(static_cast<int64_t>(row));
    float* to = elements.data() + row * row_length;
    if (type_ == DataType::kFloat32) {
      std::memcpy(to, from, 4 * row_length);
      continue;
    }
    for (size_t i = 0; i < row_length; ++i) {
      uint16_t bits = 0;
      std::memcpy(&bits, from + 2 * i, 2);
      to[i] = FromBFloat16(bits);
    }
  }
  return elements;
}

std::string GuardedTensor::AnyChange() const { return FirstChange(sealed_); }

std::string GuardedTensor::Damage() const {
  std::vector<std::byte> expected = sealed_;
  const size_t row_bytes = static_cast<size_t>(row_length_) * element_bytes_;
  for (size_t row = 0; row < row_offsets_.size(); ++row) {
    const size_t at = ByteOf(static_cast<int64_t>(row));
    std::memcpy(expected.data() + at, memory_.data() + at, row_bytes);
  }
  return FirstChange(expected);
}

std::string GuardedTensor::FirstChange(std::span<const std::byte> expected) const {
  // By far the most often, and by far the fastest answer.
  if (std::memcmp(memory_.data(), expected.data(), memory_.size()) == 0) return "";
  const auto [now, before] = std::mismatch(memory_.begin(), memory_.end(), expected.begin());
  const auto at = now - memory_.begin() - static_cast<ptrdiff_t>(begin_);
  return fmt::format("byte {} from the first element was changed", at);
}

}  // namespace deltagauge
