#include "harness/candidate/staged_tensor.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "fmt/format.h"
#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

constexpr size_t kGuardBytes = 512;

// 0xffa5c3e7 in memory order, as in guarded_tensor.cc: a NaN as float32.
constexpr std::byte kPattern[4] = {std::byte{0xe7}, std::byte{0xc3}, std::byte{0xa5},
                                   std::byte{0xff}};

size_t ExtentBytes(const StagedShape& shape, size_t element_bytes) {
  int64_t last = 0;
  for (size_t i = 0; i < 4; ++i) last += (shape.sizes[i] - 1) * shape.strides[i];
  return static_cast<size_t>(last + 1) * element_bytes;
}

size_t BytesOf(DataType type) { return type == DataType::kFloat32 ? 4 : 2; }

}  // namespace

StagedShape ContiguousShape(const std::array<int64_t, 4>& sizes, const std::array<int, 4>& order) {
  StagedShape shape{sizes, {}};
  int64_t stride = 1;
  for (size_t i = 4; i-- > 0;) {
    const auto dimension = static_cast<size_t>(order[i]);
    shape.strides[dimension] = stride;
    stride *= sizes[dimension];
  }
  return shape;
}

StagedTensor::StagedTensor(const char* name, FaultSite::Access access, DataType type,
                           const StagedShape& shape, const StagedPlace& place)
    : name_(name),
      access_(access),
      type_(type),
      element_bytes_(BytesOf(type)),
      shape_(shape),
      pages_(ExtentBytes(shape, element_bytes_) + 2 * kGuardBytes + 2 * place.alignment_bytes +
                 place.misalignment_bytes,
             place.trap) {
  const size_t extent = ExtentBytes(shape, element_bytes_);
  // Pages are aligned to all that a plug-in may ask for. Without a trap, guards on both sides.
  const size_t tail = place.trap == Trap::kProcessor ? 0 : kGuardBytes;
  const size_t latest = pages_.bytes() - tail - extent - place.misalignment_bytes;
  begin_ = latest / place.alignment_bytes * place.alignment_bytes + place.misalignment_bytes;
  for (size_t i = 0; i < pages_.bytes(); ++i) {
    pages_.data()[i] = kPattern[(i + 4 - begin_ % 4) % 4];  // in step with the elements
  }
  site_.emplace(name, access, pages_.data() + begin_, extent);
}

float StagedTensor::Get(int64_t offset) const {
  const std::byte* const from =
      pages_.data() + begin_ + static_cast<size_t>(offset) * element_bytes_;
  if (type_ == DataType::kBFloat16) {
    uint16_t bits = 0;
    std::memcpy(&bits, from, 2);
    return FromBFloat16(bits);
  }
  float value = 0;
  std::memcpy(&value, from, 4);
  return value;
}

void StagedTensor::Set(int64_t offset, float value) {
  std::byte* const to = pages_.data() + begin_ + static_cast<size_t>(offset) * element_bytes_;
  if (type_ == DataType::kBFloat16) {
    const uint16_t bits = ToBFloat16(value);
    std::memcpy(to, &bits, 2);
  } else {
    std::memcpy(to, &value, 4);
  }
}

deltagauge_input StagedTensor::AsInput() const {
  deltagauge_input input = {};
  input.data = pages_.data() + begin_;
  std::copy(shape_.sizes.begin(), shape_.sizes.end(), input.shape);
  std::copy(shape_.strides.begin(), shape_.strides.end(), input.strides);
  return input;
}

deltagauge_output StagedTensor::AsOutput() {
  const deltagauge_input input = AsInput();
  deltagauge_output output = {};
  output.data = pages_.data() + begin_;
  std::copy(input.shape, input.shape + 4, output.shape);
  std::copy(input.strides, input.strides + 4, output.strides);
  return output;
}

void StagedTensor::Seal() {
  sealed_.assign(pages_.data(), pages_.data() + pages_.bytes());
  if (access_ == FaultSite::Access::kReadOnly) pages_.ForbidWriting();
}

std::string StagedTensor::Damage() const {
  std::vector<std::byte> expected = sealed_;
  const auto& sizes = shape_.sizes;
  for (int64_t a = 0; a < sizes[0] && access_ == FaultSite::Access::kReadWrite; ++a) {
    for (int64_t b = 0; b < sizes[1]; ++b) {
      for (int64_t c = 0; c < sizes[2]; ++c) {
        for (int64_t d = 0; d < sizes[3]; ++d) {
          const size_t at =
              begin_ + static_cast<size_t>(shape_.Offset(a, b, c, d)) * element_bytes_;
          std::memcpy(expected.data() + at, pages_.data() + at, element_bytes_);
        }
      }
    }
  }
  const std::span<const std::byte> now(pages_.data(), pages_.bytes());
  const auto [changed, before] = std::mismatch(now.begin(), now.end(), expected.begin());
  if (changed == now.end()) return "";
  const auto at = changed - now.begin() - static_cast<ptrdiff_t>(begin_);
  return fmt::format("byte {} from the first element was changed", at);
}

}  // namespace deltagauge
