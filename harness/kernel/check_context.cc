#include "harness/kernel/check_context.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "fmt/format.h"

namespace deltagauge {
namespace {

std::string Labelled(std::string_view tensor, std::string_view label) {
  return label.empty() ? std::string(tensor) : fmt::format("{} ({})", tensor, label);
}

// The states of the sequences that have tokens: all of them, or a selection in `changed`.
template <typename Real>
std::span<const Real> ChangedStates(const KernelCase& c, const std::vector<Real>& states,
                                    std::vector<Real>& changed) {
  bool all = true;
  for (int64_t s = 0; s < c.NumSequences(); ++s) all = all && c.LengthOf(s) > 0;
  if (all) return states;
  const int64_t size = c.value_heads * c.key_dim * c.value_dim;
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    if (c.LengthOf(s) == 0) continue;
    changed.insert(changed.end(), states.begin() + s * size, states.begin() + (s + 1) * size);
  }
  return changed;
}

// The slots after a token of each sequence.
template <typename Real>
std::vector<Real> FilledSlots(const KernelCase& c, const std::vector<Real>& snapshots) {
  std::vector<Real> filled;
  const int64_t size = c.value_heads * c.key_dim * c.value_dim;
  for (int64_t s = 0; s < c.NumSequences(); ++s) {
    const int64_t first = std::max<int64_t>(0, c.snapshots - c.LengthOf(s));
    filled.insert(filled.end(), snapshots.begin() + (s * c.snapshots + first) * size,
                  snapshots.begin() + (s + 1) * c.snapshots * size);
  }
  return filled;
}

}  // namespace

CheckContext::CheckContext(const KernelCase& kernel_case, const CaseData& data,
                           KernelFunction kernel, const CheckOptions& options,
                           CheckOutcome& outcome)
    : case_(kernel_case),
      data_(data),
      kernel_(kernel),
      options_(options),
      outcome_(outcome),
      threads_(kernel_case.threads) {}

std::optional<KernelResult> CheckContext::Call(std::string_view label,
                                               const KernelCase& kernel_case,
                                               const CaseInputs& inputs, ParallelFor& threads,
                                               WorkspaceFill fill) {
  KernelResult result = CallKernel(kernel_, kernel_case, inputs, threads, fill);
  const std::string where = Labelled("call", label);
  if (!result.status.ok()) {
    Add({Rule::kNotVacuous, where, Verdict::kError, 0, 0,
         "the kernel refused it: " + result.status.Message()});
    return std::nullopt;
  }
  outcome_.target = result.target;
  if (!case_.target.empty() && result.target != case_.target) {
    AddInvalid(where, fmt::format("target {} was forced, but {} ran", case_.target,
                                  result.target.empty() ? "nothing" : result.target));
  }
  const bool intact = result.damage.empty();
  Add({Rule::kGuards, where, intact ? Verdict::kPassed : Verdict::kFailed, intact ? 0.0 : 1.0, 0,
       result.damage});
  return result;
}

void CheckContext::JudgeOutput(std::string_view label, const std::vector<float>& output,
                               Report report) {
  const CaseTruth& t = data_.truth;
  Judge(label, "output", case_.data_type,
        {t.truth.output, output, t.recurrent.output, t.chunked.output}, OutputHeads(), report);
}

void CheckContext::JudgeState(std::string_view label, const std::vector<float>& state,
                              Report report) {
  const CaseTruth& t = data_.truth;
  std::vector<double> truth_kept;
  std::vector<float> result_kept, recurrent_kept, chunked_kept;
  const Judged judged = {ChangedStates(case_, t.truth.final_state, truth_kept),
                         ChangedStates(case_, state, result_kept),
                         ChangedStates(case_, t.recurrent.final_state, recurrent_kept),
                         ChangedStates(case_, t.chunked.final_state, chunked_kept)};
  Judge(label, "state", DataType::kFloat32, judged, StateHeads(judged.truth.size()), report);
}

void CheckContext::JudgeSnapshots(std::string_view label, const std::vector<float>& snapshots,
                                  Report report) {
  const std::vector<double> truth = FilledSlots(case_, data_.truth.truth.snapshots);
  const std::vector<float> result = FilledSlots(case_, snapshots);
  const std::vector<float> recurrent = FilledSlots(case_, data_.truth.recurrent.snapshots);
  Judge(label, "snapshots", DataType::kFloat32, {truth, result, recurrent, std::nullopt},
        StateHeads(truth.size()), report);
}

void CheckContext::Judge(std::string_view label, std::string_view tensor, DataType type,
                         const Judged& judged, const std::vector<int64_t>& heads, Report report) {
  const std::span<const double> truth = judged.truth;
  const std::span<const float> result = judged.result;
  const std::string name = Labelled(tensor, label);
  if (result.size() != truth.size()) {
    AddInvalid(name,
               fmt::format("{} elements against {} of the truth", result.size(), truth.size()));
    return;
  }
  const PassLimits limits = Limits(type);
  const bool all_figures = report == Report::kYes && options_.figures == Figures::kAll;
  const UlpRanks ulp_ranks = all_figures ? UlpRanks::kYes : UlpRanks::kNo;
  const ComparisonOptions options{type, limits.elements, heads, ulp_ranks};
  const TensorComparison compared = CompareTensors(truth, result, options);
  const auto compare_references = [&] {
    std::vector<TensorComparison> figures = {
        CompareTensors(judged.truth, judged.recurrent, options)};
    if (judged.chunked) {
      figures.push_back(CompareTensors(judged.truth, *judged.chunked, options));
    }
    return figures;
  };
  const std::vector<TensorComparison>& references = data_.derived->reference_figures.Get(
      fmt::format("{}, ranks {}", tensor, static_cast<int>(ulp_ranks)), compare_references);
  const NonFiniteTruth non_finite_truth =
      case_.state == StateRegime::kNonFinite ? NonFiniteTruth::kExpected : NonFiniteTruth::kInvalid;
  for (Finding& finding : JudgeTensor(name, compared, references, limits, non_finite_truth)) {
    Add(std::move(finding));
  }
  if (report == Report::kYes) {
    outcome_.tensors.push_back({name, compared, references.front(), references.back(),
                                all_figures ? DigestOf(result) : TensorDigest{}});
  }
}

PassLimits CheckContext::Limits(DataType type) const {
  return options_.limits == LimitsOf::kFusedKernel ? FusedKernelLimits(type, case_.qk_norm)
                                                   : AnyKernelLimits(type);
}

std::vector<int64_t> CheckContext::OutputHeads() const {
  const SequenceOffsets offsets(case_);
  std::vector<int64_t> begins = {0};
  for (int64_t s = 0; s < offsets.NumSequences(); ++s) {
    const int64_t head_size = offsets.Length(s) * case_.value_dim;
    if (head_size < kFewElements) return {};
    for (int64_t h = 0; h < case_.value_heads; ++h) begins.push_back(begins.back() + head_size);
  }
  return begins;
}

std::vector<int64_t> CheckContext::StateHeads(size_t elements) const {
  const int64_t head_size = case_.key_dim * case_.value_dim;
  if (head_size < kFewElements) return {};
  std::vector<int64_t> begins;
  for (int64_t i = 0; i <= static_cast<int64_t>(elements); i += head_size) begins.push_back(i);
  return begins;
}

void CheckContext::ExpectClose(std::string_view label, std::span<const float> expected,
                               std::span<const float> found, DataType type) {
  if (expected.empty() && found.empty()) return;
  if (expected.size() != found.size()) {
    return AddInvalid(label, fmt::format("{} elements against {}", found.size(), expected.size()));
  }
  const double limit = 2 * Limits(type).ceiling;
  const std::vector<double> truth(expected.begin(), expected.end());
  const TensorComparison compared = CompareTensors(truth, found, {type, {}, {}, UlpRanks::kNo});
  const bool ok = compared.rel_rmse <= limit && compared.non_finite_mismatches == 0;
  Add({Rule::kCeiling, std::string(label), ok ? Verdict::kPassed : Verdict::kFailed,
       compared.rel_rmse, limit,
       ok ? "" : fmt::format("largest difference at element {}", compared.max_abs_error_index)});
}

void CheckContext::ExpectSameBits(std::string_view label, std::span<const float> expected,
                                  std::span<const float> found) {
  if (expected.empty() && found.empty()) return;  // equal, but that says nothing
  Finding finding{Rule::kRepeatable, std::string(label), Verdict::kPassed, 0, 0, ""};
  if (expected.size() != found.size()) {
    finding.verdict = Verdict::kInvalid;
    finding.detail = fmt::format("{} elements against {}", found.size(), expected.size());
  }
  for (size_t i = 0; i < expected.size() && finding.verdict != Verdict::kInvalid; ++i) {
    if (std::bit_cast<uint32_t>(expected[i]) == std::bit_cast<uint32_t>(found[i])) continue;
    if (finding.observed == 0) {
      finding.verdict = Verdict::kFailed;
      finding.detail =
          fmt::format("elements differ, first at {}: {} against {}", i, found[i], expected[i]);
    }
    finding.observed += 1;
  }
  Add(std::move(finding));
}

void CheckContext::ExpectSameBits(std::string_view label, const KernelResult& expected,
                                  const KernelResult& found) {
  ExpectSameBits(Labelled("output", label), expected.output, found.output);
  ExpectSameBits(Labelled("state", label), expected.final_state, found.final_state);
  if (!expected.snapshots.empty()) {
    ExpectSameBits(Labelled("snapshots", label), expected.snapshots, found.snapshots);
  }
}

void CheckContext::AddInvalid(std::string_view label, std::string detail) {
  Add({Rule::kNotVacuous, std::string(label), Verdict::kInvalid, 0, 0, std::move(detail)});
}

void CheckContext::Conclude() {
  // Intact guards alone say nothing about a result.
  const bool compared =
      std::any_of(outcome_.findings.begin(), outcome_.findings.end(),
                  [](const Finding& finding) { return finding.rule != Rule::kGuards; });
  if (!compared) AddInvalid(NameOf(case_.check), "nothing was compared");
  outcome_.verdict = WorstOf(outcome_.findings);
  if (outcome_.verdict == Verdict::kPassed) return;
  for (const Finding& finding : outcome_.findings) {
    if (finding.verdict != outcome_.verdict) continue;
    outcome_.reason = finding.Message();
    return;
  }
}

}  // namespace deltagauge
