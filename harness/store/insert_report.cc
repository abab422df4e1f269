#include "harness/store/insert_report.h"

#include <cmath>
#include <cstring>

namespace deltagauge {
namespace {

constexpr size_t kMaxKnownKeys = 200'000;

// NaN has no place in a column that is ordered and compared.
SqlValue Number(double value) { return std::isnan(value) ? SqlValue() : SqlValue(value); }
SqlValue Number(const std::optional<double>& value) { return value ? Number(*value) : SqlValue(); }

// `key` is what `select` asks for, `row` what `insert` adds.
int64_t KeyOf(Database* database, const std::string& select, std::initializer_list<SqlValue> key,
              const std::string& insert, std::initializer_list<SqlValue> row) {
  if (const auto id = database->QueryInt(select, key)) return *id;
  if (const auto id = database->QueryInt(insert, row)) return *id;
  return database->QueryInt(select, key).value();  // another service was first
}

int64_t MachineKey(const MachineRow& machine, Database* database, KnownKeys* known) {
  const auto found = known->machines.find(machine.fingerprint);
  if (found != known->machines.end()) return found->second;
  const int64_t id = KeyOf(
      database, "SELECT id FROM machines WHERE fingerprint = $1", {machine.fingerprint},
      "INSERT INTO machines(fingerprint, platform, name, cpu_model, os, threads, memory_bytes) "
      "VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(fingerprint) DO NOTHING RETURNING id",
      {machine.fingerprint, machine.platform, machine.name, machine.cpu_model, machine.os,
       machine.threads, machine.memory_bytes});
  known->machines.emplace(machine.fingerprint, id);
  return id;
}

int64_t CaseKey(const CaseRow& row, Database* database, KnownKeys* known) {
  const auto found = known->cases.find(row.name);
  if (found != known->cases.end()) return found->second;
  const int64_t id = KeyOf(database, "SELECT id FROM cases WHERE name = $1", {row.name},
                           "INSERT INTO cases(name, kind, candidate) VALUES($1, $2, $3) "
                           "ON CONFLICT(name) DO NOTHING RETURNING id",
                           {row.name, row.kind, row.candidate});
  known->cases.emplace(row.name, id);
  return id;
}

int64_t SeriesKey(int64_t case_id, int64_t machine, const Metric& metric, Database* database,
                  KnownKeys* known) {
  const auto found = known->series.find(std::tie(case_id, machine, metric.name));
  if (found != known->series.end()) return found->second;
  const int64_t id = KeyOf(
      database, "SELECT id FROM series WHERE case_id = $1 AND machine = $2 AND metric = $3",
      {case_id, machine, metric.name},
      "INSERT INTO series(case_id, machine, metric, unit, direction) "
      "VALUES($1, $2, $3, $4, $5) ON CONFLICT(case_id, metric, machine) DO NOTHING "
      "RETURNING id",
      {case_id, machine, metric.name, metric.unit, std::string(DirectionName(metric.direction))});
  known->series.emplace(std::tuple(case_id, machine, metric.name), id);
  return id;
}

std::string LittleEndian(const std::vector<double>& values) {
  std::string bytes;
  bytes.reserve(values.size() * 8);
  for (const double value : values) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(bits >> (8 * i) & 0xff);
  }
  return bytes;
}

int64_t InsertHead(const ReportRow& row, int64_t machine, int64_t received_s, Database* database) {
  return database
      ->QueryInt(
          "INSERT INTO reports(report_id, run_id, sha256, created_s, received_s, repo, branch, "
          "commit_sha, base_sha, pull_request, dirty, platform, machine, config, config_sha256, "
          "verdict, exit_code, complete, cases, headline, duration_s, raw_bytes) VALUES($1, $2, "
          "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
          "$21, $22) RETURNING id",
          {row.report_id,    row.run_id,         row.sha256,
           row.created_s,    received_s,         row.repo,
           row.branch,       row.commit,         row.base_commit,
           row.pull_request, int64_t{row.dirty}, row.platform,
           machine,          row.config,         row.config_sha256,
           row.verdict,      row.exit_code,      int64_t{row.complete},
           row.cases,        row.headline,       Number(row.duration_s),
           row.raw_bytes})
      .value();
}

void InsertCase(const CaseRow& row, int64_t machine, int64_t report, int64_t created_s,
                Database* database, KnownKeys* known) {
  const int64_t case_id = CaseKey(row, database, known);
  for (const Metric& metric : row.metrics) {
    const int64_t series = SeriesKey(case_id, machine, metric, database, known);
    // A report that names a metric of a case twice says it once.
    database->Query(
        "INSERT INTO metrics(series, created_s, report, value, ci_lo, ci_hi, noise, verdict) "
        "VALUES($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        {series, created_s, report, Number(metric.value), Number(metric.ci_lo),
         Number(metric.ci_hi), Number(metric.floor), std::string(VerdictName(row.verdict))});
  }
  for (const SamplesRow& samples : row.samples) {
    if (samples.samples_ns.empty()) continue;
    database->Query(
        "INSERT INTO samples(report, case_id, arm, created_s, samples_ns) "
        "VALUES($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        {report, case_id, samples.arm, created_s, SqlBytes{LittleEndian(samples.samples_ns)}});
  }
}

void InsertGates(const ReportRows& rows, int64_t report, Database* database) {
  for (size_t i = 0; i < rows.gates.size(); ++i) {
    const GateResult& gate = rows.gates[i];
    database->Query(
        "INSERT INTO gates(report, position, gate, metric, concern, verdict, case_name, "
        "threshold, at_least, observed, ci_lo, ci_hi, noise, margin, reason) VALUES($1, $2, $3, "
        "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        {report, static_cast<int64_t>(i), WithoutNul(gate.id), WithoutNul(gate.metric),
         std::string(ConcernName(gate.concern)), std::string(VerdictName(gate.verdict)),
         WithoutNul(gate.case_id), Number(gate.threshold),
         int64_t{gate.op == GateOperator::kAtLeast}, Number(gate.observed), Number(gate.ci_lo),
         Number(gate.ci_hi), Number(gate.floor), Number(gate.margin), WithoutNul(gate.reason)});
  }
}

void UpdateNewest(const ReportRow& row, int64_t machine, int64_t report, Database* database) {
  database->Query(
      "INSERT INTO heads(branch, machine, config, created_s, report) VALUES($1, $2, $3, $4, $5) "
      "ON CONFLICT(branch, machine, config) DO UPDATE SET created_s = excluded.created_s, "
      "report = excluded.report WHERE excluded.created_s >= heads.created_s",
      {row.branch, machine, row.config, row.created_s, report});
  database->Query(
      "INSERT INTO latest(machine, config, created_s, report) VALUES($1, $2, $3, $4) "
      "ON CONFLICT(machine, config) DO UPDATE SET created_s = excluded.created_s, "
      "report = excluded.report WHERE excluded.created_s >= latest.created_s",
      {machine, row.config, row.created_s, report});
}

}  // namespace

void KnownKeys::ForgetIfLarge() {
  if (machines.size() + cases.size() + series.size() > kMaxKnownKeys) *this = {};
}

AddOutcome InsertReport(const ReportRows& rows, int64_t received_s, Database* database,
                        KnownKeys* known) {
  std::string sha256;
  database->Query("SELECT sha256 FROM reports WHERE report_id = $1", {rows.report.report_id},
                  [&](const SqlRow& row) { sha256 = row.String(0); });
  if (!sha256.empty()) {
    return sha256 == rows.report.sha256 ? AddOutcome::kThere : AddOutcome::kConflict;
  }
  std::vector<int64_t> machines;
  for (const MachineRow& machine : rows.machines) {
    machines.push_back(MachineKey(machine, database, known));
  }
  const int64_t report = InsertHead(rows.report, machines.front(), received_s, database);
  database->Query("INSERT INTO bodies(report, body) VALUES($1, $2)", {report, SqlBytes{rows.body}});
  for (const CaseRow& row : rows.cases) {
    InsertCase(row, machines[row.machine], report, rows.report.created_s, database, known);
  }
  InsertGates(rows, report, database);
  UpdateNewest(rows.report, machines.front(), report, database);
  return AddOutcome::kAdded;
}

}  // namespace deltagauge
