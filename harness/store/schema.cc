#include "harness/store/schema.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// {id}: a key that numbers itself. {text}: text in the order of its bytes. {keyed}: rows lie in the
// order of their primary key.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE machines(
  id {id}, fingerprint {text} NOT NULL UNIQUE, platform {text} NOT NULL, name {text} NOT NULL,
  cpu_model {text} NOT NULL, os {text} NOT NULL, threads BIGINT NOT NULL,
  memory_bytes BIGINT NOT NULL);
CREATE TABLE reports(
  id {id}, report_id {text} NOT NULL UNIQUE, run_id {text} NOT NULL, sha256 {text} NOT NULL,
  created_s BIGINT NOT NULL, received_s BIGINT NOT NULL, repo {text} NOT NULL,
  branch {text} NOT NULL, commit_sha {text} NOT NULL, base_sha {text} NOT NULL,
  pull_request {text} NOT NULL, dirty BIGINT NOT NULL, platform {text} NOT NULL,
  machine BIGINT NOT NULL REFERENCES machines(id), config {text} NOT NULL,
  config_sha256 {text} NOT NULL, verdict {text} NOT NULL, exit_code BIGINT NOT NULL,
  complete BIGINT NOT NULL, cases BIGINT NOT NULL, headline {text} NOT NULL,
  duration_s DOUBLE PRECISION, raw_bytes BIGINT NOT NULL);
CREATE INDEX reports_by_time ON reports(created_s, id);
CREATE INDEX reports_by_commit ON reports(commit_sha, created_s);
CREATE INDEX reports_by_branch ON reports(branch, created_s);
CREATE INDEX reports_by_machine ON reports(machine, created_s);
CREATE INDEX reports_by_place ON reports(branch, machine, config, created_s);
CREATE TABLE bodies(report BIGINT PRIMARY KEY REFERENCES reports(id), body BYTEA NOT NULL);
CREATE TABLE cases(id {id}, name {text} NOT NULL UNIQUE, kind {text} NOT NULL,
  candidate {text} NOT NULL);
CREATE TABLE series(
  id {id}, machine BIGINT NOT NULL REFERENCES machines(id),
  case_id BIGINT NOT NULL REFERENCES cases(id), metric {text} NOT NULL, unit {text} NOT NULL,
  direction {text} NOT NULL, UNIQUE(case_id, metric, machine));
CREATE INDEX series_by_metric ON series(metric, case_id);
CREATE TABLE metrics(
  series BIGINT NOT NULL, created_s BIGINT NOT NULL, report BIGINT NOT NULL,
  value DOUBLE PRECISION, ci_lo DOUBLE PRECISION, ci_hi DOUBLE PRECISION,
  noise DOUBLE PRECISION, verdict {text} NOT NULL,
  PRIMARY KEY(series, created_s, report)){keyed};
CREATE TABLE samples(
  report BIGINT NOT NULL, case_id BIGINT NOT NULL, arm {text} NOT NULL, created_s BIGINT NOT NULL,
  samples_ns BYTEA NOT NULL, PRIMARY KEY(report, case_id, arm)){keyed};
CREATE INDEX samples_by_time ON samples(created_s);
CREATE TABLE gates(
  report BIGINT NOT NULL, position BIGINT NOT NULL, gate {text} NOT NULL, metric {text} NOT NULL,
  concern {text} NOT NULL, verdict {text} NOT NULL, case_name {text} NOT NULL,
  threshold DOUBLE PRECISION, at_least BIGINT NOT NULL, observed DOUBLE PRECISION,
  ci_lo DOUBLE PRECISION, ci_hi DOUBLE PRECISION, noise DOUBLE PRECISION,
  margin DOUBLE PRECISION, reason {text} NOT NULL, PRIMARY KEY(report, position)){keyed};
CREATE TABLE heads(
  branch {text} NOT NULL, machine BIGINT NOT NULL, config {text} NOT NULL,
  created_s BIGINT NOT NULL, report BIGINT NOT NULL,
  PRIMARY KEY(branch, machine, config)){keyed};
CREATE INDEX heads_by_time ON heads(created_s);
CREATE TABLE latest(
  machine BIGINT NOT NULL, config {text} NOT NULL, created_s BIGINT NOT NULL,
  report BIGINT NOT NULL, PRIMARY KEY(machine, config)){keyed};
CREATE TABLE baselines(
  name {text} PRIMARY KEY, report BIGINT NOT NULL REFERENCES reports(id), author {text} NOT NULL,
  reason {text} NOT NULL, set_s BIGINT NOT NULL);
CREATE TABLE waivers(
  id {id}, target {text} NOT NULL, author {text} NOT NULL, reason {text} NOT NULL,
  until {text} NOT NULL, created_s BIGINT NOT NULL, withdrawn_s BIGINT);
CREATE TABLE annotations(
  id {id}, case_name {text} NOT NULL, metric {text} NOT NULL, machine {text} NOT NULL,
  branch {text} NOT NULL, commit_sha {text} NOT NULL, at_s BIGINT NOT NULL,
  kind {text} NOT NULL, author {text} NOT NULL, note {text} NOT NULL, created_s BIGINT NOT NULL);
CREATE INDEX annotations_by_time ON annotations(at_s);
CREATE TABLE runs(
  id {id}, task {text} NOT NULL UNIQUE, config {text} NOT NULL, overrides {text} NOT NULL,
  state {text} NOT NULL, created_s BIGINT NOT NULL, started_s BIGINT, ended_s BIGINT,
  report_id {text} NOT NULL, exit_code BIGINT, message {text} NOT NULL);
)sql";

// So that a list of what is rare is found in the index: 100,000 reports are read in 46 ms, their
// entries here in 6 ms.
constexpr std::string_view kVersion2 = R"sql(
DROP INDEX reports_by_time;
CREATE INDEX reports_by_time ON reports(created_s, id, verdict, config, platform);
)sql";

constexpr std::array<std::string_view, kStoreVersion> kSteps = {kVersion1, kVersion2};

void ReplaceAll(std::string* text, std::string_view what, std::string_view with) {
  for (size_t at = text->find(what); at != std::string::npos; at = text->find(what, at)) {
    text->replace(at, what.size(), with);
    at += with.size();
  }
}

std::string InDialect(std::string_view sql, SqlDialect dialect) {
  std::string text(sql);
  const bool is_sqlite = dialect == SqlDialect::kSqlite;
  ReplaceAll(
      &text, "{id}",
      is_sqlite ? "INTEGER PRIMARY KEY" : "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
  ReplaceAll(&text, "{text}", is_sqlite ? "TEXT" : "TEXT COLLATE \"C\"");
  ReplaceAll(&text, "{keyed}", is_sqlite ? " WITHOUT ROWID" : "");
  return text;
}

// Two programs that start at once on one PostgreSQL take their turns.
constexpr std::string_view kPostgresLock = "SELECT pg_advisory_xact_lock(7352849016)";

}  // namespace

void MigrateStore(Database* database) {
  Transaction transaction(database);
  if (database->dialect() == SqlDialect::kPostgres) database->Run(std::string(kPostgresLock));
  database->Run("CREATE TABLE IF NOT EXISTS deltagauge_store(version BIGINT NOT NULL)");
  const int64_t found = database->QueryInt("SELECT max(version) FROM deltagauge_store").value_or(0);
  if (found > kStoreVersion) {
    throw reference::InputError(
        "database",
        fmt::format("its schema is version {}; this program knows {}", found, kStoreVersion),
        "use the program that wrote it, or a later one");
  }
  for (int64_t version = found; version < kStoreVersion; ++version) {
    database->Run(InDialect(kSteps[static_cast<size_t>(version)], database->dialect()));
    database->Query("INSERT INTO deltagauge_store(version) VALUES($1)", {SqlValue(version + 1)});
  }
  transaction.Commit();
}

}  // namespace deltagauge
