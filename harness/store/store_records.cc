#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

constexpr const char* kBaselineColumns =
    "SELECT b.name, r.report_id, b.author, b.reason, b.set_s FROM baselines b "
    "JOIN reports r ON r.id = b.report ";

Baseline ReadBaseline(const SqlRow& row) {
  return {row.String(0), row.String(1), row.String(2), row.String(3), row.Int(4)};
}

bool Changed(const std::string& sql, std::initializer_list<SqlValue> parameters,
             Database* database) {
  return database->QueryInt(sql, parameters).has_value();
}

}  // namespace

bool SetBaseline(const Baseline& baseline, Database* database) {
  return Changed(
      "INSERT INTO baselines(name, report, author, reason, set_s) "
      "SELECT $1, id, $3, $4, $5 FROM reports WHERE report_id = $2 "
      "ON CONFLICT(name) DO UPDATE SET report = excluded.report, author = excluded.author, "
      "reason = excluded.reason, set_s = excluded.set_s RETURNING report",
      {baseline.name, baseline.report_id, baseline.author, baseline.reason, baseline.set_s},
      database);
}

std::optional<Baseline> FindBaseline(std::string_view name, Database* database) {
  std::optional<Baseline> found;
  database->Query(std::string(kBaselineColumns) + "WHERE b.name = $1", {std::string(name)},
                  [&](const SqlRow& row) { found = ReadBaseline(row); });
  return found;
}

std::vector<Baseline> ListBaselines(Database* database) {
  std::vector<Baseline> baselines;
  database->Query(std::string(kBaselineColumns) + "ORDER BY b.set_s DESC, b.name", {},
                  [&](const SqlRow& row) { baselines.push_back(ReadBaseline(row)); });
  return baselines;
}

bool RemoveBaseline(std::string_view name, Database* database) {
  return Changed("DELETE FROM baselines WHERE name = $1 RETURNING report", {std::string(name)},
                 database);
}

int64_t AddWaiver(const KeptWaiver& waiver, Database* database) {
  return database
      ->QueryInt(
          "INSERT INTO waivers(target, author, reason, until, created_s) "
          "VALUES($1, $2, $3, $4, $5) RETURNING id",
          {waiver.target, waiver.author, waiver.reason, waiver.until, waiver.created_s})
      .value();
}

std::vector<KeptWaiver> ListWaivers(Database* database) {
  std::vector<KeptWaiver> waivers;
  database->Query(
      "SELECT id, target, author, reason, until, created_s, withdrawn_s FROM waivers "
      "ORDER BY id DESC",
      {}, [&](const SqlRow& row) {
        waivers.push_back({row.Int(0), row.String(1), row.String(2), row.String(3), row.String(4),
                           row.Int(5), row.IsNull(6) ? std::nullopt : std::optional(row.Int(6))});
      });
  return waivers;
}

bool WithdrawWaiver(int64_t id, int64_t now_s, Database* database) {
  return Changed(
      "UPDATE waivers SET withdrawn_s = $2 WHERE id = $1 AND withdrawn_s IS NULL RETURNING id",
      {id, now_s}, database);
}

int64_t AddAnnotation(const Annotation& annotation, Database* database) {
  return database
      ->QueryInt(
          "INSERT INTO annotations(case_name, metric, machine, branch, commit_sha, at_s, kind, "
          "author, note, created_s) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
          {annotation.case_name, annotation.metric, annotation.machine, annotation.branch,
           annotation.commit, annotation.at_s, annotation.kind, annotation.author, annotation.note,
           annotation.created_s})
      .value();
}

bool RemoveAnnotation(int64_t id, Database* database) {
  return Changed("DELETE FROM annotations WHERE id = $1 RETURNING id", {id}, database);
}

std::vector<Annotation> ListAnnotations(const AnnotationFilter& filter, Database* database) {
  std::vector<Annotation> annotations;
  // A remark that names nothing is about everything; a question that names nothing asks for all.
  database->Query(
      "SELECT id, case_name, metric, machine, branch, commit_sha, at_s, kind, author, note, "
      "created_s FROM annotations WHERE (case_name = '' OR $1 = '' OR case_name = $1) "
      "AND (metric = '' OR $2 = '' OR metric = $2) AND (machine = '' OR $3 = '' OR machine = $3) "
      "AND (branch = '' OR $4 = '' OR branch = $4) ORDER BY at_s DESC, id DESC LIMIT $5",
      {filter.case_name, filter.metric, filter.machine, filter.branch, int64_t{filter.limit}},
      [&](const SqlRow& row) {
        annotations.push_back({row.Int(0), row.String(1), row.String(2), row.String(3),
                               row.String(4), row.String(5), row.Int(6), row.String(7),
                               row.String(8), row.String(9), row.Int(10)});
      });
  return annotations;
}

}  // namespace deltagauge
