#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <mutex>
#include <tuple>

#include "harness/kernel/bfloat16.h"
#include "harness/zoo/zoo_head.h"

namespace deltagauge::zoo {
namespace {

// Reads rows of the call's tensors, with the faults of addressing.
class Rows {
 public:
  Rows(const GatedDeltaRuleArgs& args, Fault fault, const HeadPlace& place, TokenRange range)
      : a_(args), fault_(fault), place_(place), range_(range) {}

  int64_t KeyHead() const {
    const int64_t group = a_.value_heads / a_.key_heads;
    const int64_t hv = place_.value_head;
    if (fault_ == Fault::kFirstKeyHead) return 0;
    if (a_.head_map == HeadMap::kTiled || fault_ == Fault::kHeadsTiled) return hv % a_.key_heads;
    if (fault_ == Fault::kHeadsByKeyHeads) return std::min(hv / a_.key_heads, a_.key_heads - 1);
    return hv / group;
  }

  int64_t At(const Strides& given, int64_t t, int64_t head, int64_t heads, int64_t dim) const {
    Strides strides = given;
    const bool packed = a_.cumulative_lengths != nullptr;
    if (fault_ == Fault::kIgnoresStrides) {  // [B, H, T, D] without gaps
      strides = {
          .sequence = heads * a_.num_tokens * dim, .token = dim, .head = a_.num_tokens * dim};
    }
    if (fault_ == Fault::kMixedGateLayout && dim == 1) {  // [B, T, H] whatever the caller says
      strides = {.sequence = heads * a_.num_tokens, .token = heads, .head = 1};
    }
    const int64_t sequence = packed ? 0 : place_.sequence * strides.sequence;
    const int64_t at = sequence + (range_.first + t) * strides.token + head * strides.head;
    return fault_ == Fault::kInt32Offsets ? static_cast<int32_t>(at) : at;
  }

  void Read(const ConstTensor& tensor, int64_t head, int64_t heads, int64_t dim, int64_t first,
            int64_t count, std::vector<float>& to) const {
    to.resize(static_cast<size_t>(range_.count * count));
    for (int64_t t = 0; t < range_.count; ++t) {
      const int64_t begin = At(tensor.strides, t, head, heads, dim) + first;
      float* const row = to.data() + t * count;
      if (a_.data_type == DataType::kFloat32) {
        std::copy_n(static_cast<const float*>(tensor.data) + begin, count, row);
        continue;
      }
      const auto* const from = static_cast<const uint16_t*>(tensor.data) + begin;
      for (int64_t i = 0; i < count; ++i) row[i] = FromBFloat16(from[i]);
    }
  }

  // The head's row of a gate, as given.
  void ReadGate(const GateTensor& gate, std::vector<double>& to) const {
    const bool first = fault_ == Fault::kBetaOfFirstHead && &gate == &a_.beta;
    for (int64_t t = 0; t < range_.count; ++t) {
      const int64_t at = At(gate.strides, t, first ? 0 : place_.value_head, a_.value_heads, 1);
      to.push_back(double{gate.data[at]});
    }
  }

 private:
  const GatedDeltaRuleArgs& a_;
  const Fault fault_;
  const HeadPlace& place_;
  const TokenRange range_;
};

// What the last call without an initial state left behind, for the fault that goes on from there.
class StaleStates {
 public:
  std::vector<float> Take(const HeadPlace& place, size_t size) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<float>& state = states_[{place.sequence, place.value_head, place.first_column}];
    if (state.size() != size) state.assign(size, 0.0f);
    return state;
  }
  void Put(const HeadPlace& place, const std::vector<float>& state) {
    const std::lock_guard<std::mutex> lock(mutex_);
    states_[{place.sequence, place.value_head, place.first_column}] = state;
  }

 private:
  std::mutex mutex_;
  std::map<std::tuple<int64_t, int64_t, int64_t>, std::vector<float>> states_;
};

StaleStates& Stale() {
  static StaleStates states;
  return states;
}

int64_t StateIndex(const GatedDeltaRuleArgs& a, const StateStrides& strides, int64_t sequence,
                   int64_t head, int64_t k, int64_t v) {
  const bool key_major = a.state_layout == StateLayout::kKeyMajor;
  return sequence * strides.sequence + head * strides.head +
         (key_major ? k * strides.row + v : v * strides.row + k);
}

void LoadState(const GatedDeltaRuleArgs& a, Fault fault, const HeadPlace& place, Head& head) {
  const auto size = static_cast<size_t>(a.key_dim * place.columns);
  head.state.assign(size, 0.0f);
  if (a.initial_state.data == nullptr) {
    if (fault == Fault::kStaleState) head.state = Stale().Take(place, size);
    return;
  }
  if (fault == Fault::kIgnoresInitialState) return;
  if (fault == Fault::kForgetsStateInDecode && head.tokens == 1) return;
  const bool first_sequence =
      fault == Fault::kStateOfFirstSequence || fault == Fault::kIgnoresLengths;
  const int64_t sequence = first_sequence ? 0 : place.sequence;
  const int64_t hv = fault == Fault::kStateOfKeyHead
                         ? place.value_head / (a.value_heads / a.key_heads)
                         : place.value_head;
  const bool transposed = fault == Fault::kTransposedState && a.key_dim == a.value_dim;
  for (int64_t k = 0; k < a.key_dim; ++k) {
    for (int64_t v = 0; v < place.columns; ++v) {
      const int64_t column = place.first_column + v;
      const int64_t at = transposed
                             ? StateIndex(a, a.initial_state.strides, sequence, hv, column, k)
                             : StateIndex(a, a.initial_state.strides, sequence, hv, k, column);
      head.state[static_cast<size_t>(k * place.columns + v)] = a.initial_state.data[at];
    }
  }
}

void StoreState(const GatedDeltaRuleArgs& a, Fault fault, const HeadPlace& place,
                const std::vector<float>& state, float* data, const StateStrides& strides) {
  const bool transposed = fault == Fault::kTransposedFinalState && a.key_dim == a.value_dim;
  for (int64_t k = 0; k < a.key_dim; ++k) {
    for (int64_t v = 0; v < place.columns; ++v) {
      const int64_t column = place.first_column + v;
      const int64_t at = transposed
                             ? StateIndex(a, strides, place.sequence, place.value_head, column, k)
                             : StateIndex(a, strides, place.sequence, place.value_head, k, column);
      const float x = state[static_cast<size_t>(k * place.columns + v)];
      data[at] = fault == Fault::kFinalStateInBFloat16 ? RoundToBFloat16(x) : x;
    }
  }
}

void StoreSnapshots(const GatedDeltaRuleArgs& a, Fault fault, const HeadPlace& place,
                    const std::vector<float>& initial, const Head& head) {
  const auto slots = a.num_snapshots;
  for (int64_t slot = 0; slot < slots; ++slot) {
    int64_t from = fault == Fault::kSnapshotsNewestFirst ? slots - 1 - slot : slot;
    if (fault == Fault::kSnapshotsLate) from = std::max<int64_t>(0, slot - 1);
    const std::vector<float>* state = &head.snapshot_slots[static_cast<size_t>(from)];
    const std::vector<float> zeros(initial.size(), 0.0f);
    if (state->empty()) state = fault == Fault::kEmptySlotsZero ? &zeros : &initial;
    StoreState(a, Fault::kNone, place, *state, a.snapshots.data + slot * a.snapshot_stride,
               a.snapshots.strides);
  }
}

void StoreOutput(const GatedDeltaRuleArgs& a, Fault fault, const HeadPlace& place, Head& head) {
  const TokenRange range = TokensOf(a, Fault::kNone, place.sequence);
  const Rows rows(a, Fault::kNone, place, range);
  // kIgnoresLengths has walked the neighbours before it too.
  const int64_t skipped = fault == Fault::kIgnoresLengths ? head.tokens - range.count : 0;
  const bool last_panel = place.first_column + place.columns == a.value_dim;
  for (int64_t t = 0; t < range.count; ++t) {
    if (fault == Fault::kLastRowNotWritten && t == range.count - 1) continue;
    const int64_t begin =
        rows.At(a.output.strides, t, place.value_head, a.value_heads, a.value_dim) +
        place.first_column;
    const int64_t extra = fault == Fault::kWritesPastRow && last_panel ? 1 : 0;
    for (int64_t v = 0; v < place.columns + extra; ++v) {
      float x = v < place.columns ? head.Output(t + skipped)[v] : 0.0f;
      if (fault == Fault::kReturnsZeros) x = 0;
      if (a.data_type == DataType::kFloat32) {
        float& to = static_cast<float*>(a.output.data)[begin + v];
        to = fault == Fault::kAccumulatesOutput ? to + x : x;
      } else {
        uint16_t& to = static_cast<uint16_t*>(a.output.data)[begin + v];
        if (fault == Fault::kAccumulatesOutput) x += FromBFloat16(to);
        to = ToBFloat16(x);
        if (fault == Fault::kTruncatedOutput) to = ToBFloat16(RoundToBits(x, -8));
      }
    }
  }
}

}  // namespace

TokenRange TokensOf(const GatedDeltaRuleArgs& args, Fault fault, int64_t sequence) {
  if (args.cumulative_lengths == nullptr) return {0, args.num_tokens};
  const int64_t begin = args.cumulative_lengths[sequence];
  const int64_t end = args.cumulative_lengths[sequence + 1];
  if (fault == Fault::kIgnoresLengths) return {0, end};
  // A chunk of 4 tokens that goes on into the neighbour.
  const int64_t whole = std::min((end - begin + 3) / 4 * 4, args.num_tokens - begin);
  if (fault == Fault::kReadsNextSequence) return {begin, whole};
  return {begin, end - begin};
}

void LoadHead(const GatedDeltaRuleArgs& args, Fault fault, const HeadPlace& place, Head& head) {
  const TokenRange range = TokensOf(args, fault, place.sequence);
  HeadPlace from = place;
  const Rows rows(args, fault, place, range);
  if (fault == Fault::kFirstSequenceKeys && args.cumulative_lengths == nullptr) from.sequence = 0;
  const Rows key_rows(args, fault, from, range);
  head.tokens = range.count;
  head.key_dim = args.key_dim;
  head.columns = place.columns;
  head.snapshots = args.num_snapshots;
  head.snapshot_slots.resize(static_cast<size_t>(args.num_snapshots));
  rows.Read(args.query, rows.KeyHead(), args.key_heads, args.key_dim, 0, args.key_dim, head.query);
  key_rows.Read(args.key, rows.KeyHead(), args.key_heads, args.key_dim, 0, args.key_dim, head.key);
  const ConstTensor* value = &args.value;
  ConstTensor aligned = args.value;
  if (fault == Fault::kAlignsPointer) {
    const auto address = reinterpret_cast<uintptr_t>(args.value.data);
    aligned.data = static_cast<const char*>(args.value.data) - address % 16;
    value = &aligned;
  }
  rows.Read(*value, place.value_head, args.value_heads, args.value_dim, place.first_column,
            place.columns, head.value);
  rows.ReadGate(args.decay, head.log_decay);
  std::vector<double> beta;
  rows.ReadGate(args.beta, beta);
  head.beta.assign(beta.begin(), beta.end());
  head.output.assign(static_cast<size_t>(head.tokens * head.columns), 0.0f);
  LoadState(args, fault, place, head);
}

void StoreHead(const GatedDeltaRuleArgs& args, Fault fault, const HeadPlace& place, Head& head) {
  if (fault == Fault::kStaleState && args.initial_state.data == nullptr) {
    Stale().Put(place, head.state);
  }
  StoreOutput(args, fault, place, head);
  if (args.num_snapshots > 0) {
    Head again;
    again.tokens = head.tokens;
    LoadState(args, fault == Fault::kStaleState ? Fault::kNone : fault, place, again);
    StoreSnapshots(args, fault, place, again.state, head);
  }
  if (args.final_state.data == nullptr) return;
  if (fault == Fault::kFinalStateOnlyInPrefill && head.tokens == 1) return;
  if (fault == Fault::kSkipsEmptySequence && head.tokens == 0) return;
  StoreState(args, fault, place, head.state, args.final_state.data, args.final_state.strides);
  if (fault == Fault::kWritesPastState && place.first_column + place.columns == args.value_dim) {
    const int64_t last = StateIndex(args, args.final_state.strides, place.sequence,
                                    place.value_head, args.key_dim - 1, args.value_dim - 1);
    args.final_state.data[last + 1] = 0;
  }
  if (fault == Fault::kNormalizesInPlace && args.data_type == DataType::kFloat32 &&
      head.tokens > 0) {
    const Rows rows(args, fault, place, TokensOf(args, fault, place.sequence));
    auto* const keys = static_cast<float*>(const_cast<void*>(args.key.data));
    keys[rows.At(args.key.strides, 0, rows.KeyHead(), args.key_heads, args.key_dim)] *= 0.5f;
  }
}

float RoundToBits(float x, int bits) {
  if (!std::isfinite(x) || x == 0) return x;
  int exponent = 0;
  const double mantissa = std::frexp(double{x}, &exponent);
  const int kept = std::abs(bits);
  const double scaled = std::ldexp(mantissa, kept);
  const double rounded = bits < 0 ? std::trunc(scaled) : std::nearbyint(scaled);
  return static_cast<float>(std::ldexp(rounded, exponent - kept));
}

float RoundToFloat16(float x) {
  if (!std::isfinite(x)) return x;
  if (std::abs(x) >= 65520.0f) return std::copysign(INFINITY, x);
  if (std::abs(x) < 0x1p-14f) {
    return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(double{x}, 24)), -24));
  }
  return RoundToBits(x, 11);
}

}  // namespace deltagauge::zoo
