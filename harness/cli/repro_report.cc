#include "harness/cli/repro_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>

#include "fmt/format.h"
#include "harness/base/thread_pool.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

constexpr int kMaxFindings = 12;

std::string FormatFindings(const CheckOutcome& outcome) {
  std::string text;
  std::map<Rule, int> passed;
  int shown = 0;
  int left_out = 0;
  for (const Finding& finding : outcome.findings) {
    if (finding.verdict == Verdict::kPassed) {
      ++passed[finding.rule];
    } else if (shown < kMaxFindings) {
      text += fmt::format("  {}\n    {}\n", finding.Message(), InfoOf(finding.rule).reason);
      ++shown;
    } else {
      ++left_out;
    }
  }
  if (left_out > 0) text += fmt::format("  and {} more\n", left_out);
  for (const auto& [rule, count] : passed) {
    text +=
        fmt::format("  {} passed {} times: {}\n", InfoOf(rule).id, count, InfoOf(rule).statement);
  }
  return text;
}

std::string FormatTensor(const TensorReport& tensor) {
  std::string text = fmt::format("{:<26}{:>14}{:>14}{:>14}\n", tensor.name, "kernel",
                                 "recurrent f32", "chunked f32");
  const std::array<const TensorComparison*, 3> arms = {&tensor.result, &tensor.recurrent,
                                                       &tensor.chunked};
  const auto row = [&](const char* name, const auto& cell) {
    text += fmt::format("  {:<24}", name);
    for (const TensorComparison* arm : arms) text += fmt::format("{:>14}", cell(*arm));
    text += '\n';
  };
  // An arm that is NaN where the truth is not has no error to speak of.
  const auto error_row = [&](const char* name, const auto& error) {
    row(name, [&](const TensorComparison& c) {
      return c.non_finite_mismatches > 0 ? "-" : fmt::format("{:.3g}", error(c));
    });
  };
  using Tensor = TensorComparison;
  error_row("relative RMS error", [](const Tensor& c) { return c.rel_rmse; });
  error_row("  of the worst head", [](const Tensor& c) { return c.worst_group_rel_rmse; });
  error_row("NMSE", [](const Tensor& c) { return c.nmse; });
  error_row("SNR, dB", [](const Tensor& c) { return -10 * std::log10(c.nmse); });
  error_row("largest absolute error", [](const Tensor& c) { return c.max_abs_error; });
  row("  at element", [](const Tensor& c) { return fmt::format("{}", c.max_abs_error_index); });
  error_row("ULP, median", [](const Tensor& c) { return c.ulp_p50; });
  error_row("ULP, 99 %", [](const Tensor& c) { return c.ulp_p99; });
  error_row("ULP, largest", [](const Tensor& c) { return c.ulp_max; });
  row("outside the tolerance", [](const Tensor& c) { return fmt::format("{}", c.violations); });
  row("NaN and Inf out of place",
      [](const Tensor& c) { return fmt::format("{}", c.non_finite_mismatches); });
  row("denormals", [](const Tensor& c) { return fmt::format("{}", c.denormal_count); });
  row("zeros", [](const Tensor& c) { return fmt::format("{}", c.zero_count); });
  return text;
}

// The columns around an element, each arm beside the truth.
std::string FormatNeighbours(const std::vector<double>& truth, const std::vector<float>& kernel,
                             const std::vector<float>& recurrent, const std::vector<float>& chunked,
                             int64_t index, int64_t row_size) {
  const int64_t row_begin = index / row_size * row_size;
  const int64_t begin = std::max(row_begin, index - 2);
  const int64_t end = std::min(row_begin + row_size, index + 3);
  std::string text = fmt::format("  {:>9}{:>22}{:>17}{:>11}{:>17}{:>17}\n", "column", "truth",
                                 "kernel", "error", "recurrent f32", "chunked f32");
  for (int64_t i = begin; i < end; ++i) {
    const auto at = static_cast<size_t>(i);
    text += fmt::format("{} {:>9}{:>22.14g}{:>17.9g}{:>11.2e}{:>17.9g}{:>17.9g}\n",
                        i == index ? '>' : ' ', i - row_begin, truth[at], kernel[at],
                        double{kernel[at]} - truth[at], recurrent[at], chunked[at]);
  }
  return text;
}

// Which element a reader wants to see: one of the wrong kind, else the worst.
int64_t ElementToShow(const TensorComparison& compared) {
  if (compared.first_non_finite_mismatch >= 0) return compared.first_non_finite_mismatch;
  return compared.max_abs_error_index;
}

// Relative RMS error in four stretches of the tokens: an error that grows is a drift.
std::string FormatErrorOverTokens(const KernelCase& c, const std::vector<double>& truth,
                                  const std::vector<float>& output) {
  if (!c.lengths.empty() || c.tokens < 8) return "";
  std::array<double, 4> error{}, norm{};
  for (size_t i = 0; i < truth.size(); ++i) {
    const int64_t token = static_cast<int64_t>(i) / c.value_dim % c.tokens;
    const auto part = static_cast<size_t>(token * 4 / c.tokens);
    const double difference = double{output[i]} - truth[i];
    error[part] += difference * difference;
    norm[part] += truth[i] * truth[i];
  }
  std::string text = "  relative RMS error by quarter of the tokens:";
  for (size_t part = 0; part < 4; ++part) {
    text += fmt::format(" {:.3g}", norm[part] == 0 ? 0.0 : std::sqrt(error[part] / norm[part]));
  }
  return text + "\n";
}

// Only states of sequences with tokens were compared.
int64_t AmongAllStates(const KernelCase& c, int64_t index) {
  const int64_t size = c.value_heads * c.key_dim * c.value_dim;
  int64_t s = 0;
  for (int64_t skip = index / size; skip > 0 || c.LengthOf(s) == 0; ++s) {
    if (c.LengthOf(s) > 0) --skip;
  }
  return s * size + index % size;
}

std::string FormatNumbers(const CheckOutcome& outcome, const CaseData& data,
                          KernelFunction kernel) {
  const KernelCase& c = outcome.kernel_case;
  ThreadPool threads(c.threads);
  if (!c.target.empty() && !ForceTarget(c.target).ok()) return "";
  const KernelResult result = CallKernel(kernel, c, data.inputs, threads);
  if (!c.target.empty()) ResetTargets();
  const CaseTruth& t = data.truth;
  std::string text;
  for (const TensorReport& tensor : outcome.tensors) {
    text += '\n';
    text += FormatTensor(tensor);
    int64_t index = ElementToShow(tensor.result);
    if (index < 0) continue;
    if (tensor.name == "output") {
      text += fmt::format("  worst: {}\n", PlaceOfOutput(c, index));
      text += FormatNeighbours(t.truth.output, result.output, t.recurrent.output, t.chunked.output,
                               index, c.value_dim);
      text += FormatErrorOverTokens(c, t.truth.output, result.output);
    } else if (tensor.name == "state") {
      index = AmongAllStates(c, index);
      text += fmt::format("  worst: {}\n", PlaceOfState(c, index));
      text += FormatNeighbours(t.truth.final_state, result.final_state, t.recurrent.final_state,
                               t.chunked.final_state, index, c.value_dim);
    }
  }
  return text;
}

}  // namespace

std::string PlaceOfOutput(const KernelCase& kernel_case, int64_t index) {
  const SequenceOffsets offsets(kernel_case);
  const int64_t row = index / kernel_case.value_dim;
  for (int64_t s = 0; s < offsets.NumSequences(); ++s) {
    const int64_t begin = offsets.Row(s, kernel_case.value_heads, 0, 0);
    const int64_t rows = kernel_case.value_heads * offsets.Length(s);
    if (row < begin || row >= begin + rows) continue;
    return fmt::format("sequence {}, head {}, token {}, column {}", s,
                       (row - begin) / offsets.Length(s), (row - begin) % offsets.Length(s),
                       index % kernel_case.value_dim);
  }
  return "nowhere";
}

std::string PlaceOfState(const KernelCase& kernel_case, int64_t index) {
  const KernelCase& c = kernel_case;
  const int64_t row = index / c.value_dim;
  const int64_t head = row / c.key_dim;
  return fmt::format("sequence {}, head {}, key row {}, column {}", head / c.value_heads,
                     head % c.value_heads, row % c.key_dim, index % c.value_dim);
}

std::string FormatRepro(const CheckOutcome& outcome, const CaseData& data, KernelFunction kernel) {
  std::string text =
      fmt::format("{}\n  inputs {:016x}, ran on {}\n", PrintCase(outcome.kernel_case),
                  HashInputs(data.inputs), outcome.target.empty() ? "nothing" : outcome.target);
  text += FormatFindings(outcome);
  if (outcome.kernel_case.check == CheckKind::kAccuracy) {
    text += FormatNumbers(outcome, data, kernel);
  }
  text += fmt::format("\n{}{}{}\n", VerdictName(outcome.verdict),
                      outcome.reason.empty() ? "" : ": ", outcome.reason);
  return text;
}

}  // namespace deltagauge
