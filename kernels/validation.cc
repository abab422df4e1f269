// Everything a call can get wrong, found before a byte is written.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {
namespace {

Status Error(StatusCode code, const char* argument, const char* hint, int64_t found = 0) {
  return Status{code, argument, hint, found};
}

// The bytes that a tensor covers, from the lowest element to behind the highest.
struct Extent {
  const char* name = "";
  uintptr_t begin = 0;
  uintptr_t end = 0;  // begin == end: no element

  bool Meets(const Extent& other) const { return begin < other.end && other.begin < end; }
};

struct Axis {
  int64_t size = 0;
  int64_t stride = 0;
};

constexpr int kMaxAxes = 5;

// A tensor as validation sees it: where, how large, how laid out.
struct Operand {
  const char* name = "";
  const void* data = nullptr;
  int64_t element_bytes = 0;
  Axis axes[kMaxAxes];
};

bool IsEmpty(const Operand& operand) {
  return std::any_of(operand.axes, operand.axes + kMaxAxes,
                     [](const Axis& axis) { return axis.size == 0; });
}

// No address space is larger than this many bytes either side of a pointer.
constexpr double kMaxReach = 140737488355328.0;  // 2^47

Status FindExtent(const Operand& operand, Extent* extent) {
  extent->name = operand.name;
  if (IsEmpty(operand)) return {};
  if (operand.data == nullptr) {
    return Error(StatusCode::kNullPointer, operand.name, "a pointer to its first element");
  }
  const auto address = reinterpret_cast<uintptr_t>(operand.data);
  if (address % static_cast<uintptr_t>(operand.element_bytes) != 0) {
    return Error(
        StatusCode::kMisalignedPointer, operand.name,
        operand.element_bytes == 2 ? "an address divisible by 2" : "an address divisible by 4");
  }
  // Reach in double: exact enough against 2^47, and it can't overflow.
  double below = 0;
  double above = 0;
  for (const Axis& axis : operand.axes) {
    const double reach = static_cast<double>(axis.size - 1) * static_cast<double>(axis.stride) *
                         static_cast<double>(operand.element_bytes);
    (reach < 0 ? below : above) += std::abs(reach);
  }
  const double base = static_cast<double>(address);
  const double highest = static_cast<double>(std::numeric_limits<uintptr_t>::max());
  if (below > kMaxReach || above > kMaxReach || below > base || above + 8 > highest - base) {
    return Error(StatusCode::kExtentOverflow, operand.name,
                 "strides that keep every element within the address space");
  }
  // Now every product fits.
  uintptr_t begin = address;
  uintptr_t end = address + static_cast<uintptr_t>(operand.element_bytes);
  for (const Axis& axis : operand.axes) {
    const int64_t reach = (axis.size - 1) * axis.stride * operand.element_bytes;
    if (reach < 0) {
      begin -= static_cast<uintptr_t>(-reach);
    } else {
      end += static_cast<uintptr_t>(reach);
    }
  }
  extent->begin = begin;
  extent->end = end;
  return {};
}

// Sufficient for no two elements in one place: from the smallest stride upwards, each axis steps
// over all that the smaller ones cover. Every layout made by permuting, slicing or padding passes.
bool OverlapsItself(const Operand& operand) {
  Axis axes[kMaxAxes];
  std::copy(operand.axes, operand.axes + kMaxAxes, axes);
  for (Axis& axis : axes) axis.stride = axis.size > 1 ? std::abs(axis.stride) : 0;
  std::sort(axes, axes + kMaxAxes,
            [](const Axis& a, const Axis& b) { return a.stride < b.stride; });
  int64_t covered = 1;
  for (const Axis& axis : axes) {
    if (axis.size <= 1) continue;
    if (axis.stride < covered) return true;
    covered += (axis.size - 1) * axis.stride;
  }
  return false;
}

Status CheckSize(const char* name, int64_t size, int64_t least, int64_t most, const char* hint) {
  if (size < least || size > most) return Error(StatusCode::kInvalidSize, name, hint, size);
  return {};
}

Status CheckSizes(const GatedDeltaRuleArgs& args) {
  Status status = CheckSize("num_sequences", args.num_sequences, 0, kMaxStates, "0 to 2^24");
  if (status.ok()) status = CheckSize("num_tokens", args.num_tokens, 0, kMaxTokens, "0 to 2^40");
  if (status.ok()) status = CheckSize("key_heads", args.key_heads, 1, kMaxHeads, "1 to 65536");
  if (status.ok()) status = CheckSize("value_heads", args.value_heads, 1, kMaxHeads, "1 to 65536");
  if (status.ok()) status = CheckSize("key_dim", args.key_dim, 1, kMaxHeadDim, "1 to 256");
  if (status.ok()) status = CheckSize("value_dim", args.value_dim, 1, kMaxHeadDim, "1 to 256");
  if (status.ok()) {
    status = CheckSize("num_snapshots", args.num_snapshots, 0, kMaxSnapshots, "0 to 4096");
  }
  if (!status.ok()) return status;
  if (args.num_sequences * args.value_heads > kMaxStates) {
    return Error(StatusCode::kInvalidSize, "num_sequences", "2^24 / value_heads at most",
                 args.num_sequences);
  }
  if (args.value_heads % args.key_heads != 0) {
    return Error(StatusCode::kHeadsNotDivisible, "value_heads", "a multiple of key_heads",
                 args.value_heads);
  }
  return {};
}

template <class Enum>
Status CheckEnum(const char* name, Enum value, Enum last) {
  if (value <= last) return {};
  return Error(StatusCode::kInvalidEnum, name, "a value that its enum names",
               static_cast<int64_t>(value));
}

Status CheckConventions(const GatedDeltaRuleArgs& args) {
  Status status = CheckEnum("data_type", args.data_type, DataType::kBFloat16);
  if (status.ok()) status = CheckEnum("head_map", args.head_map, HeadMap::kTiled);
  if (status.ok()) status = CheckEnum("decay_form", args.decay_form, DecayForm::kExponentiated);
  if (status.ok()) status = CheckEnum("beta_form", args.beta_form, BetaForm::kLogit);
  if (status.ok()) status = CheckEnum("qk_norm", args.qk_norm, QkNorm::kL2);
  if (status.ok()) status = CheckEnum("state_layout", args.state_layout, StateLayout::kValueMajor);
  if (!status.ok()) return status;
  if (!std::isfinite(args.scale)) {
    return Error(StatusCode::kNonFiniteScalar, "scale", "a finite number");
  }
  if (!std::isfinite(args.norm_epsilon) || args.norm_epsilon < 0) {
    return Error(StatusCode::kNonFiniteScalar, "norm_epsilon", "a finite number, not negative");
  }
  return {};
}

Status CheckCumulativeLengths(const GatedDeltaRuleArgs& args) {
  const int64_t* lengths = args.cumulative_lengths;
  if (lengths == nullptr) return {};
  constexpr const char* kName = "cumulative_lengths";
  if (reinterpret_cast<uintptr_t>(lengths) % alignof(int64_t) != 0) {
    return Error(StatusCode::kMisalignedPointer, kName, "an address divisible by 8");
  }
  if (lengths[0] != 0) {
    return Error(StatusCode::kCumulativeLengths, kName, "0 at its start", lengths[0]);
  }
  for (int64_t i = 0; i < args.num_sequences; ++i) {
    if (lengths[i + 1] < lengths[i]) {
      return Error(StatusCode::kCumulativeLengths, kName, "offsets that never decrease",
                   lengths[i + 1]);
    }
  }
  if (lengths[args.num_sequences] != args.num_tokens) {
    return Error(StatusCode::kCumulativeLengths, kName, "num_tokens at its end",
                 lengths[args.num_sequences]);
  }
  return {};
}

// The tensors of a call.
class Operands {
 public:
  explicit Operands(const GatedDeltaRuleArgs& args) : args_(args) {
    const bool bf16 = args.data_type == DataType::kBFloat16;
    const int64_t element = bf16 ? 2 : 4;
    AddTokens("query", args.query, args.key_heads, args.key_dim, element);
    AddTokens("key", args.key, args.key_heads, args.key_dim, element);
    AddTokens("value", args.value, args.value_heads, args.value_dim, element);
    AddTokens("decay", {args.decay.data, args.decay.strides}, args.value_heads, 1, 4);
    AddTokens("beta", {args.beta.data, args.beta.strides}, args.value_heads, 1, 4);
    if (args.initial_state.data != nullptr) {
      AddState("initial_state", args.initial_state.data, args.initial_state.strides, 1, 0);
    }
    first_written_ = count_;
    AddTokens("output", {args.output.data, args.output.strides}, args.value_heads, args.value_dim,
              element);
    if (args.final_state.data != nullptr) {
      AddState("final_state", args.final_state.data, args.final_state.strides, 1, 0);
    }
    if (args.num_snapshots > 0) {
      AddState("snapshots", args.snapshots.data, args.snapshots.strides, args.num_snapshots,
               args.snapshot_stride);
    }
  }

  Status Check() const {
    Extent extents[kMaxOperands];
    for (int i = 0; i < count_; ++i) {
      Status status = FindExtent(operands_[i], &extents[i]);
      if (!status.ok()) return status;
    }
    for (int i = first_written_; i < count_; ++i) {
      if (extents[i].begin != extents[i].end && OverlapsItself(operands_[i])) {
        return Error(StatusCode::kSelfOverlap, operands_[i].name,
                     "strides that give each element a place of its own");
      }
      for (int j = 0; j < i; ++j) {
        if (!extents[i].Meets(extents[j]) || IsInPlaceState(operands_[i], operands_[j])) continue;
        return Error(StatusCode::kOverlap, operands_[i].name,
                     "memory apart from every other tensor (final_state may be initial_state "
                     "itself, with the same strides)");
      }
    }
    return {};
  }

 private:
  static constexpr int kMaxOperands = 9;

  void AddTokens(const char* name, ConstTensor tensor, int64_t heads, int64_t dim,
                 int64_t element_bytes) {
    // Packed sequences share one token axis.
    const int64_t sequences = args_.cumulative_lengths == nullptr ? args_.num_sequences : 1;
    operands_[count_++] = {name,
                           tensor.data,
                           element_bytes,
                           {{sequences, tensor.strides.sequence},
                            {args_.num_tokens, tensor.strides.token},
                            {heads, tensor.strides.head},
                            {dim, 1},
                            {1, 0}}};
  }

  void AddState(const char* name, const float* data, const StateStrides& strides, int64_t slots,
                int64_t slot_stride) {
    const bool key_major = args_.state_layout == StateLayout::kKeyMajor;
    operands_[count_++] = {name,
                           data,
                           4,
                           {{args_.num_sequences, strides.sequence},
                            {args_.value_heads, strides.head},
                            {key_major ? args_.key_dim : args_.value_dim, strides.row},
                            {key_major ? args_.value_dim : args_.key_dim, 1},
                            {slots, slot_stride}}};
  }

  bool IsInPlaceState(const Operand& written, const Operand& read) const {
    const StateStrides& in = args_.initial_state.strides;
    const StateStrides& out = args_.final_state.strides;
    return written.data == args_.final_state.data && read.data == args_.initial_state.data &&
           written.data == read.data && in.sequence == out.sequence && in.head == out.head &&
           in.row == out.row;
  }

  const GatedDeltaRuleArgs& args_;
  Operand operands_[kMaxOperands];
  int count_ = 0;
  int first_written_ = 0;
};

}  // namespace

Status ValidateGatedDeltaRule(const GatedDeltaRuleArgs& args) {
  Status status = CheckSizes(args);
  if (status.ok()) status = CheckConventions(args);
  if (status.ok()) status = CheckCumulativeLengths(args);
  if (status.ok()) status = Operands(args).Check();
  return status;
}

}  // namespace deltagauge
