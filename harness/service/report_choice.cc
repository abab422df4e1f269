#include "harness/service/report_choice.h"

#include <optional>

#include "fmt/format.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "harness/service/api_json.h"
#include "harness/service/foreign_report.h"
#include "harness/service/http.h"
#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

std::optional<ReportRow> Newest(ReportFilter filter, const ChoiceHints& hints, Database* database) {
  filter.machine = hints.machine;
  filter.config = hints.config;
  filter.limit = 1;
  const auto found = ListReports(filter, database);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

bool IsCommit(std::string_view text) {
  return text.size() >= 7 && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<ReportRow> Find(std::string_view text, const ChoiceHints& hints, Database* database) {
  if (const auto found = FindReport(text, database)) return found;
  if (const auto baseline = FindBaseline(text, database)) {
    return FindReport(baseline->report_id, database);
  }
  if (IsCommit(text)) {
    ReportFilter filter;
    filter.commit = text;
    if (const auto found = Newest(filter, hints, database)) return found;
  }
  ReportFilter filter;
  filter.branch = text;
  return text.empty() ? std::nullopt : Newest(filter, hints, database);
}

}  // namespace

ReportRow ChooseReport(std::string_view text, const ChoiceHints& hints, Database* database) {
  const std::string clean = WithoutNul(text);
  if (const auto found = Find(clean, hints, database)) return *found;
  throw HttpError(404, "no_such_report", fmt::format("no report is called '{}'", clean),
                  "give the id of a report, a baseline, a commit of at least 7 digits or a branch");
}

ReportPair ChoosePair(std::string_view base, std::string_view head, const ChoiceHints& hints,
                      Database* database) {
  ReportPair pair;
  pair.head = ChooseReport(head, hints, database);
  const ChoiceHints same = {pair.head.machine.fingerprint, pair.head.config};
  const auto found = Find(WithoutNul(base), same, database);
  pair.base = found ? *found : ChooseReport(base, hints, database);
  return pair;
}

Report LoadReport(const ReportRow& row, Database* database) {
  const auto text = ReadBody(row.id, database);
  if (!text) throw DatabaseError(DatabaseError::Kind::kBroken, "a report lost its JSON");
  if (IsOwnReport(*text)) return ReadReport(*text, row.report_id);
  return ReadForeignReport(*text, row.report_id, ContextOf(row));
}

Json MachineRowJson(const MachineRow& machine) {
  return Json::MakeObject({{"fingerprint", machine.fingerprint},
                           {"platform", machine.platform},
                           {"name", machine.name},
                           {"cpu_model", machine.cpu_model},
                           {"os", machine.os},
                           {"threads", machine.threads},
                           {"memory_bytes", machine.memory_bytes}});
}

Json ReportRowJson(const ReportRow& row) {
  return Json::MakeObject({{"report_id", row.report_id},
                           {"run_id", row.run_id},
                           {"sha256", row.sha256},
                           {"created_at", FormatUtc(row.created_s)},
                           {"received_at", FormatUtc(row.received_s)},
                           {"repo", row.repo},
                           {"branch", row.branch},
                           {"commit", row.commit},
                           {"base_commit", row.base_commit},
                           {"pull_request", row.pull_request},
                           {"dirty", row.dirty},
                           {"platform", row.platform},
                           {"machine", MachineRowJson(row.machine)},
                           {"config", row.config},
                           {"config_sha256", row.config_sha256},
                           {"verdict", row.verdict},
                           {"exit_code", row.exit_code},
                           {"complete", row.complete},
                           {"cases", row.cases},
                           {"headline", row.headline},
                           {"duration_s", OptionalJson(row.duration_s)},
                           {"bytes", row.raw_bytes}});
}

}  // namespace deltagauge
