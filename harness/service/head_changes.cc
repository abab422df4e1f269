#include "harness/service/head_changes.h"

#include "harness/report/compare.h"
#include "harness/service/report_choice.h"
#include "reference/input_error.h"
#include "spdlog/spdlog.h"

namespace deltagauge {
namespace {

std::optional<HeadChange> Compared(const ReportRow& base, const ReportRow& head,
                                   Database* database) {
  try {
    const ReportComparison comparison =
        CompareReports(LoadReport(base, database), LoadReport(head, database), {});
    HeadChange change = {base.report_id, 0, ""};
    for (const CaseChange& of : comparison.cases) {
      if (of.change != Change::kWorse) continue;
      if (change.worse++ == 0) change.first = of.id + ": " + of.reason;
    }
    return change;
  } catch (const reference::InputError& error) {
    spdlog::warn("{} against {}: {}", head.report_id, base.report_id, error.what());
    return std::nullopt;
  }
}

}  // namespace

std::optional<ReportRow> ReportBefore(const ReportRow& report, Database* database) {
  if (report.branch.empty()) return std::nullopt;  // an empty filter would mean any branch
  ReportFilter filter;
  filter.branch = report.branch;
  filter.machine = report.machine.fingerprint;
  filter.config = report.config;
  filter.after = PageMark{report.created_s, report.id};
  filter.limit = 1;
  auto rows = ListReports(filter, database);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

std::optional<HeadChange> HeadChanges::Of(const ReportRow& head, Database* database) {
  const auto base = ReportBefore(head, database);
  if (!base) return std::nullopt;
  const std::pair key(base->id, head.id);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
  }
  auto change = Compared(*base, head, database);
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kMaxKept) kept_.clear();
  kept_.emplace(key, change);
  return change;
}

}  // namespace deltagauge
