#include "harness/kernel/case_truth.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "harness/kernel/bfloat16.h"
#include "reference/conventions.h"
#include "reference/recurrence.h"

namespace deltagauge {
namespace {

enum class Form : uint8_t { kRecurrent, kChunked };

// All conventions applied, in the arithmetic of the arm.
template <typename Real>
struct AppliedInputs {
  std::vector<Real> query, key, value, log_decay, beta, initial_state;
};

template <typename Real>
AppliedInputs<Real> ApplyConventions(const KernelCase& c, const CaseInputs& raw) {
  const auto widen = [](const std::vector<float>& from) {
    return std::vector<Real>(from.begin(), from.end());
  };
  AppliedInputs<Real> in{widen(raw.query), widen(raw.key),  widen(raw.value),
                         widen(raw.decay), widen(raw.beta), widen(raw.initial_state)};
  if (c.qk_norm == QkNorm::kL2) {
    const Real epsilon = c.norm_epsilon;
    reference::NormalizeRows(c.key_dim, epsilon, std::span<Real>(in.query));
    reference::NormalizeRows(c.key_dim, epsilon, std::span<Real>(in.key));
  }
  reference::Scale<Real>(c.Scale(), in.query);
  if (c.decay_form == DecayForm::kExponentiated) {
    for (Real& decay : in.log_decay) decay = reference::LogDecay(decay);
  }
  if (c.beta_form == BetaForm::kLogit) {
    for (Real& beta : in.beta) beta = reference::Sigmoid(beta);
  }
  return in;
}

template <typename T>
std::span<const T> Slice(const std::vector<T>& tensor, int64_t begin, int64_t size) {
  return std::span<const T>(tensor).subspan(static_cast<size_t>(begin), static_cast<size_t>(size));
}

// The part of one sequence as a problem of batch 1.
template <typename Real>
reference::RecurrenceInputs<Real> OneSequence(const KernelCase& c, const SequenceOffsets& offsets,
                                              const AppliedInputs<Real>& in, int64_t s) {
  const int64_t tokens = offsets.Length(s);
  const int64_t key_row = offsets.Row(s, c.key_heads, 0, 0);
  const int64_t value_row = offsets.Row(s, c.value_heads, 0, 0);
  const int64_t key_size = c.key_heads * tokens * c.key_dim;
  const int64_t state_size = c.value_heads * c.key_dim * c.value_dim;
  reference::RecurrenceInputs<Real> one;
  one.shape = {.batch = 1,
               .tokens = tokens,
               .key_heads = c.key_heads,
               .value_heads = c.value_heads,
               .key_dim = c.key_dim,
               .value_dim = c.value_dim};
  one.head_map =
      c.head_map == HeadMap::kTiled ? reference::HeadMap::kTiled : reference::HeadMap::kGrouped;
  one.query = Slice(in.query, key_row * c.key_dim, key_size);
  one.key = Slice(in.key, key_row * c.key_dim, key_size);
  one.value = Slice(in.value, value_row * c.value_dim, c.value_heads * tokens * c.value_dim);
  one.log_decay = Slice(in.log_decay, value_row, c.value_heads * tokens);
  one.beta = Slice(in.beta, value_row, c.value_heads * tokens);
  if (!in.initial_state.empty()) {
    one.initial_state = Slice(in.initial_state, s * state_size, state_size);
  }
  return one;
}

template <typename Real>
void AppendSnapshots(const KernelCase& c, const reference::RecurrenceInputs<Real>& in,
                     const std::vector<Real>& states, std::vector<Real>& snapshots) {
  const int64_t tokens = in.shape.tokens;
  const int64_t head_size = c.key_dim * c.value_dim;
  for (int64_t slot = 0; slot < c.snapshots; ++slot) {
    const int64_t t = tokens - c.snapshots + slot;
    for (int64_t head = 0; head < c.value_heads; ++head) {
      if (t >= 0) {
        const auto from = states.begin() + (head * tokens + t) * head_size;
        snapshots.insert(snapshots.end(), from, from + head_size);
      } else if (!in.initial_state.empty()) {
        const auto from = in.initial_state.begin() + head * head_size;
        snapshots.insert(snapshots.end(), from, from + head_size);
      } else {
        snapshots.insert(snapshots.end(), static_cast<size_t>(head_size), Real{0});
      }
    }
  }
}

template <typename Real>
CaseArm<Real> RunArm(const KernelCase& c, const CaseInputs& raw, Form form) {
  const SequenceOffsets offsets(c);
  const AppliedInputs<Real> in = ApplyConventions<Real>(c, raw);
  const bool wants_snapshots = c.snapshots > 0 && form == Form::kRecurrent;
  CaseArm<Real> arm;
  for (int64_t s = 0; s < offsets.NumSequences(); ++s) {
    const auto one = OneSequence(c, offsets, in, s);
    const auto result = form == Form::kChunked
                            ? reference::RunChunked(one)
                            : reference::RunRecurrent(
                                  one, wants_snapshots ? reference::StatesWanted::kAfterEachToken
                                                       : reference::StatesWanted::kFinal);
    arm.output.insert(arm.output.end(), result.output.begin(), result.output.end());
    arm.final_state.insert(arm.final_state.end(), result.final_state.begin(),
                           result.final_state.end());
    if (wants_snapshots) AppendSnapshots(c, one, result.states, arm.snapshots);
  }
  return arm;
}

void RoundOutput(DataType type, CaseArm<float>& arm) {
  if (type != DataType::kBFloat16) return;
  for (float& x : arm.output) x = RoundToBFloat16(x);
}

}  // namespace

CaseTruth ComputeTruth(const KernelCase& kernel_case, const CaseInputs& inputs) {
  CaseTruth all;
  all.truth = ComputeTruthOnly(kernel_case, inputs);
  all.recurrent = RunArm<float>(kernel_case, inputs, Form::kRecurrent);
  all.chunked = RunArm<float>(kernel_case, inputs, Form::kChunked);
  RoundOutput(kernel_case.data_type, all.recurrent);
  RoundOutput(kernel_case.data_type, all.chunked);
  return all;
}

CaseArm<double> ComputeTruthOnly(const KernelCase& kernel_case, const CaseInputs& inputs) {
  return RunArm<double>(kernel_case, inputs, Form::kRecurrent);
}

}  // namespace deltagauge
