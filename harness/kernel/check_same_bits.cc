// Checks that one computation gives the same bits however it is spread over threads, sequences and
// memory.
#include <cstddef>
#include <limits>
#include <memory>
#include <numeric>
#include <span>

#include "fmt/format.h"
#include "harness/kernel/case_slices.h"
#include "harness/kernel/check_context.h"

namespace deltagauge {
namespace {

// Runs the tasks one after the other, in an order and under thread numbers that no real pool would
// choose: what depends on either shows without a race having to happen.
class ShuffledFor final : public ParallelFor {
 public:
  explicit ShuffledFor(int num_threads) : num_threads_(num_threads) {}
  int NumThreads() const override { return num_threads_; }
  void Run(int num_tasks, Task run_task, const void* context) override {
    if (num_tasks <= 0) return;
    // A step prime to num_tasks visits every task once.
    int step = num_tasks / 2 + 1;
    while (std::gcd(step, num_tasks) != 1) ++step;
    for (int64_t i = 0; i < num_tasks; ++i) {
      const auto task = static_cast<int>((num_tasks - 1 + i * step) % num_tasks);
      run_task(context, task, static_cast<int>(i * 7 % num_threads_));
    }
  }

 private:
  int num_threads_;
};

std::vector<float> Block(const std::vector<float>& tensor, int64_t begin, int64_t size) {
  return {tensor.begin() + begin, tensor.begin() + begin + size};
}

// What belongs to sequence s.
KernelResult ResultOf(const KernelCase& c, const KernelResult& result, int64_t s) {
  const SequenceOffsets offsets(c);
  const int64_t state_size = c.value_heads * c.key_dim * c.value_dim;
  KernelResult one;
  one.output = Block(result.output, offsets.Row(s, c.value_heads, 0, 0) * c.value_dim,
                     c.value_heads * offsets.Length(s) * c.value_dim);
  if (!result.final_state.empty()) {
    one.final_state = Block(result.final_state, s * state_size, state_size);
  }
  if (!result.snapshots.empty()) {
    const int64_t size = c.snapshots * state_size;
    one.snapshots = Block(result.snapshots, s * size, size);
  }
  return one;
}

// All inputs of all sequences but s become NaN.
CaseInputs SpoilNeighbours(const KernelCase& c, const CaseInputs& inputs, int64_t s) {
  const SequenceOffsets offsets(c);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto spoil = [&](std::vector<float>& tensor, int64_t begin, int64_t size) {
    for (int64_t i = 0; i < static_cast<int64_t>(tensor.size()); ++i) {
      if (i < begin || i >= begin + size) tensor[static_cast<size_t>(i)] = nan;
    }
  };
  const int64_t key_begin = offsets.Row(s, c.key_heads, 0, 0);
  const int64_t key_size = c.key_heads * offsets.Length(s);
  const int64_t value_begin = offsets.Row(s, c.value_heads, 0, 0);
  const int64_t value_size = c.value_heads * offsets.Length(s);
  const int64_t state_size = c.value_heads * c.key_dim * c.value_dim;
  CaseInputs spoilt = inputs;
  spoil(spoilt.query, key_begin * c.key_dim, key_size * c.key_dim);
  spoil(spoilt.key, key_begin * c.key_dim, key_size * c.key_dim);
  spoil(spoilt.value, value_begin * c.value_dim, value_size * c.value_dim);
  spoil(spoilt.decay, value_begin, value_size);
  spoil(spoilt.beta, value_begin, value_size);
  spoil(spoilt.initial_state, s * state_size, state_size);
  return spoilt;
}

}  // namespace

void CheckThreads(CheckContext& context) {
  const KernelCase& c = context.kernel_case();
  const CaseInputs& inputs = context.data().inputs;
  SerialFor serial;
  const auto alone = context.Call("1 thread", c, inputs, serial);
  if (!alone) return;
  const auto expect_same = [&](const std::string& label, ParallelFor& threads) {
    const auto result = context.Call(label, c, inputs, threads, WorkspaceFill::kZero);
    if (result) context.ExpectSameBits(label, *alone, *result);
  };
  for (const int num_threads : {2, 3}) {
    ThreadPool pool(num_threads);
    expect_same(fmt::format("{} threads", num_threads), pool);
  }
  if (c.threads > 3) expect_same(fmt::format("{} threads", c.threads), context.threads());
  for (const int num_threads : {1, 5}) {
    ShuffledFor shuffled(num_threads);
    expect_same(fmt::format("tasks shuffled over {}", num_threads), shuffled);
  }
}

void CheckNeighbours(CheckContext& context) {
  const KernelCase& c = context.kernel_case();
  const CaseInputs& inputs = context.data().inputs;
  if (c.NumSequences() < 2) return context.AddInvalid("neighbours", "needs two sequences or more");
  const auto together = context.Call("together", c, inputs);
  if (!together) return;
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    const KernelResult expected = ResultOf(c, *together, s);
    const CasePart part = SelectSequence(c, inputs, s);
    const std::string label = fmt::format("sequence {} alone", s);
    const auto alone = context.Call(label, part.kernel_case, part.inputs);
    if (alone) context.ExpectSameBits(label, *alone, expected);

    const std::string beside = fmt::format("sequence {} beside NaN", s);
    const auto spoilt = context.Call(beside, c, SpoilNeighbours(c, inputs, s));
    if (spoilt) context.ExpectSameBits(beside, expected, ResultOf(c, *spoilt, s));
  }
  if (!c.lengths.empty()) return;
  KernelCase packed = c;
  packed.lengths.assign(static_cast<size_t>(c.sequences), c.tokens);
  const auto result = context.Call("packed", packed, inputs);
  if (result) context.ExpectSameBits("packed", *together, *result);
}

void CheckInPlace(CheckContext& context) {
  KernelCase c = context.kernel_case();
  const CaseInputs& inputs = context.data().inputs;
  c.place = StatePlace::kOutOfPlace;
  const auto out_of_place = context.Call("out of place", c, inputs);
  if (!out_of_place) return;
  if (!inputs.initial_state.empty()) {
    c.place = StatePlace::kInPlace;
    const auto in_place = context.Call("in place", c, inputs);
    if (in_place) context.ExpectSameBits("in place", *out_of_place, *in_place);
  }
  c.place = StatePlace::kDiscarded;
  const auto discarded = context.Call("no final state", c, inputs);
  // A kernel may take another route when no state has to be kept.
  if (discarded && c.TotalTokens() > 0) {
    context.JudgeOutput("no final state", discarded->output, CheckContext::Report::kNo);
  }
  // No state must mean zeros.
  c.place = StatePlace::kOutOfPlace;
  CaseInputs changed = inputs;
  changed.initial_state.clear();
  const auto without = context.Call("no state", c, changed);
  const auto state_size = c.NumSequences() * c.value_heads * c.key_dim * c.value_dim;
  changed.initial_state.assign(static_cast<size_t>(state_size), 0.0f);
  const auto zeros = context.Call("zeros", c, changed);
  if (!without || !zeros) return;
  context.ExpectClose("output, no state against zeros", zeros->output, without->output,
                      c.data_type);
  context.ExpectClose("state, no state against zeros", zeros->final_state, without->final_state,
                      DataType::kFloat32);
}

void CheckLayouts(CheckContext& context) {
  KernelCase c = context.kernel_case();
  const CaseInputs& inputs = context.data().inputs;
  for (const auto& [state_layout, state_name] : NamesOf<StateLayout>()) {
    c.state_layout = state_layout;
    c.layout = TensorLayout::kHeadMajor;
    const auto plain = context.Call(state_name, c, inputs);
    if (!plain) return;
    // The two state layouts may take different routes: both are held against the truth.
    context.JudgeOutput(state_name, plain->output, CheckContext::Report::kNo);
    if (c.place != StatePlace::kDiscarded) {
      context.JudgeState(state_name, plain->final_state, CheckContext::Report::kNo);
    }
    for (const auto& [layout, name] : NamesOf<TensorLayout>()) {
      if (layout == TensorLayout::kHeadMajor) continue;
      c.layout = layout;
      const std::string label = fmt::format("{}, {}", name, state_name);
      const auto result = context.Call(label, c, inputs);
      if (result) context.ExpectSameBits(label, *plain, *result);
    }
  }
}

}  // namespace deltagauge
