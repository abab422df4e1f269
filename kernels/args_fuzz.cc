// Any description of a call is either refused with nothing written or runs within its memory.
//
// The description is read from the input byte by byte. Every tensor lies in a block of its own that
// is exactly as large as the strides need (found by brute force over the corners), so that the
// address sanitizer sees each step outside. Descriptions that are refused are run all the same:
// the call itself must refuse them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {
namespace {

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t Next() { return at_ < size_ ? data_[at_++] : 0; }
  int64_t Below(int64_t n) { return Next() % n; }
  // Mostly small, now and then absurd.
  int64_t Stride(int64_t sensible) {
    switch (Next() % 8) {
      case 0:
        return Below(64);
      case 1:
        return -Below(64);
      case 2:
        return int64_t{1} << (Next() % 63);
      default:
        return sensible;
    }
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

struct Axis {
  int64_t size;
  int64_t stride;
};

// A block that fits a tensor, or a small one if none could.
class Block {
 public:
  Block(std::initializer_list<Axis> axes, size_t element, uint8_t fill) {
    double below = 0;
    double above = 0;
    bool empty = false;
    for (const Axis& axis : axes) {
      empty |= axis.size <= 0;
      const double reach = static_cast<double>(axis.size - 1) * static_cast<double>(axis.stride);
      (reach < 0 ? below : above) += std::abs(reach);
    }
    constexpr double kMost = 1 << 18;
    fits_ = empty || below + above < kMost;
    const size_t before = !empty && fits_ ? static_cast<size_t>(below) * element : 0;
    const size_t size = !fits_ ? 8 : empty ? 0 : static_cast<size_t>(below + above + 1) * element;
    memory_.assign(size, fill);
    start_ = size == 0 ? nullptr : memory_.data() + before;
  }
  bool fits() const { return fits_; }
  template <class T>
  T* at() {
    return reinterpret_cast<T*>(start_);
  }
  const std::vector<uint8_t>& memory() const { return memory_; }

 private:
  bool fits_;
  std::vector<uint8_t> memory_;
  uint8_t* start_;
};

Strides ReadStrides(Bytes& bytes, int64_t tokens, int64_t heads, int64_t dim) {
  Strides strides;
  strides.sequence = bytes.Stride(tokens * heads * dim);
  strides.token = bytes.Stride(heads * dim);
  strides.head = bytes.Stride(dim);
  return strides;
}

StateStrides ReadStateStrides(Bytes& bytes, int64_t slots, int64_t heads, int64_t rows,
                              int64_t columns) {
  StateStrides strides;
  strides.row = bytes.Stride(columns);
  strides.head = bytes.Stride(slots * rows * columns);
  strides.sequence = bytes.Stride(heads * slots * rows * columns);
  return strides;
}

void Run(Bytes bytes) {
  GatedDeltaRuleArgs args;
  args.num_sequences = bytes.Below(4);
  args.num_tokens = bytes.Below(12);
  args.key_heads = bytes.Below(4);
  args.value_heads = args.key_heads * bytes.Below(4) + (bytes.Next() % 8 == 0);
  args.key_dim = bytes.Below(bytes.Next() % 4 == 0 ? 256 : 36) + (bytes.Next() % 8 != 0);
  args.value_dim = bytes.Below(bytes.Next() % 4 == 0 ? 256 : 36) + (bytes.Next() % 8 != 0);
  args.data_type = static_cast<DataType>(bytes.Below(8) == 0 ? bytes.Next() : bytes.Below(2));
  args.head_map = static_cast<HeadMap>(bytes.Below(8) == 0 ? bytes.Next() : bytes.Below(2));
  args.decay_form = static_cast<DecayForm>(bytes.Below(2));
  args.beta_form = static_cast<BetaForm>(bytes.Below(2));
  args.qk_norm = static_cast<QkNorm>(bytes.Below(2));
  args.state_layout = static_cast<StateLayout>(bytes.Below(2));
  args.num_snapshots = bytes.Below(5) - (bytes.Next() % 16 == 0);
  std::vector<int64_t> lengths(5);
  if (bytes.Next() % 2 == 0) {
    for (int64_t i = 1; i <= args.num_sequences; ++i) {
      lengths[static_cast<size_t>(i)] = lengths[static_cast<size_t>(i - 1)] + bytes.Below(5);
    }
    if (bytes.Next() % 16 == 0) lengths[static_cast<size_t>(bytes.Below(5))] = bytes.Next() - 100;
    args.cumulative_lengths = lengths.data();
    if (bytes.Next() % 16 != 0) args.num_tokens = lengths[static_cast<size_t>(args.num_sequences)];
  }
  const int64_t sequences = args.cumulative_lengths == nullptr ? args.num_sequences : 1;
  const int64_t tokens = args.num_tokens;
  const bool key_major = args.state_layout == StateLayout::kKeyMajor;
  const int64_t rows = key_major ? args.key_dim : args.value_dim;
  const int64_t columns = key_major ? args.value_dim : args.key_dim;
  const size_t element = args.data_type == DataType::kBFloat16 ? 2 : 4;
  const auto token_block = [&](const Strides& s, int64_t heads, int64_t dim, size_t size,
                               uint8_t fill) {
    return Block({{sequences, s.sequence}, {tokens, s.token}, {heads, s.head}, {dim, 1}}, size,
                 fill);
  };
  const auto state_block = [&](const StateStrides& s, int64_t slots, int64_t slot_stride,
                               uint8_t fill) {
    return Block({{args.num_sequences, s.sequence},
                  {args.value_heads, s.head},
                  {rows, s.row},
                  {columns, 1},
                  {slots, slot_stride}},
                 4, fill);
  };
  args.query.strides = ReadStrides(bytes, tokens, args.key_heads, args.key_dim);
  args.key.strides = ReadStrides(bytes, tokens, args.key_heads, args.key_dim);
  args.value.strides = ReadStrides(bytes, tokens, args.value_heads, args.value_dim);
  args.output.strides = ReadStrides(bytes, tokens, args.value_heads, args.value_dim);
  args.decay.strides = ReadStrides(bytes, tokens, args.value_heads, 1);
  args.beta.strides = ReadStrides(bytes, tokens, args.value_heads, 1);
  args.initial_state.strides = ReadStateStrides(bytes, 1, args.value_heads, rows, columns);
  args.final_state.strides = ReadStateStrides(bytes, 1, args.value_heads, rows, columns);
  args.snapshots.strides =
      ReadStateStrides(bytes, args.num_snapshots, args.value_heads, rows, columns);
  args.snapshot_stride = bytes.Stride(rows * columns);
  Block query = token_block(args.query.strides, args.key_heads, args.key_dim, element, 0x3C);
  Block key = token_block(args.key.strides, args.key_heads, args.key_dim, element, 0x3C);
  Block value = token_block(args.value.strides, args.value_heads, args.value_dim, element, 0x3C);
  Block output = token_block(args.output.strides, args.value_heads, args.value_dim, element, 0x11);
  Block decay = token_block(args.decay.strides, args.value_heads, 1, 4, 0xBE);
  Block beta = token_block(args.beta.strides, args.value_heads, 1, 4, 0x3E);
  Block initial = state_block(args.initial_state.strides, 1, 0, 0x3C);
  Block final_state = state_block(args.final_state.strides, 1, 0, 0x11);
  Block snapshots =
      state_block(args.snapshots.strides, args.num_snapshots, args.snapshot_stride, 0x11);
  args.query.data = query.at<void>();
  args.key.data = key.at<void>();
  args.value.data = value.at<void>();
  args.output.data = output.at<void>();
  args.decay.data = decay.at<float>();
  args.beta.data = beta.at<float>();
  if (bytes.Next() % 3 != 0) args.initial_state.data = initial.at<float>();
  if (bytes.Next() % 3 != 0) args.final_state.data = final_state.at<float>();
  args.snapshots.data = snapshots.at<float>();
  if (bytes.Next() % 4 == 0) {
    args.final_state = {initial.at<float>(), args.initial_state.strides};
  }
  const bool fits = query.fits() && key.fits() && value.fits() && output.fits() && decay.fits() &&
                    beta.fits() && initial.fits() && final_state.fits() && snapshots.fits();
  static void* workspace = std::aligned_alloc(kWorkspaceAlignment, kWorkspaceBytesPerThread);
  SerialFor serial;
  const bool accepted = ValidateGatedDeltaRule(args).ok();
  // A valid description whose strides reach too far for the blocks of this test can't be run.
  if (accepted && !fits) return;
  const bool ran = GatedDeltaRule(args, {workspace, kWorkspaceBytesPerThread}, serial).ok();
  if (ran != accepted) std::abort();
  if (ran) return;
  for (const Block* written : {&output, &final_state, &snapshots}) {
    for (const uint8_t byte : written->memory()) {
      if (byte != 0x11) std::abort();
    }
  }
}

}  // namespace
}  // namespace deltagauge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  deltagauge::Run(deltagauge::Bytes(data, size));
  return 0;
}
