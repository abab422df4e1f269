// One correctness problem for the fused kernel as one value: what is computed, on which inputs, how
// memory is laid out, what is checked. It prints itself as a line that can be pasted back:
//
//   kernel:T=65,Hv=16,gates=spikes,dtype=bfloat16,target=AVX2
//
// Fields that hold their default are left out. The grammar is strict: `kernel:`, then
// `name=value` pairs separated by commas, each name at most once, no spaces.
//
// | field        | value                                            | default                     |
// |--------------|--------------------------------------------------|-----------------------------|
// | B            | sequences, 1 to 1024                             | 1                           |
// | T            | tokens of each sequence, 0 to 1048576            | 64                          |
// | lengths      | packed sequences, as 5+0+64; excludes B and T    | none                        |
// | Hv           | value heads, 1 to 1024                           | 2                           |
// | Hk           | key heads, a divisor of Hv                       | Hv                          |
// | K            | key dimension, 1 to 256                          | 128                         |
// | V            | value dimension, 1 to 256                        | K                           |
// | dtype        | float32, bfloat16                                | float32                     |
// | gates        | none, long, drift, medium, strong, mixed, spikes, reset, growth | medium       |
// | keys         | unit, equal, alternating, orthogonal, zero, small, huge, long   | unit         |
// | beta         | uniform, zero, one, tiny, two                    | uniform                     |
// | state        | random, none, zero, tiny, large, nonfinite       | random                      |
// | layout       | bhtd, bthd, strided, unaligned                   | bhtd                        |
// | state_layout | kv, vk                                           | kv                          |
// | place        | out, in, discard (final state not asked for)     | out                         |
// | map          | grouped, tiled                                   | grouped                     |
// | decay        | log, exp                                         | log                         |
// | beta_form    | activated, logit                                 | activated                   |
// | norm         | none, l2                                         | none                        |
// | eps          | epsilon of the norm, at least 0                  | 1e-06                       |
// | scale        | of the query                                     | 1/sqrt(K)                   |
// | snapshots    | states after each of the last n tokens, 0 to 4096 | 0                          |
// | threads      | 1 to 256                                         | 1                           |
// | target       | instruction set by name                          | the best                    |
// | check        | accuracy, threads, pieces, contagion, snapshots, neighbours, in_place, layouts |
// accuracy | | seed         | of the inputs                                    | 1 |
#ifndef DELTAGAUGE_HARNESS_KERNEL_CASE_H_
#define DELTAGAUGE_HARNESS_KERNEL_CASE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// What the log decays g look like.
enum class GateRegime : uint8_t {
  kNone,    // g = 0
  kLong,    // long memory: e^g just below 1, g in (-2e-4, 0)
  kDrift,   // g = -1e-4 throughout, for very long sequences
  kMedium,  // g in (-0.5, -0.01)
  kStrong,  // g in (-20, -1e-4): forgotten in about two tokens
  kMixed,   // one strong head among heads of long memory
  kSpikes,  // quiet, but for single tokens of -20, -60, -200 and -inf
  kReset,   // quiet, but for single tokens of -inf
  kGrowth,  // g in (0, 0.02): e^g above 1
};

enum class KeyRegime : uint8_t {
  kUnit,         // random directions of length 1
  kEqual,        // the same key at every token of a head, as a repeated token gives
  kAlternating,  // +k, -k, +k, ...
  kOrthogonal,   // an orthonormal basis, over and over
  kZero,         // every third key is zero
  kSmall,        // so short that the norm's epsilon counts
  kHuge,         // of order 1e18, for a norm inside the kernel
  kLong,         // of length 1.25: writes overshoot
};

enum class BetaRegime : uint8_t {
  kUniform,  // in (0, 1)
  kZero,
  kOne,
  kTiny,  // 1e-30
  kTwo,   // reflections: the other end of the range with negative eigenvalues
};

enum class StateRegime : uint8_t {
  kRandom,     // in (-1, 1)
  kNone,       // no initial state is passed
  kZero,       // zeros are passed
  kTiny,       // 1e-38 down to denormals; the values are as small, or the state would not count
  kLarge,      // of order 1e6
  kNonFinite,  // NaN and Inf in the first head
};

enum class TensorLayout : uint8_t {
  kHeadMajor,   // [B, H, T, D]
  kTokenMajor,  // [B, T, H, D]
  kStrided,     // [B, T, H, D] with gaps after each row, token and sequence
  kUnaligned,   // [B, H, T, D] starting one element past an aligned address
};

enum class StatePlace : uint8_t {
  kOutOfPlace,
  kInPlace,
  kDiscarded,  // no final state is asked for
};

// What is asked of the kernel; see kernel_check.h.
enum class CheckKind : uint8_t {
  kAccuracy,
  kThreads,
  kPieces,
  kContagion,
  kSnapshots,
  kNeighbours,
  kInPlace,
  kLayouts,
};

struct KernelCase {
  int64_t sequences = 1;
  int64_t tokens = 64;
  std::vector<int64_t> lengths;  // not empty: packed sequences; sequences and tokens don't count
  int64_t key_heads = 2;
  int64_t value_heads = 2;
  int64_t key_dim = 128;
  int64_t value_dim = 128;
  DataType data_type = DataType::kFloat32;
  GateRegime gates = GateRegime::kMedium;
  KeyRegime keys = KeyRegime::kUnit;
  BetaRegime betas = BetaRegime::kUniform;
  StateRegime state = StateRegime::kRandom;
  TensorLayout layout = TensorLayout::kHeadMajor;
  StateLayout state_layout = StateLayout::kKeyMajor;
  StatePlace place = StatePlace::kOutOfPlace;
  HeadMap head_map = HeadMap::kGrouped;
  DecayForm decay_form = DecayForm::kLog;
  BetaForm beta_form = BetaForm::kActivated;
  QkNorm qk_norm = QkNorm::kNone;
  float norm_epsilon = 1e-6f;
  std::optional<float> scale;  // absent: 1/sqrt(K)
  int64_t snapshots = 0;
  int threads = 1;
  std::string target;  // empty: the best
  CheckKind check = CheckKind::kAccuracy;
  uint64_t seed = 1;

  bool operator==(const KernelCase&) const = default;

  int64_t NumSequences() const;
  int64_t LengthOf(int64_t sequence) const;
  int64_t TotalTokens() const;
  float Scale() const;  // the absent one computed
};

struct CaseError {
  size_t position = 0;  // 0-based, in the line
  std::string what;     // "unknown field 'gate'"
  std::string hint;     // "did you mean 'gates'?"; may be empty

  // "character 8: unknown field 'gate'; did you mean 'gates'?", counted from 1.
  std::string Message() const;
};

inline constexpr size_t kMaxCaseLine = 4096;  // characters

// What a case may cost, so that a line can't ask for all memory: elements of one tensor, and
// tokens x heads x K x V. The drift over 32,768 tokens of a head of 128 x 128 needs 2^29.
inline constexpr int64_t kMaxCaseElements = int64_t{1} << 27;
inline constexpr int64_t kMaxCaseWork = int64_t{1} << 36;

std::string PrintCase(const KernelCase& kernel_case);

// Never throws; bounded in time and memory for any input. PrintCase then ParseCase gives the same
// case, and what it accepts passes CheckCase.
std::variant<KernelCase, CaseError> ParseCase(std::string_view line);

// Whether the fields fit together (Hv a multiple of Hk, sizes in range, mixed gates need two
// heads, ...). `position` of the error is 0.
std::optional<CaseError> CheckCase(const KernelCase& kernel_case);

template <typename Enum>
struct NamedValue {
  Enum value;
  std::string_view name;
};

// All values of one of the enums above, with the names of the table, in its order.
template <typename Enum>
std::span<const NamedValue<Enum>> NamesOf();
template <>
std::span<const NamedValue<DataType>> NamesOf();
template <>
std::span<const NamedValue<GateRegime>> NamesOf();
template <>
std::span<const NamedValue<KeyRegime>> NamesOf();
template <>
std::span<const NamedValue<BetaRegime>> NamesOf();
template <>
std::span<const NamedValue<StateRegime>> NamesOf();
template <>
std::span<const NamedValue<TensorLayout>> NamesOf();
template <>
std::span<const NamedValue<StateLayout>> NamesOf();
template <>
std::span<const NamedValue<StatePlace>> NamesOf();
template <>
std::span<const NamedValue<HeadMap>> NamesOf();
template <>
std::span<const NamedValue<DecayForm>> NamesOf();
template <>
std::span<const NamedValue<BetaForm>> NamesOf();
template <>
std::span<const NamedValue<QkNorm>> NamesOf();
template <>
std::span<const NamedValue<CheckKind>> NamesOf();

template <typename Enum>
std::string_view NameOf(Enum value) {
  for (const NamedValue<Enum>& named : NamesOf<Enum>()) {
    if (named.value == value) return named.name;
  }
  return "?";
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_CASE_H_
