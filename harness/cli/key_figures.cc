#include "harness/cli/key_figures.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "harness/report/report_metrics.h"

namespace deltagauge {
namespace {

constexpr std::string_view kRow = "{:<11}{}\n";

bool Ran(const CaseReport& c) { return c.status != Verdict::kSkipped; }

std::string Count(size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Worst error of output and state by type, with the float32 references' own.
std::string KernelRows(const Report& report, std::string_view kind) {
  size_t cases = 0;
  struct Worst {
    std::string dtype;
    double error = 0;
    double reference = 0;
  };
  std::vector<Worst> worst;
  for (const CaseReport& c : report.cases) {
    if (c.kind != kind || !Ran(c) || !c.correctness) continue;
    ++cases;
    for (const TensorResult& tensor : c.correctness->tensors) {
      auto found = std::find_if(worst.begin(), worst.end(),
                                [&](const Worst& w) { return w.dtype == tensor.dtype; });
      if (found == worst.end()) found = worst.insert(worst.end(), {tensor.dtype, 0, 0});
      if (!(tensor.result.rel_rmse <= found->error)) found->error = tensor.result.rel_rmse;
      found->reference = std::max(found->reference, tensor.reference_rel_rmse);
    }
  }
  if (cases == 0) return "";
  std::string text = Count(cases, "case");
  for (const Worst& w : worst) {
    text += fmt::format("; {} error {:.2g} (references {:.2g})", w.dtype, w.error, w.reference);
  }
  return fmt::format(kRow, kind, text);
}

std::string DriftRow(const CaseReport& c) {
  if (!c.drift || !c.drift->baseline) return "";
  const LogitDrift& drift = *c.drift->baseline;
  std::string text = fmt::format("{}, {}: max {:.2g}, KL {:.2g} nat", c.params.at("text"),
                                 c.params.at("dtype"), drift.raw.max_abs, drift.kl.mean);
  if (c.drift->truth && c.drift->baseline_to_truth) {
    text += fmt::format("; from fp64 {:.2g} (baseline {:.2g})", c.drift->truth->raw.max_abs,
                        c.drift->baseline_to_truth->raw.max_abs);
  }
  return fmt::format(kRow, "drift", text);
}

std::string AgreementRow(const CaseReport& c) {
  if (!c.agreement) return "";
  const Agreement& agreement = *c.agreement;
  return fmt::format(kRow, "agreement",
                     fmt::format("{}, {}: {} of {} next tokens, {} flipped ties, {} mismatches",
                                 c.params.at("text"), c.params.at("dtype"), agreement.agree,
                                 agreement.rows.usable, agreement.tie_flip, agreement.mismatch));
}

std::string GreedyRow(const CaseReport& c) {
  if (!c.greedy) return "";
  const GreedySummary& summary = c.greedy->summary;
  const auto text = c.params.find("text");
  return fmt::format(
      kRow, "greedy",
      fmt::format("{}, {}: {} of {} continuations identical, {} parted at a tie, {} diverged",
                  text == c.params.end() ? "a prompt" : text->second, c.params.at("dtype"),
                  summary.identical, summary.prompts, summary.tie_break, summary.diverged));
}

std::string SpeedRow(const CaseReport& c) {
  if (!c.performance || c.performance->n == 0) return "";
  const TimingResult& timing = *c.performance;
  const std::string& threads = c.params.at("threads");
  std::string text = fmt::format(
      "{} {}, {}, {} thread{}: {:.2f} x ({:.2f} to {:.2f}), noise {:.1f} %", c.kind,
      c.kind == "decode" ? "after " + c.params.at("context")
                         : "of " + c.params.at("tokens") + " tokens",
      c.params.at("dtype"), threads, threads == "1" ? "" : "s", timing.speedup.point,
      timing.speedup.ci_lo, timing.speedup.ci_hi, 100 * std::expm1(timing.noise.aa_floor));
  if (timing.peak_share) text += fmt::format(", {:.0f} % of peak", 100 * *timing.peak_share);
  return fmt::format(kRow, "speedup", text);
}

std::string FiguresOfOne(const Report& report) {
  std::string text = KernelRows(report, "kernel") + KernelRows(report, "captured");
  for (const CaseReport& c : report.cases) {
    if (Ran(c)) text += DriftRow(c) + AgreementRow(c) + GreedyRow(c);
  }
  size_t invariances = 0;
  double largest = 0;
  for (const CaseReport& c : report.cases) {
    if (!Ran(c) || !c.invariance) continue;
    for (const InvarianceComparison& comparison : c.invariance->comparisons) {
      ++invariances;
      if (!(comparison.max_abs <= largest)) largest = comparison.max_abs;
    }
  }
  if (invariances > 0) {
    text += fmt::format(kRow, "invariance",
                        fmt::format("{}; logits differ by at most {:.2g}",
                                    Count(invariances, "comparison"), largest));
  }
  for (const CaseReport& c : report.cases) {
    if (Ran(c)) text += SpeedRow(c);
  }
  return text;
}

}  // namespace

std::string FormatKeyFigures(const Report& report) {
  std::vector<Report> parts;  // with the cases of a candidate each
  std::vector<std::string> names;
  for (const CaseReport& c : report.cases) {
    const auto known = std::find(names.begin(), names.end(), c.candidate);
    const auto index = static_cast<size_t>(known - names.begin());
    if (known == names.end()) {
      names.push_back(c.candidate);
      parts.emplace_back();
    }
    parts[index].cases.push_back(c);
  }
  if (parts.size() == 1) return FiguresOfOne(parts[0]);
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string figures = FiguresOfOne(parts[i]);
    if (!figures.empty()) text += fmt::format("-- {}\n{}", names[i], figures);
  }
  for (const ArmReport& arm : report.arms) {
    if (arm.role == "baseline") text += fmt::format("-- against {}\n", arm.name);
  }
  return text;
}

}  // namespace deltagauge
