#include "harness/candidate/plugin_kernel.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "harness/candidate/plugin_call.h"

namespace deltagauge {
namespace {

struct InUse {
  const Plugin* plugin = nullptr;
  Trap trap = Trap::kNone;
};
InUse in_use;

// Places of one state tensor, element by element of [K, V] of a head.
template <typename Body>
void ForEachElement(const GatedDeltaRuleArgs& args, const StateStrides& strides, const Body& body) {
  const bool key_major = args.state_layout == StateLayout::kKeyMajor;
  const int64_t rows = key_major ? args.key_dim : args.value_dim;
  const int64_t columns = key_major ? args.value_dim : args.key_dim;
  for (int64_t h = 0; h < args.value_heads; ++h) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        body((h * rows + row) * columns + column, h * strides.head + row * strides.row + column);
      }
    }
  }
}

ConstTensor Moved(const ConstTensor& tensor, int64_t bytes) {
  return {static_cast<const std::byte*>(tensor.data) + bytes, tensor.strides};
}
MutableTensor Moved(const MutableTensor& tensor, int64_t bytes) {
  return {static_cast<std::byte*>(tensor.data) + bytes, tensor.strides};
}

// One sequence after the other, the state carried from call to call in contiguous memory.
class SequenceRun {
 public:
  SequenceRun(const GatedDeltaRuleArgs& args, int num_threads, int64_t sequence)
      : args_(args), num_threads_(num_threads), sequence_(sequence) {
    const bool packed = args.cumulative_lengths != nullptr;
    first_token_ = packed ? args.cumulative_lengths[sequence] : 0;
    tokens_ = packed ? args.cumulative_lengths[sequence + 1] - first_token_ : args.num_tokens;
    state_.resize(static_cast<size_t>(args.value_heads * args.key_dim * args.value_dim));
    if (args.initial_state.data == nullptr) return;
    const StateStrides& strides = args.initial_state.strides;
    const float* const from = args.initial_state.data + sequence * strides.sequence;
    ForEachElement(args, strides,
                   [&](int64_t i, int64_t at) { state_[static_cast<size_t>(i)] = from[at]; });
  }

  void Run() {
    const int64_t slots = args_.num_snapshots;
    for (int64_t slot = 0; slot < slots - tokens_; ++slot) StoreSnapshot(slot);
    const int64_t single = std::min(slots, tokens_);
    if (tokens_ > single) RunTokens(0, tokens_ - single);
    for (int64_t t = tokens_ - single; t < tokens_; ++t) {
      RunTokens(t, 1);
      StoreSnapshot(slots - tokens_ + t);
    }
    if (args_.final_state.data == nullptr) return;
    const StateStrides& strides = args_.final_state.strides;
    Store(strides, args_.final_state.data + sequence_ * strides.sequence);
  }

 private:
  // [first, first + count) of the sequence's tokens.
  void RunTokens(int64_t first, int64_t count) {
    GatedDeltaRuleArgs part = args_;
    part.num_sequences = 1;
    part.num_tokens = count;
    part.cumulative_lengths = nullptr;
    part.num_snapshots = 0;
    part.snapshots = {};
    const int64_t bytes = args_.data_type == DataType::kFloat32 ? 4 : 2;
    const auto begin = [&](const Strides& strides) {
      const int64_t of_sequence =
          args_.cumulative_lengths == nullptr ? sequence_ * strides.sequence : 0;
      return of_sequence + (first_token_ + first) * strides.token;
    };
    part.query = Moved(args_.query, begin(args_.query.strides) * bytes);
    part.key = Moved(args_.key, begin(args_.key.strides) * bytes);
    part.value = Moved(args_.value, begin(args_.value.strides) * bytes);
    part.output = Moved(args_.output, begin(args_.output.strides) * bytes);
    part.decay.data += begin(args_.decay.strides);
    part.beta.data += begin(args_.beta.strides);
    const bool key_major = args_.state_layout == StateLayout::kKeyMajor;
    StateStrides strides;
    strides.row = key_major ? args_.value_dim : args_.key_dim;
    strides.head = args_.key_dim * args_.value_dim;
    strides.sequence = static_cast<int64_t>(state_.size());
    part.initial_state = {state_.data(), strides};
    part.final_state = {state_.data(), strides};
    PluginCall call(*in_use.plugin, part, num_threads_, in_use.trap);
    call.Run();
    call.Finish();
  }

  void Store(const StateStrides& strides, float* to) const {
    ForEachElement(args_, strides,
                   [&](int64_t i, int64_t at) { to[at] = state_[static_cast<size_t>(i)]; });
  }
  void StoreSnapshot(int64_t slot) const {
    const StateStrides& strides = args_.snapshots.strides;
    Store(strides,
          args_.snapshots.data + sequence_ * strides.sequence + slot * args_.snapshot_stride);
  }

  const GatedDeltaRuleArgs& args_;
  int num_threads_;
  int64_t sequence_;
  int64_t first_token_ = 0;
  int64_t tokens_ = 0;
  std::vector<float> state_;
};

Status RunPluginInUse(const GatedDeltaRuleArgs& args, Workspace, ParallelFor& threads,
                      RunInfo* info) {
  if (in_use.plugin == nullptr) throw std::logic_error("no plug-in is in use");
  const Status status = ValidateGatedDeltaRule(args);
  if (!status.ok()) return status;
  if (info != nullptr) info->target = in_use.plugin->info.name.c_str();
  const bool is_one_call =
      args.cumulative_lengths == nullptr && args.num_snapshots == 0 && args.num_tokens > 0;
  if (is_one_call && args.num_sequences > 0) {
    PluginCall call(*in_use.plugin, args, threads.NumThreads(), in_use.trap);
    call.Run();
    call.Finish();
    return {};
  }
  for (int64_t s = 0; s < args.num_sequences; ++s) {
    SequenceRun(args, threads.NumThreads(), s).Run();
  }
  return {};
}

}  // namespace

PluginInUse::PluginInUse(const Plugin& plugin, Trap trap) {
  if (in_use.plugin != nullptr) throw std::logic_error("another plug-in is in use");
  in_use = {&plugin, trap};
}
PluginInUse::~PluginInUse() { in_use = {}; }

KernelFunction PluginInUse::kernel() const { return &RunPluginInUse; }

KernelCase AdaptCase(const PluginInfo& info, const KernelCase& kernel_case) {
  const deltagauge_conventions& c = info.conventions;
  KernelCase adapted = kernel_case;
  adapted.target.clear();
  adapted.decay_form =
      c.decay == DELTAGAUGE_DECAY_LOG ? DecayForm::kLog : DecayForm::kExponentiated;
  if (c.qk_norm == DELTAGAUGE_NORM_INSIDE) adapted.qk_norm = QkNorm::kL2;
  const bool is_bfloat16 = adapted.data_type == DataType::kBFloat16;
  if (c.scale == DELTAGAUGE_SCALE_OUTSIDE && is_bfloat16) adapted.scale = 1.0f;
  KernelCase with_beta = adapted;
  with_beta.beta_form = c.beta == DELTAGAUGE_BETA_LOGIT ? BetaForm::kLogit : BetaForm::kActivated;
  // Not every beta has a logit: then the call says so.
  return CheckCase(with_beta) ? adapted : with_beta;
}

}  // namespace deltagauge
