// Checks of how a state flows from call to call: pieces and snapshots.
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <span>

#include "fmt/format.h"
#include "harness/kernel/case_slices.h"
#include "harness/kernel/check_context.h"

namespace deltagauge {
namespace {

struct Flow {
  std::vector<float> output;
  std::vector<float> final_state;
  std::vector<std::vector<float>> states;  // after each piece
};

// The case in pieces of these sizes, the state handed on.
std::optional<Flow> RunPieces(CheckContext& context, const KernelCase& c, const std::string& label,
                              std::span<const int64_t> sizes) {
  const CaseInputs& inputs = context.data().inputs;
  Flow flow;
  flow.output.resize(inputs.value.size());
  flow.final_state = inputs.initial_state;
  int64_t begin = 0;
  for (const int64_t size : sizes) {
    const CasePart part = SliceTokens(c, inputs, begin, begin + size, flow.final_state);
    const auto result = context.Call(label, part.kernel_case, part.inputs);
    if (!result) return std::nullopt;
    PutRows(result->output, c.tokens, c.value_dim, begin, begin + size, flow.output);
    flow.final_state = result->final_state;
    flow.states.push_back(result->final_state);
    begin += size;
  }
  return flow;
}

// All splits of a short sequence; of a long one those near its ends, its middle and the edges of
// 64-token chunks.
std::set<int64_t> SplitPoints(int64_t tokens) {
  std::set<int64_t> points;
  const auto add_around = [&](int64_t centre) {
    for (int64_t t = centre - 3; t <= centre + 3; ++t) {
      if (t >= 0 && t <= tokens) points.insert(t);
    }
  };
  if (tokens <= 40) {
    for (int64_t t = 0; t <= tokens; ++t) points.insert(t);
    return points;
  }
  for (const int64_t centre : {int64_t{2}, tokens / 2, int64_t{64}, tokens - 2}) {
    add_around(centre);
  }
  return points;
}

std::vector<int64_t> UnevenPieces(int64_t tokens) {
  constexpr std::array<int64_t, 7> kSizes = {1, 2, 3, 5, 4, 7, 6};
  std::vector<int64_t> sizes;
  for (int64_t left = tokens; left > 0; left -= sizes.back()) {
    sizes.push_back(std::min(left, kSizes[sizes.size() % kSizes.size()]));
  }
  return sizes;
}

bool CanBeCut(CheckContext& context) {
  const KernelCase& c = context.kernel_case();
  if (c.lengths.empty() && c.tokens > 0 && c.place != StatePlace::kDiscarded) return true;
  context.AddInvalid(NameOf(c.check), "needs tokens, sequences of one length and a final state");
  return false;
}

// Snapshots against the states that decoding token by token went through.
void ExpectDecodedStates(CheckContext& context, const Flow& decoded, const KernelResult& result) {
  const KernelCase& c = context.kernel_case();
  const auto size = static_cast<size_t>(c.value_heads * c.key_dim * c.value_dim);
  for (int64_t s = 0; s < c.sequences; ++s) {
    for (int64_t slot = std::max<int64_t>(0, c.snapshots - c.tokens); slot < c.snapshots; ++slot) {
      const auto t = static_cast<size_t>(c.tokens - c.snapshots + slot);
      const size_t begin = static_cast<size_t>(s * c.snapshots + slot) * size;
      context.ExpectClose(
          fmt::format("slot {} of {} against the state decoded", slot, c.snapshots),
          std::span<const float>(decoded.states[t]).subspan(static_cast<size_t>(s) * size, size),
          std::span<const float>(result.snapshots).subspan(begin, size), DataType::kFloat32);
    }
  }
}

// Bits of the states that a slot of a sequence must have, or nothing where only the truth says.
std::optional<std::span<const float>> ExactSlot(const KernelCase& c, const CaseInputs& inputs,
                                                const KernelResult& result, int64_t s, int64_t slot,
                                                std::span<const float> zeros) {
  const size_t size = zeros.size();
  const size_t begin = static_cast<size_t>(s) * size;
  if (slot == c.snapshots - 1 && !result.final_state.empty()) {
    return std::span<const float>(result.final_state).subspan(begin, size);
  }
  if (c.LengthOf(s) - c.snapshots + slot >= 0) return std::nullopt;
  if (inputs.initial_state.empty()) return zeros;
  return std::span<const float>(inputs.initial_state).subspan(begin, size);
}

// Of the truths for all numbers of snapshots that CheckSnapshots asks for, roughly.
size_t BytesOfSnapshots(const KernelCase& c) {
  const int64_t state = c.NumSequences() * c.value_heads * c.key_dim * c.value_dim;
  const int64_t slots = 2 * c.tokens + 17;
  return static_cast<size_t>(slots * state) * (sizeof(double) + sizeof(float));
}

}  // namespace

void ExpectExactSlots(CheckContext& context, const KernelResult& result) {
  const KernelCase& c = context.kernel_case();
  const std::vector<float> zeros(static_cast<size_t>(c.value_heads * c.key_dim * c.value_dim));
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    for (int64_t slot = 0; slot < c.snapshots; ++slot) {
      const auto expected = ExactSlot(c, context.data().inputs, result, s, slot, zeros);
      if (!expected) continue;
      const size_t begin = static_cast<size_t>(s * c.snapshots + slot) * zeros.size();
      context.ExpectSameBits(fmt::format("slot {} of {} of sequence {}", slot, c.snapshots, s),
                             *expected,
                             std::span<const float>(result.snapshots).subspan(begin, zeros.size()));
    }
  }
}

void CheckPieces(CheckContext& context) {
  if (!CanBeCut(context)) return;
  const KernelCase& c = context.kernel_case();
  const auto check = [&](const std::string& label, std::span<const int64_t> sizes) {
    const auto flow = RunPieces(context, c, label, sizes);
    if (!flow) return;
    context.JudgeOutput(label, flow->output, CheckContext::Report::kNo);
    context.JudgeState(label, flow->final_state, CheckContext::Report::kNo);
  };
  check("whole", std::array{c.tokens});
  for (const int64_t split : SplitPoints(c.tokens)) {
    check(fmt::format("split at {}", split), std::array{split, c.tokens - split});
  }
  check("token by token", std::vector<int64_t>(static_cast<size_t>(c.tokens), 1));
  check("uneven pieces", UnevenPieces(c.tokens));
}

void CheckSnapshots(CheckContext& context) {
  if (!CanBeCut(context)) return;
  KernelCase c = context.kernel_case();
  c.snapshots = 0;
  const std::vector<int64_t> ones(static_cast<size_t>(c.tokens), 1);
  const auto decoded = RunPieces(context, c, "token by token", ones);
  if (!decoded) return;
  for (const int64_t n : std::set<int64_t>{1, 2, 3, 4, 5, c.tokens, c.tokens + 2}) {
    c.snapshots = n;
    const CaseInputs& inputs = context.data().inputs;
    const auto data = context.Changed(fmt::format("n = {}", n), BytesOfSnapshots(c), [&] {
      return CaseData{inputs, ComputeTruth(c, inputs)};
    });
    context.Part(c, *data, [&](CheckContext& part) {
      const std::string label = fmt::format("n = {}", n);
      const auto result = part.Call(label, c, inputs);
      if (!result) return;
      part.JudgeOutput(label, result->output, CheckContext::Report::kNo);
      part.JudgeState(label, result->final_state, CheckContext::Report::kNo);
      part.JudgeSnapshots(label, result->snapshots, CheckContext::Report::kNo);
      ExpectExactSlots(part, *result);
      ExpectDecodedStates(part, *decoded, *result);
    });
  }
}

}  // namespace deltagauge
