#include "harness/bench/bench_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace deltagauge {
namespace {

std::string Number(Quantity quantity, double value) {
  return quantity == Quantity::kPercent ? fmt::format("{:.1f}", value)
                                        : fmt::format("{:.3f}", value);
}

const char* Unit(Quantity quantity) { return quantity == Quantity::kPercent ? "%" : "x"; }

std::string VerdictWord(const Comparison& comparison, Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return comparison.target.has_value() ? "met" : "-";
    case Verdict::kFailed:
      return "missed";
    case Verdict::kInconclusive:
      return "undecided";
    default:
      return std::string(VerdictName(verdict));
  }
}

bool HasEstimate(Verdict verdict) {
  return verdict == Verdict::kPassed || verdict == Verdict::kFailed ||
         verdict == Verdict::kInconclusive;
}

}  // namespace

std::string RenderTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size(), 3);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& row) {
    text += "|";
    for (size_t i = 0; i < row.size(); ++i) text += fmt::format(" {:<{}} |", row[i], widths[i]);
    text += "\n";
  };
  for (const auto& row : rows) {
    add_line(row);
    if (&row != &rows.front()) continue;
    std::vector<std::string> rule;
    for (const size_t width : widths) rule.emplace_back(width, '-');
    add_line(rule);
  }
  return text;
}

std::vector<std::string> ComparisonHead() {
  return {"what", "target", "measured", "interval", "noise", "verdict", "times, limits"};
}

std::vector<std::string> ComparisonRow(const Comparison& comparison,
                                       const ComparisonResult& result) {
  const Quantity q = comparison.quantity;
  const Estimate& e = result.estimate;
  std::vector<std::string> row = {
      comparison.what, comparison.target.has_value() ? DescribeTarget(q, *comparison.target) : "-"};
  if (HasEstimate(result.verdict)) {
    row.push_back(fmt::format("{} {}", Number(q, e.point), Unit(q)));
    row.push_back(fmt::format("{} to {}", Number(q, e.low), Number(q, e.high)));
    row.push_back(fmt::format("{:.1f} %", 100 * e.noise));
  } else {
    row.insert(row.end(), 3, "-");
  }
  row.push_back(VerdictWord(comparison, result.verdict));
  row.push_back(result.reason.empty() ? result.note : result.reason);
  return row;
}

std::string CountVerdicts(std::span<const Comparison> comparisons,
                          std::span<const ComparisonResult> results) {
  int met = 0, missed = 0, undecided = 0, invalid = 0, skipped = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    switch (results[i].verdict) {
      case Verdict::kPassed:
        if (comparisons[i].target.has_value()) ++met;
        break;
      case Verdict::kFailed:
        ++missed;
        break;
      case Verdict::kInconclusive:
        ++undecided;
        break;
      case Verdict::kSkipped:
        ++skipped;
        break;
      default:
        ++invalid;
    }
  }
  return fmt::format("met {}, missed {}, undecided {}, invalid {}, skipped {}", met, missed,
                     undecided, invalid, skipped);
}

ExitCode BenchExitCode(std::span<const Verdict> verdicts) {
  ExitCode code = kExitPass;
  for (const Verdict verdict : verdicts) {
    if (verdict == Verdict::kError) return kExitInternal;
    if (verdict == Verdict::kInvalid) code = kExitInvalid;
  }
  return code;
}

}  // namespace deltagauge
