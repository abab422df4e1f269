#include "harness/cli/check_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace deltagauge {
namespace {

// Worst relative RMS error of one tensor over the cases of a group; negative: none measured.
struct WorstErrors {
  double kernel = -1;
  double references = -1;

  void Add(const TensorReport& tensor) {
    kernel = std::max(kernel, tensor.result.rel_rmse);
    for (const TensorComparison* reference : {&tensor.recurrent, &tensor.chunked}) {
      if (reference->non_finite_mismatches > 0) continue;
      references = std::max(references, reference->rel_rmse);
    }
  }
};

struct Row {
  std::string_view group;
  int cases = 0;
  WorstErrors output;
  WorstErrors state;
  Verdict verdict = Verdict::kSkipped;
};

std::string Error(double error) { return error < 0 ? "-" : fmt::format("{:.2e}", error); }

Row& RowOf(std::string_view group, std::vector<Row>& rows) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.group == group; });
  if (found != rows.end()) return *found;
  rows.push_back({group, 0, {}, {}, Verdict::kSkipped});
  return rows.back();
}

int Count(std::span<const GroupedOutcome> outcomes, Verdict verdict) {
  return static_cast<int>(std::count_if(
      outcomes.begin(), outcomes.end(),
      [&](const GroupedOutcome& grouped) { return grouped.outcome.verdict == verdict; }));
}

// A plug-in without bfloat16 has one thing to say of thirty cases.
std::map<std::string, std::vector<const GroupedOutcome*>> SkippedByReason(
    std::span<const GroupedOutcome> outcomes) {
  std::map<std::string, std::vector<const GroupedOutcome*>> skipped;
  for (const GroupedOutcome& grouped : outcomes) {
    if (grouped.outcome.verdict == Verdict::kSkipped) {
      skipped[grouped.outcome.reason].push_back(&grouped);
    }
  }
  return skipped;
}

}  // namespace

std::string FormatCheckTable(std::span<const GroupedOutcome> outcomes) {
  std::vector<Row> rows;
  for (const auto& [group, outcome] : outcomes) {
    Row& row = RowOf(group, rows);
    ++row.cases;
    row.verdict = Worse(row.verdict, outcome.verdict);
    for (const TensorReport& tensor : outcome.tensors) {
      (tensor.name == "output" ? row.output : row.state).Add(tensor);
    }
  }
  std::string table = fmt::format(
      "Worst relative RMS error against fp64; beside it, that of the float32 references\n"
      "{:<14}{:>6}{:>12}{:>12}{:>12}{:>12}  {}\n",
      "", "cases", "output", "(float32)", "state", "(float32)", "verdict");
  for (const Row& row : rows) {
    table +=
        fmt::format("{:<14}{:>6}{:>12}{:>12}{:>12}{:>12}  {}\n", row.group, row.cases,
                    Error(row.output.kernel), Error(row.output.references), Error(row.state.kernel),
                    Error(row.state.references), VerdictName(row.verdict));
  }
  return table;
}

std::string FormatProblems(std::span<const GroupedOutcome> outcomes, std::string_view command) {
  std::string text;
  const auto add_line = [&](const CheckOutcome& outcome) {
    text += fmt::format("  {} '{}'\n", command, PrintCase(outcome.kernel_case));
  };
  for (const auto& [group, outcome] : outcomes) {
    if (outcome.verdict == Verdict::kPassed || outcome.verdict == Verdict::kSkipped) continue;
    text += fmt::format("{} ({}): {}\n", VerdictName(outcome.verdict), group, outcome.reason);
    add_line(outcome);
  }
  for (const auto& [reason, skipped] : SkippedByReason(outcomes)) {
    text += skipped.size() == 1
                ? fmt::format("skipped ({}): {}\n", skipped.front()->group, reason)
                : fmt::format("skipped, {} cases: {}; the first:\n", skipped.size(), reason);
    add_line(skipped.front()->outcome);
  }
  return text;
}

std::string FormatVerdictLine(std::span<const GroupedOutcome> outcomes, double seconds) {
  std::set<std::string> targets;
  Verdict worst = Verdict::kSkipped;
  for (const auto& [group, outcome] : outcomes) {
    if (!outcome.target.empty()) targets.insert(outcome.target);
    worst = Worse(worst, outcome.verdict);
  }
  if (worst == Verdict::kSkipped) return "invalid: nothing was checked\n";
  const int passed = Count(outcomes, Verdict::kPassed);
  const int all = static_cast<int>(outcomes.size());
  std::string counts = passed == all ? fmt::format("all {} cases", all)
                                     : fmt::format("{} of {} cases passed", passed, all);
  for (const Verdict verdict : {Verdict::kFailed, Verdict::kInvalid, Verdict::kError,
                                Verdict::kInconclusive, Verdict::kSkipped}) {
    const int count = Count(outcomes, verdict);
    if (count > 0) counts += fmt::format(", {} {}", count, VerdictName(verdict));
  }
  return fmt::format("{}: {}, on {}, in {:.1f} s\n", VerdictName(worst), counts,
                     fmt::join(targets, ", "), seconds);
}

}  // namespace deltagauge
