#include "harness/kernel/faulty_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/kernel/bfloat16.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

float Read(const void* data, int64_t index, DataType type) {
  if (type == DataType::kFloat32) return static_cast<const float*>(data)[index];
  return FromBFloat16(static_cast<const uint16_t*>(data)[index]);
}

// One value head of one sequence, token by token in plain float32.
class HeadRun {
 public:
  HeadRun(Fault fault, const GatedDeltaRuleArgs& args, const Workspace& workspace, int64_t s,
          int64_t hv, int thread)
      : fault_(fault), a_(args), workspace_(workspace), s_(s), hv_(hv), thread_(thread) {
    const bool grouped = a_.head_map == HeadMap::kGrouped || Has(Fault::kIgnoresHeadMap);
    hk_ = grouped ? hv_ / (a_.value_heads / a_.key_heads) : hv_ % a_.key_heads;
    packed_ = a_.cumulative_lengths != nullptr;
    first_token_ = packed_ ? a_.cumulative_lengths[s_] : 0;
    tokens_ = packed_ ? a_.cumulative_lengths[s_ + 1] - first_token_ : a_.num_tokens;
    state_.assign(static_cast<size_t>(a_.key_dim * a_.value_dim), 0.0f);
  }

  void Run() {
    LoadState();
    const std::vector<float> initial = state_;
    for (int64_t slot = 0; slot < a_.num_snapshots - tokens_; ++slot) StoreSnapshot(slot, initial);
    for (int64_t t = 0; t < tokens_; ++t) {
      const std::vector<float> before = state_;
      Token(t);
      const int64_t slot = a_.num_snapshots - tokens_ + t;
      if (slot >= 0) StoreSnapshot(slot, Has(Fault::kSnapshotOffByOne) ? before : state_);
    }
    if (tokens_ == 0 && Has(Fault::kTouchesIdleState)) {
      for (float& x : state_) x *= 1 + 0x1p-20f;
    }
    if (a_.final_state.data != nullptr) StoreFinalState();
    if (Has(Fault::kWritesPastWorkspace)) {
      static_cast<std::byte*>(workspace_.data)[workspace_.bytes] = std::byte{1};
    }
  }

 private:
  bool Has(Fault fault) const { return fault_ == fault; }

  int64_t At(const Strides& strides, int64_t t, int64_t head) const {
    return (packed_ ? 0 : s_ * strides.sequence) + (first_token_ + t) * strides.token +
           head * strides.head;
  }
  float Gate(const GateTensor& gate, int64_t t) const {
    return gate.data[At(gate.strides, t, hv_)];
  }

  int64_t StateIndex(const StateStrides& strides, int64_t k, int64_t v) const {
    const int64_t begin = s_ * strides.sequence + hv_ * strides.head;
    const bool key_major = a_.state_layout == StateLayout::kKeyMajor ||
                           (Has(Fault::kIgnoresStateLayout) && a_.key_dim == a_.value_dim);
    return begin + (key_major ? k * strides.row + v : v * strides.row + k);
  }

  void LoadState() {
    if (a_.initial_state.data == nullptr) return;
    if (Has(Fault::kForgetsState) && tokens_ == 1) return;
    for (int64_t k = 0; k < a_.key_dim; ++k) {
      for (int64_t v = 0; v < a_.value_dim; ++v) {
        State(k, v) = a_.initial_state.data[StateIndex(a_.initial_state.strides, k, v)];
      }
    }
  }
  void StoreState(const std::vector<float>& state, float* data, const StateStrides& strides) {
    for (int64_t k = 0; k < a_.key_dim; ++k) {
      for (int64_t v = 0; v < a_.value_dim; ++v) {
        data[StateIndex(strides, k, v)] = state[static_cast<size_t>(k * a_.value_dim + v)];
      }
    }
  }
  void StoreSnapshot(int64_t slot, const std::vector<float>& state) {
    const bool empty = Has(Fault::kEmptySlotsAreZero) && slot < a_.num_snapshots - tokens_;
    StoreState(empty ? std::vector<float>(state.size()) : state,
               a_.snapshots.data + slot * a_.snapshot_stride, a_.snapshots.strides);
  }
  void StoreFinalState() {
    const bool in_place = a_.final_state.data == a_.initial_state.data;
    if (in_place && Has(Fault::kDependsOnPlace)) NudgeLastBit(state_[0]);
    StoreState(state_, a_.final_state.data, a_.final_state.strides);
    if (Has(Fault::kWritesPastState)) {
      a_.final_state
          .data[StateIndex(a_.final_state.strides, a_.key_dim - 1, a_.value_dim - 1) + 1] = 0;
    }
  }

  float& State(int64_t k, int64_t v) { return state_[static_cast<size_t>(k * a_.value_dim + v)]; }

  static void NudgeLastBit(float& x) { x = std::bit_cast<float>(std::bit_cast<uint32_t>(x) ^ 1u); }

  std::vector<float> KeyRow(const ConstTensor& tensor, int64_t t) const {
    const int64_t begin = At(tensor.strides, t, hk_);
    std::vector<float> row;
    float sum = 0;
    for (int64_t k = 0; k < a_.key_dim; ++k) {
      row.push_back(Read(tensor.data, begin + k, a_.data_type));
      sum += row.back() * row.back();
    }
    if (a_.qk_norm == QkNorm::kNone || Has(Fault::kIgnoresNorm)) return row;
    const float norm = Has(Fault::kClampsNorm)
                           ? std::max(std::sqrt(sum), std::sqrt(a_.norm_epsilon))
                           : std::sqrt(sum + a_.norm_epsilon);
    for (float& x : row) x /= norm;
    return row;
  }

  std::vector<float> ValueRow(int64_t t) const {
    const auto read = [&](int64_t token, int64_t head, int64_t v) {
      return Read(a_.value.data, At(a_.value.strides, token, head) + v, a_.data_type);
    };
    std::vector<float> row;
    float sum = 0;
    for (int64_t v = 0; v < a_.value_dim; ++v) {
      row.push_back(read(t, hv_, v));
      sum += row.back();
    }
    for (int64_t v = 0; v < a_.value_dim; ++v) {
      float& x = row[static_cast<size_t>(v)];
      if (Has(Fault::kMixesColumns)) x += 0 * sum;
      if (Has(Fault::kMixesHeads)) x += 0 * read(t, (hv_ + 1) % a_.value_heads, v);
      if (Has(Fault::kReadsAhead) && t + 1 < tokens_) x += 0 * read(t + 1, hv_, v);
      if (Has(Fault::kMixesSequences)) {
        const int64_t first = hv_ * a_.value.strides.head + v;
        x += 0 * Read(a_.value.data, first, a_.data_type);
      }
      if (Has(Fault::kSwallowsNaN) && std::isnan(x)) x = 0;
    }
    return row;
  }

  float Decay(int64_t t) const {
    const float given = Gate(a_.decay, t);
    const bool log = a_.decay_form == DecayForm::kLog || Has(Fault::kIgnoresDecayForm);
    return log ? std::exp(given) : given;
  }
  float Beta(int64_t t) const {
    const float given = Gate(a_.beta, t);
    const bool logit = a_.beta_form == BetaForm::kLogit && !Has(Fault::kIgnoresBetaForm);
    return logit ? 1 / (1 + std::exp(-given)) : given;
  }

  void ApplyDecay(int64_t t) {
    float decay = Decay(t);
    if (Has(Fault::kPrefixDifferences)) {
      // The running sum forgets small terms behind a large one.
      const float before = log_sum_;
      log_sum_ += std::max(std::log(decay), -1000.0f);
      decay = std::exp(log_sum_ - before);
    }
    for (float& x : state_) {
      x = Has(Fault::kCleansesOnReset) && decay == 0 ? 0 : x * decay;
      if (Has(Fault::kStateInBFloat16)) x = RoundToBFloat16(x);
    }
  }

  std::vector<float> ReadState(const std::vector<float>& with) {
    std::vector<float> sums(static_cast<size_t>(a_.value_dim), 0.0f);
    for (int64_t k = 0; k < a_.key_dim; ++k) {
      for (int64_t v = 0; v < a_.value_dim; ++v) {
        sums[static_cast<size_t>(v)] += State(k, v) * with[static_cast<size_t>(k)];
      }
    }
    return sums;
  }

  void Token(int64_t t) {
    const std::vector<float> key = KeyRow(a_.key, t);
    std::vector<float> query = KeyRow(a_.query, t);
    if (!Has(Fault::kIgnoresScale)) {
      for (float& x : query) x *= a_.scale;
    }
    const std::vector<float> value = ValueRow(t);
    ApplyDecay(t);
    const std::vector<float> old_output = ReadState(query);
    const std::vector<float> recalled = ReadState(key);
    const float beta = Beta(t);
    for (int64_t v = 0; v < a_.value_dim; ++v) {
      const auto i = static_cast<size_t>(v);
      const float d = beta * (value[i] - recalled[i]);
      for (int64_t k = 0; k < a_.key_dim; ++k) State(k, v) += key[static_cast<size_t>(k)] * d;
    }
    std::vector<float> output = Has(Fault::kOutputReadsOldState) ? old_output : ReadState(query);
    AddNoise(output);
    if (!(Has(Fault::kLeavesLastRow) && t == tokens_ - 1)) StoreOutput(t, output);
    if (Has(Fault::kNormalizesInPlace) && a_.data_type == DataType::kFloat32) {
      auto* keys = static_cast<float*>(const_cast<void*>(a_.key.data));
      keys[At(a_.key.strides, t, hk_)] *= 0.5f;
    }
  }

  // Faults that show in one bit of the first column, or in all of the output.
  void AddNoise(std::vector<float>& output) {
    const auto* scratch = static_cast<const std::byte*>(workspace_.data);
    const bool odd_address = reinterpret_cast<uintptr_t>(a_.value.data) % 64 != 0;
    if ((Has(Fault::kReadsWorkspace) && scratch[0] != std::byte{0}) ||
        (Has(Fault::kDependsOnThread) && thread_ % 2 == 1) ||
        (Has(Fault::kDependsOnAlignment) && odd_address) ||
        (Has(Fault::kDependsOnBatch) && a_.num_sequences > 1)) {
      NudgeLastBit(output[0]);
    }
    if (Has(Fault::kReturnsZeros)) std::fill(output.begin(), output.end(), 0.0f);
  }

  void StoreOutput(int64_t t, const std::vector<float>& output) {
    const int64_t begin = At(a_.output.strides, t, hv_);
    const int64_t extra = Has(Fault::kWritesPastRow) ? 1 : 0;
    for (int64_t v = 0; v < a_.value_dim + extra; ++v) {
      const float x = v < a_.value_dim ? output[static_cast<size_t>(v)] : 0.0f;
      if (a_.data_type == DataType::kFloat32) {
        static_cast<float*>(a_.output.data)[begin + v] = x;
      } else {
        static_cast<uint16_t*>(a_.output.data)[begin + v] =
            Has(Fault::kTruncatesBFloat16) ? static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16)
                                           : ToBFloat16(x);
      }
    }
  }

  const Fault fault_;
  const GatedDeltaRuleArgs& a_;
  const Workspace& workspace_;
  const int64_t s_;
  const int64_t hv_;
  const int thread_;
  int64_t hk_ = 0;
  bool packed_ = false;
  int64_t first_token_ = 0;
  int64_t tokens_ = 0;
  float log_sum_ = 0;
  std::vector<float> state_;
};

struct Job {
  Fault fault;
  const GatedDeltaRuleArgs& args;
  const Workspace& workspace;
  int num_threads;
};

}  // namespace

Status RunFaultyKernel(Fault fault, const GatedDeltaRuleArgs& args, Workspace workspace,
                       ParallelFor& threads, RunInfo* info) {
  if (fault == Fault::kRefusesEverything) {
    return {StatusCode::kInvalidSize, "key_dim", "expected something else", args.key_dim};
  }
  const Job job{fault, args, workspace, threads.NumThreads()};
  const auto num_tasks = static_cast<int>(args.num_sequences * args.value_heads);
  threads.Run(
      num_tasks,
      [](const void* context, int task, int thread) {
        const Job& j = *static_cast<const Job*>(context);
        const int64_t num_tasks_in_all = j.args.num_sequences * j.args.value_heads;
        const bool dropped = j.fault == Fault::kDropsTaskPerThread && j.num_threads > 3 &&
                             task == num_tasks_in_all - 1;
        if (dropped) return;
        HeadRun(j.fault, j.args, j.workspace, task / j.args.value_heads, task % j.args.value_heads,
                thread)
            .Run();
      },
      &job);
  if (info != nullptr) {
    info->target = fault == Fault::kReportsOtherTarget ? "OTHER" : ActiveTarget();
    info->num_tasks = num_tasks;
  }
  return {};
}

}  // namespace deltagauge
