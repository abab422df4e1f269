#include "harness/kernel/kernel_call.h"

#include <algorithm>
#include <cfenv>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "harness/kernel/guarded_tensor.h"

namespace deltagauge {
namespace {

struct TensorMemory {
  std::unique_ptr<GuardedTensor> memory;
  Strides strides;
};

// Memory and strides of [sequences, tokens, heads, dim].
TensorMemory MakeTensor(const KernelCase& c, const SequenceOffsets& offsets, int64_t heads,
                        int64_t dim, DataType type) {
  const bool packed = !c.lengths.empty();
  const int64_t tokens = packed ? offsets.TotalTokens() : c.tokens;
  Strides strides;
  switch (c.layout) {
    case TensorLayout::kHeadMajor:
    case TensorLayout::kUnaligned:
      strides = {.sequence = heads * tokens * dim, .token = dim, .head = tokens * dim};
      break;
    case TensorLayout::kTokenMajor:
      strides = {.sequence = tokens * heads * dim, .token = heads * dim, .head = dim};
      break;
    case TensorLayout::kStrided:
      strides.head = dim + 3;
      strides.token = heads * strides.head + 5;
      strides.sequence = tokens * strides.token + 7;
      break;
  }
  if (packed) strides.sequence = 0;  // not to be looked at
  std::vector<int64_t> rows;
  for (int64_t s = 0; s < offsets.NumSequences(); ++s) {
    const int64_t first_token = packed ? offsets.first_token[static_cast<size_t>(s)] : 0;
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t t = 0; t < offsets.Length(s); ++t) {
        rows.push_back(s * strides.sequence + (first_token + t) * strides.token + h * strides.head);
      }
    }
  }
  const int64_t shift = c.layout == TensorLayout::kUnaligned ? 1 : 0;
  return {std::make_unique<GuardedTensor>(type, dim, std::move(rows), shift), strides};
}

// Memory of [states, heads, K, V] (`states` is sequences, or sequences x slots), in the state
// layout of the case.
class StateMemory {
 public:
  StateMemory(const KernelCase& c, int64_t states)
      : layout_(c.state_layout), key_dim_(c.key_dim), value_dim_(c.value_dim) {
    const bool key_major = layout_ == StateLayout::kKeyMajor;
    const int64_t rows = key_major ? key_dim_ : value_dim_;
    const int64_t row_length = key_major ? value_dim_ : key_dim_;
    const bool gaps = c.layout == TensorLayout::kStrided;
    strides_.row = row_length + (gaps ? 2 : 0);
    strides_.head = rows * strides_.row + (gaps ? 3 : 0);
    strides_.sequence = c.value_heads * strides_.head + (gaps ? 5 : 0);
    std::vector<int64_t> offsets;
    for (int64_t s = 0; s < states; ++s) {
      for (int64_t h = 0; h < c.value_heads; ++h) {
        for (int64_t r = 0; r < rows; ++r) {
          offsets.push_back(s * strides_.sequence + h * strides_.head + r * strides_.row);
        }
      }
    }
    const int64_t shift = c.layout == TensorLayout::kUnaligned ? 1 : 0;
    memory_ =
        std::make_unique<GuardedTensor>(DataType::kFloat32, row_length, std::move(offsets), shift);
  }

  GuardedTensor& memory() { return *memory_; }
  float* data() { return static_cast<float*>(memory_->data()); }
  const StateStrides& strides() const { return strides_; }

  void Store(const std::vector<float>& states) {
    memory_->Store(layout_ == StateLayout::kKeyMajor ? states
                                                     : Transposed(states, key_dim_, value_dim_));
  }
  std::vector<float> Load() const {
    const std::vector<float> states = memory_->Load();
    return layout_ == StateLayout::kKeyMajor ? states : Transposed(states, value_dim_, key_dim_);
  }

 private:
  // Each [rows, columns] of the tensor becomes [columns, rows].
  static std::vector<float> Transposed(const std::vector<float>& from, int64_t rows,
                                       int64_t columns) {
    std::vector<float> to(from.size());
    const auto size = static_cast<size_t>(rows * columns);
    for (size_t begin = 0; begin + size <= from.size(); begin += size) {
      size_t i = begin;
      for (int64_t c = 0; c < columns; ++c) {
        for (int64_t r = 0; r < rows; ++r) {
          to[i++] = from[begin + static_cast<size_t>(r * columns + c)];
        }
      }
    }
    return to;
  }

  StateLayout layout_;
  int64_t key_dim_;
  int64_t value_dim_;
  StateStrides strides_;
  std::unique_ptr<GuardedTensor> memory_;
};

// The workspace, with guards around it.
class WorkspaceMemory {
 public:
  WorkspaceMemory(int num_threads, WorkspaceFill fill)
      : bytes_(static_cast<size_t>(num_threads) * kWorkspaceBytesPerThread),
        memory_(DataType::kFloat32, static_cast<int64_t>(bytes_ / sizeof(float)), {0}, 0) {
    const std::byte value = fill == WorkspaceFill::kNaN ? std::byte{0xff} : std::byte{0};
    std::fill_n(static_cast<std::byte*>(memory_.data()), bytes_, value);
    memory_.Seal();
  }
  Workspace View() { return {memory_.data(), bytes_}; }
  std::string Damage() const { return memory_.Damage(); }

 private:
  size_t bytes_;
  GuardedTensor memory_;
};

// What a kernel must leave as it was on the thread that calls it: how numbers round, and that
// denormal ones are numbers. Puts both right in the end, or all that comes after would suffer.
class FloatingPointGuard {
 public:
  FloatingPointGuard() : rounding_(std::fegetround()), flushes_(Flushes()) {
    std::fegetenv(&environment_);
  }
  ~FloatingPointGuard() { std::fesetenv(&environment_); }
  FloatingPointGuard(const FloatingPointGuard&) = delete;
  FloatingPointGuard& operator=(const FloatingPointGuard&) = delete;

  std::string Damage() const {
    if (std::fegetround() != rounding_) return "floating point: the rounding mode has changed";
    if (Flushes() != flushes_) return "floating point: denormal numbers have become zero";
    return "";
  }

 private:
  static bool Flushes() {
    // volatile: computed here and now, not by the compiler.
    volatile float smallest = std::numeric_limits<float>::min();
    volatile float half = smallest * 0.5f;
    return half == 0.0f;
  }

  int rounding_;
  bool flushes_;
  std::fenv_t environment_;
};

// All memory of one call.
class Call {
 public:
  Call(const KernelCase& c, const CaseInputs& inputs)
      : case_(c),
        offsets_(c),
        query_(MakeTensor(c, offsets_, c.key_heads, c.key_dim, c.data_type)),
        key_(MakeTensor(c, offsets_, c.key_heads, c.key_dim, c.data_type)),
        value_(MakeTensor(c, offsets_, c.value_heads, c.value_dim, c.data_type)),
        decay_(MakeTensor(c, offsets_, c.value_heads, 1, DataType::kFloat32)),
        beta_(MakeTensor(c, offsets_, c.value_heads, 1, DataType::kFloat32)),
        output_(MakeTensor(c, offsets_, c.value_heads, c.value_dim, c.data_type)),
        initial_state_(c, offsets_.NumSequences()),
        final_state_(c, offsets_.NumSequences()),
        snapshots_(c, offsets_.NumSequences() * c.snapshots),
        has_initial_state_(!inputs.initial_state.empty()) {
    query_.memory->Store(inputs.query);
    key_.memory->Store(inputs.key);
    value_.memory->Store(inputs.value);
    decay_.memory->Store(inputs.decay);
    beta_.memory->Store(inputs.beta);
    if (has_initial_state_) initial_state_.Store(inputs.initial_state);
    for (const auto& [name, memory] : All()) memory->Seal();
  }

  KernelResult Run(KernelFunction kernel, ParallelFor& threads, WorkspaceFill fill) {
    WorkspaceMemory workspace(threads.NumThreads(), fill);
    RunInfo info;
    KernelResult result;
    std::string floating_point_damage;
    {
      const FloatingPointGuard floating_point;
      result.status = kernel(Args(), workspace.View(), threads, &info);
      floating_point_damage = floating_point.Damage();
    }
    result.target = info.target == nullptr ? "" : info.target;
    result.output = output_.memory->Load();
    if (WritesFinalState()) result.final_state = FinalState().Load();
    result.snapshots = snapshots_.Load();
    result.damage = Damage(workspace);
    if (result.damage.empty()) result.damage = std::move(floating_point_damage);
    return result;
  }

 private:
  bool InPlace() const { return case_.place == StatePlace::kInPlace && has_initial_state_; }
  bool WritesFinalState() const { return case_.place != StatePlace::kDiscarded; }
  StateMemory& FinalState() { return InPlace() ? initial_state_ : final_state_; }

  std::vector<std::pair<const char*, GuardedTensor*>> All() {
    return {{"query", query_.memory.get()},     {"key", key_.memory.get()},
            {"value", value_.memory.get()},     {"decay", decay_.memory.get()},
            {"beta", beta_.memory.get()},       {"initial_state", &initial_state_.memory()},
            {"output", output_.memory.get()},   {"final_state", &final_state_.memory()},
            {"snapshots", &snapshots_.memory()}};
  }

  GatedDeltaRuleArgs Args() {
    const KernelCase& c = case_;
    GatedDeltaRuleArgs args;
    args.num_sequences = offsets_.NumSequences();
    args.num_tokens = c.lengths.empty() ? c.tokens : offsets_.TotalTokens();
    args.key_heads = c.key_heads;
    args.value_heads = c.value_heads;
    args.key_dim = c.key_dim;
    args.value_dim = c.value_dim;
    if (!c.lengths.empty()) args.cumulative_lengths = offsets_.first_token.data();
    args.data_type = c.data_type;
    args.head_map = c.head_map;
    args.decay_form = c.decay_form;
    args.beta_form = c.beta_form;
    args.qk_norm = c.qk_norm;
    args.state_layout = c.state_layout;
    args.norm_epsilon = c.norm_epsilon;
    args.scale = c.Scale();
    args.query = {query_.memory->data(), query_.strides};
    args.key = {key_.memory->data(), key_.strides};
    args.value = {value_.memory->data(), value_.strides};
    args.decay = {static_cast<const float*>(decay_.memory->data()), decay_.strides};
    args.beta = {static_cast<const float*>(beta_.memory->data()), beta_.strides};
    if (has_initial_state_) args.initial_state = {initial_state_.data(), initial_state_.strides()};
    args.output = {output_.memory->data(), output_.strides};
    if (WritesFinalState()) args.final_state = {FinalState().data(), FinalState().strides()};
    if (c.snapshots > 0) {
      // In memory: sequences outermost, then slots.
      args.snapshots = {snapshots_.data(), snapshots_.strides()};
      args.num_snapshots = c.snapshots;
      args.snapshot_stride = snapshots_.strides().sequence;
      args.snapshots.strides.sequence = c.snapshots * args.snapshot_stride;
    }
    return args;
  }

  std::string Damage(const WorkspaceMemory& workspace) {
    for (const auto& [name, memory] : All()) {
      const bool written = memory == output_.memory.get() || memory == &snapshots_.memory() ||
                           (WritesFinalState() && memory == &FinalState().memory());
      const std::string change = written ? memory->Damage() : memory->AnyChange();
      if (!change.empty()) return std::string(name) + ": " + change;
    }
    const std::string change = workspace.Damage();
    return change.empty() ? "" : "workspace: " + change;
  }

  const KernelCase& case_;
  const SequenceOffsets offsets_;
  TensorMemory query_, key_, value_, decay_, beta_, output_;
  StateMemory initial_state_, final_state_, snapshots_;
  bool has_initial_state_;
};

}  // namespace

KernelResult CallKernel(KernelFunction kernel, const KernelCase& kernel_case,
                        const CaseInputs& inputs, ParallelFor& threads, WorkspaceFill fill) {
  return Call(kernel_case, inputs).Run(kernel, threads, fill);
}

}  // namespace deltagauge
