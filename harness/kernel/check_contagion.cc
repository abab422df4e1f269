// NaN and Inf planted one at a time: how far may each one reach?
#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>

#include "fmt/format.h"
#include "harness/kernel/check_context.h"
#include "reference/conventions.h"

namespace deltagauge {
namespace {

constexpr int64_t kAll = -1;

// One planted number, and the value heads and columns that it may reach. Their tokens and kinds are
// for the truth to say.
struct Plant {
  std::string label;
  std::vector<float> CaseInputs::*tensor = nullptr;
  int64_t index = 0;
  int64_t sequence = 0;
  int64_t key_head = kAll;    // reaches all value heads of this key head, or
  int64_t value_head = kAll;  // this value head alone
  int64_t column = kAll;
};

// Where things are planted: a token inside the last sequence that has some, at one of the four
// places of a tile of four.
struct Place {
  int64_t sequence, token, value_head, key_head, k, column;
};

Place PlaceOf(const KernelCase& c, int64_t phase) {
  Place at{};
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    if (c.LengthOf(s) > 0) at.sequence = s;
  }
  const int64_t tokens = c.LengthOf(at.sequence);
  at.token = std::min(tokens / 2 + phase, tokens - 1);
  at.value_head = c.value_heads / 2;
  at.key_head = c.key_heads / 2;
  at.k = c.key_dim / 3;
  at.column = c.value_dim / 2;
  return at;
}

std::vector<Plant> PlantsAt(const KernelCase& c, const Place& at) {
  const SequenceOffsets offsets(c);
  const int64_t s = at.sequence;
  const int64_t key_row = offsets.Row(s, c.key_heads, at.key_head, at.token);
  const int64_t value_row = offsets.Row(s, c.value_heads, at.value_head, at.token);
  const int64_t state_row = (s * c.value_heads + at.value_head) * c.key_dim + at.k;
  std::vector<Plant> plants = {
      {"value", &CaseInputs::value, value_row * c.value_dim + at.column, s, kAll, at.value_head,
       at.column},
      {"key", &CaseInputs::key, key_row * c.key_dim + at.k, s, at.key_head, kAll, kAll},
      {"query", &CaseInputs::query, key_row * c.key_dim + at.k, s, at.key_head, kAll, kAll},
      {"decay", &CaseInputs::decay, value_row, s, kAll, at.value_head, kAll},
      {"beta", &CaseInputs::beta, value_row, s, kAll, at.value_head, kAll},
  };
  if (c.state != StateRegime::kNone) {
    plants.push_back({"state", &CaseInputs::initial_state, state_row * c.value_dim + at.column, s,
                      kAll, at.value_head, at.column});
  }
  return plants;
}

// Some column of the head, or all of them.
bool Reaches(const KernelCase& c, const Plant& plant, int64_t s, int64_t value_head) {
  if (s != plant.sequence) return false;
  if (plant.value_head != kAll) return value_head == plant.value_head;
  const auto map =
      c.head_map == HeadMap::kTiled ? reference::HeadMap::kTiled : reference::HeadMap::kGrouped;
  return reference::KeyHeadOf(map, value_head, c.key_heads, c.value_heads) == plant.key_head;
}

// A copy in which all elements that the plant may reach are 0, so that the rest can be compared.
std::vector<float> OutOfReach(const KernelCase& c, const Plant& plant,
                              const std::vector<float>& tensor, bool is_state) {
  std::vector<float> rest = tensor;
  const SequenceOffsets offsets(c);
  const int64_t first = plant.column == kAll ? 0 : plant.column;
  const int64_t columns = plant.column == kAll ? c.value_dim : 1;
  int64_t begin = 0;
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    const int64_t rows = is_state ? c.key_dim : offsets.Length(s);
    for (int64_t head = 0; head < c.value_heads; ++head, begin += rows * c.value_dim) {
      if (!Reaches(c, plant, s, head)) continue;
      for (int64_t row = 0; row < rows; ++row) {
        std::fill_n(rest.begin() + begin + row * c.value_dim + first, columns, 0.0f);
      }
    }
  }
  return rest;
}

// Inside its reach a plant must do what the equation does: the same elements finite, and those
// right.
TensorComparison JudgeReach(CheckContext& context, const std::string& label, DataType type,
                            const std::vector<double>& truth, const std::vector<float>& result) {
  const PassLimits limits = FusedKernelLimits(type, context.kernel_case().qk_norm);
  const TensorComparison compared =
      CompareTensors(truth, result, {type, limits.elements, {}, UlpRanks::kNo});
  const bool kinds = compared.non_finite_mismatches == 0;
  context.Add(
      {Rule::kFinite, label, kinds ? Verdict::kPassed : Verdict::kFailed,
       static_cast<double>(compared.non_finite_mismatches), 0,
       kinds ? "" : fmt::format("first at element {}", compared.first_non_finite_mismatch)});
  const bool exact = compared.rel_rmse <= limits.ceiling && compared.violations == 0;
  context.Add({Rule::kCeiling, label, exact ? Verdict::kPassed : Verdict::kFailed,
               compared.rel_rmse, limits.ceiling, exact ? "" : "the finite elements are off"});
  return compared;
}

size_t BytesOfPlants(const CaseData& data) {
  const CaseInputs& inputs = data.inputs;
  const size_t floats = inputs.query.size() + inputs.key.size() + inputs.value.size() +
                        inputs.decay.size() + inputs.beta.size() + inputs.initial_state.size();
  const CaseArm<double>& truth = data.truth.truth;
  const size_t doubles = truth.output.size() + truth.final_state.size();
  constexpr size_t kPlants = 4 * 6 * 2;  // phases, tensors, NaN and Inf
  return kPlants * (floats * sizeof(float) + doubles * sizeof(double));
}

// Inputs and truth with the plant in its place.
std::shared_ptr<const CaseData> DataWith(CheckContext& context, const Plant& plant, float value) {
  const std::string key = fmt::format("{} in {} at {}", value, plant.label, plant.index);
  return context.Changed(key, BytesOfPlants(context.data()), [&] {
    CaseData data;
    data.inputs = context.data().inputs;
    (data.inputs.*plant.tensor)[static_cast<size_t>(plant.index)] = value;
    data.truth.truth = ComputeTruthOnly(context.kernel_case(), data.inputs);
    return data;
  });
}

void CheckPlant(CheckContext& context, const KernelResult& clean, const Plant& plant, float value) {
  const KernelCase& c = context.kernel_case();
  const std::string label = fmt::format("{} in {}", value, plant.label);
  const std::shared_ptr<const CaseData> planted = DataWith(context, plant, value);
  const auto result = context.Call(label, c, planted->inputs);
  if (!result) return;
  const CaseArm<double>& truth = planted->truth.truth;
  const TensorComparison output =
      JudgeReach(context, "output, " + label, c.data_type, truth.output, result->output);
  if (output.truth_non_finite_count == 0) context.AddInvalid(label, "the plant changed nothing");
  context.ExpectSameBits("output out of reach, " + label, OutOfReach(c, plant, clean.output, false),
                         OutOfReach(c, plant, result->output, false));
  if (c.place == StatePlace::kDiscarded) return;
  JudgeReach(context, "state, " + label, DataType::kFloat32, truth.final_state,
             result->final_state);
  context.ExpectSameBits("state out of reach, " + label,
                         OutOfReach(c, plant, clean.final_state, true),
                         OutOfReach(c, plant, result->final_state, true));
}

}  // namespace

void CheckContagion(CheckContext& context) {
  const KernelCase& c = context.kernel_case();
  if (c.TotalTokens() == 0) return context.AddInvalid("contagion", "needs a token");
  const auto clean = context.Call("clean", c, context.data().inputs);
  if (!clean) return;
  // The clean run must be right, or its bits say nothing about the others.
  context.JudgeOutput("clean", clean->output, CheckContext::Report::kNo);
  for (int64_t phase = 0; phase < 4; ++phase) {
    for (const Plant& plant : PlantsAt(c, PlaceOf(c, phase))) {
      CheckPlant(context, *clean, plant, std::numeric_limits<float>::quiet_NaN());
      // The sigmoid of an infinite logit is an honest 1.
      const bool absorbed = c.beta_form == BetaForm::kLogit && plant.tensor == &CaseInputs::beta;
      if (!absorbed) CheckPlant(context, *clean, plant, std::numeric_limits<float>::infinity());
    }
  }
}

}  // namespace deltagauge
