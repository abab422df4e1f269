#include "harness/store/store_queries.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "harness/store/gzip.h"

namespace deltagauge {
namespace {

constexpr size_t kMaxBodyBytes = size_t{256} << 20;

// Columns of `reports r JOIN machines m`, in the order of ReadRow.
constexpr std::string_view kReportColumns =
    "r.id, r.report_id, r.run_id, r.sha256, r.created_s, r.received_s, r.repo, r.branch, "
    "r.commit_sha, r.base_sha, r.pull_request, r.dirty, r.platform, m.fingerprint, m.platform, "
    "m.name, m.cpu_model, m.os, m.threads, m.memory_bytes, r.config, r.config_sha256, r.verdict, "
    "r.exit_code, r.complete, r.cases, r.headline, r.duration_s, r.raw_bytes";
constexpr int kReportColumnCount = 29;

MachineRow ReadMachine(const SqlRow& row, int column) {
  MachineRow machine;
  machine.fingerprint = row.String(column);
  machine.platform = row.String(column + 1);
  machine.name = row.String(column + 2);
  machine.cpu_model = row.String(column + 3);
  machine.os = row.String(column + 4);
  machine.threads = row.Int(column + 5);
  machine.memory_bytes = row.Int(column + 6);
  return machine;
}

ReportRow ReadRow(const SqlRow& row) {
  ReportRow report;
  report.id = row.Int(0);
  report.report_id = row.String(1);
  report.run_id = row.String(2);
  report.sha256 = row.String(3);
  report.created_s = row.Int(4);
  report.received_s = row.Int(5);
  report.repo = row.String(6);
  report.branch = row.String(7);
  report.commit = row.String(8);
  report.base_commit = row.String(9);
  report.pull_request = row.String(10);
  report.dirty = row.Int(11) != 0;
  report.platform = row.String(12);
  report.machine = ReadMachine(row, 13);
  report.config = row.String(20);
  report.config_sha256 = row.String(21);
  report.verdict = row.String(22);
  report.exit_code = row.Int(23);
  report.complete = row.Int(24) != 0;
  report.cases = row.Int(25);
  report.headline = row.String(26);
  report.duration_s = row.Double(27);
  report.raw_bytes = row.Int(28);
  return report;
}

// `index`: "INDEXED BY ..." of SQLite, where that would choose another one.
std::string SelectReports(std::string_view rest, std::string_view index = "") {
  std::string sql = "SELECT ";
  sql += kReportColumns;
  sql += " FROM reports r ";
  sql += index;
  sql += " JOIN machines m ON m.id = r.machine ";
  sql += rest;
  return sql;
}

// Conditions with their parameters, numbered as they come.
class Conditions {
 public:
  void Add(std::string_view column, std::string_view op, SqlValue value) {
    parameters.push_back(std::move(value));
    text += text.empty() ? "WHERE " : " AND ";
    text += column;
    text += op;
    text += Placeholder();
  }
  void AddIfGiven(std::string_view column, const std::string& value) {
    if (!value.empty()) Add(column, " = ", value);
  }
  void AddRaw(const std::string& condition) {
    text += text.empty() ? "WHERE " : " AND ";
    text += condition;
  }
  std::string Next(SqlValue value) {
    parameters.push_back(std::move(value));
    return Placeholder();
  }

  std::string text;
  std::vector<SqlValue> parameters;

 private:
  std::string Placeholder() const { return fmt::format("${}", parameters.size()); }
};

std::optional<ReportRow> FindOne(const std::string& sql, const SqlValue& key, Database* database) {
  std::optional<ReportRow> found;
  database->Query(sql, {key}, [&](const SqlRow& row) { found = ReadRow(row); });
  return found;
}

}  // namespace

std::vector<ReportRow> ListReports(const ReportFilter& filter, Database* database) {
  Conditions conditions;
  // By its key, which the indexes of reports hold.
  if (!filter.machine.empty()) {
    const auto machine =
        database->QueryInt("SELECT id FROM machines WHERE fingerprint = $1", {filter.machine});
    if (!machine) return {};
    conditions.Add("r.machine", " = ", *machine);
  }
  conditions.AddIfGiven("r.branch", filter.branch);
  if (!filter.commit.empty()) {
    // All that begins with it: 'g' is after every hex digit. An index finds them.
    conditions.Add("r.commit_sha", " >= ", filter.commit);
    conditions.Add("r.commit_sha", " < ", filter.commit + "g");
  }
  conditions.AddIfGiven("r.config", filter.config);
  conditions.AddIfGiven("r.verdict", filter.verdict);
  conditions.AddIfGiven("r.platform", filter.platform);
  if (filter.after) {
    const std::string time = conditions.Next(filter.after->created_s);
    const std::string id = conditions.Next(filter.after->id);
    conditions.AddRaw(fmt::format("(r.created_s, r.id) < ({}, {})", time, id));
  }
  const std::string limit = conditions.Next(int64_t{filter.limit});
  // A commit has few reports; SQLite would rather walk through those of a machine or a branch.
  const bool by_commit = !filter.commit.empty() && database->dialect() == SqlDialect::kSqlite;
  std::vector<ReportRow> reports;
  database->Query(
      SelectReports(conditions.text + " ORDER BY r.created_s DESC, r.id DESC LIMIT " + limit,
                    by_commit ? "INDEXED BY reports_by_commit" : ""),
      std::span<const SqlValue>(conditions.parameters),
      [&](const SqlRow& row) { reports.push_back(ReadRow(row)); });
  return reports;
}

std::optional<ReportRow> FindReport(std::string_view report_id, Database* database) {
  return FindOne(SelectReports("WHERE r.report_id = $1"), std::string(report_id), database);
}

std::optional<ReportRow> FindReportByKey(int64_t id, Database* database) {
  return FindOne(SelectReports("WHERE r.id = $1"), id, database);
}

std::optional<std::string> ReadGzipBody(int64_t id, Database* database) {
  std::optional<std::string> body;
  database->Query("SELECT body FROM bodies WHERE report = $1", {id},
                  [&](const SqlRow& row) { body = std::string(row.Bytes(0)); });
  return body;
}

std::optional<std::string> ReadBody(int64_t id, Database* database) {
  const auto packed = ReadGzipBody(id, database);
  if (!packed) return std::nullopt;
  auto text = Gunzip(*packed, kMaxBodyBytes);
  if (!text) throw DatabaseError(DatabaseError::Kind::kBroken, "a kept report can't be read");
  return text;
}

std::vector<HeadRow> ListHeads(int branches, Database* database) {
  std::vector<HeadRow> heads;
  std::string sql = "SELECT ";
  sql += kReportColumns;
  sql +=
      ", h.branch FROM (SELECT branch, max(created_s) AS newest FROM heads GROUP BY branch "
      "ORDER BY newest DESC, branch LIMIT $1) b JOIN heads h ON h.branch = b.branch "
      "JOIN reports r ON r.id = h.report JOIN machines m ON m.id = h.machine "
      "ORDER BY b.newest DESC, b.branch, m.name, m.fingerprint, h.config";
  database->Query(sql, {int64_t{branches}}, [&](const SqlRow& row) {
    heads.push_back({row.String(kReportColumnCount), ReadRow(row)});
  });
  return heads;
}

std::vector<SeriesName> ListSeries(const SeriesFilter& filter, Database* database) {
  Conditions conditions;
  conditions.AddIfGiven("c.name", filter.case_name);
  conditions.AddIfGiven("s.metric", filter.metric);
  conditions.AddIfGiven("m.fingerprint", filter.machine);
  const std::string limit = conditions.Next(int64_t{filter.limit});
  std::vector<SeriesName> names;
  database->Query(
      "SELECT s.id, c.name, c.kind, s.metric, s.unit, s.direction, m.fingerprint, m.platform, "
      "m.name, m.cpu_model, m.os, m.threads, m.memory_bytes FROM series s "
      "JOIN cases c ON c.id = s.case_id JOIN machines m ON m.id = s.machine " +
          conditions.text + " ORDER BY c.name, s.metric, m.name, m.fingerprint LIMIT " + limit,
      std::span<const SqlValue>(conditions.parameters), [&](const SqlRow& row) {
        names.push_back({row.Int(0), row.String(1), row.String(2), row.String(3), row.String(4),
                         row.String(5), ReadMachine(row, 6)});
      });
  return names;
}

std::vector<std::string> ListMetrics(Database* database) {
  std::vector<std::string> metrics;
  database->Query("SELECT DISTINCT metric FROM series ORDER BY metric LIMIT 500", {},
                  [&](const SqlRow& row) { metrics.push_back(row.String(0)); });
  return metrics;
}

namespace {

// At most this many reports are looked up one by one: 2,000 take some milliseconds.
constexpr int64_t kFewReports = 2000;

// A branch of few reports would have its series searched to the very beginning.
bool HasFewReports(int64_t series, const std::string& branch, Database* database) {
  const auto count = database->QueryInt(
      "SELECT count(*) FROM (SELECT 1 FROM reports WHERE branch = $1 AND machine = "
      "(SELECT machine FROM series WHERE id = $2) LIMIT $3) few",
      {branch, series, kFewReports + 1});
  return count.value_or(0) <= kFewReports;
}

// The points of series $1, of which the caller takes $2. A comparison of one parameter with the
// empty text, for any branch, would not let an index be used for the rest.
std::string SelectPoints(int64_t series, const std::string& branch, Database* database) {
  std::string sql =
      "SELECT r.report_id, r.commit_sha, r.branch, r.dirty, x.created_s, x.verdict, x.value, "
      "x.ci_lo, x.ci_hi, x.noise ";
  if (branch.empty()) {
    sql += "FROM metrics x JOIN reports r ON r.id = x.report WHERE x.series = $1 ";
  } else if (HasFewReports(series, branch, database)) {
    // SQLite takes the tables of a cross join in their order.
    sql +=
        "FROM reports r CROSS JOIN metrics x WHERE r.branch = $3 AND r.machine = "
        "(SELECT machine FROM series WHERE id = $1) AND x.series = $1 AND "
        "x.created_s = r.created_s AND x.report = r.id ";
  } else {
    sql +=
        "FROM metrics x JOIN reports r ON r.id = x.report WHERE x.series = $1 AND r.branch = $3 ";
  }
  return sql + "ORDER BY x.created_s DESC, x.report DESC LIMIT $2";
}

}  // namespace

std::vector<SeriesPoint> ReadSeries(int64_t series, std::string_view branch, int limit,
                                    Database* database) {
  std::vector<SeriesPoint> points;
  std::vector<SqlValue> parameters = {series, int64_t{limit}};
  if (!branch.empty()) parameters.emplace_back(std::string(branch));
  database->Query(
      SelectPoints(series, std::string(branch), database), std::span<const SqlValue>(parameters),
      [&](const SqlRow& row) {
        points.push_back({row.String(0), row.String(1), row.String(2), row.Int(3) != 0, row.Int(4),
                          row.String(5), row.OptionalDouble(6), row.OptionalDouble(7),
                          row.OptionalDouble(8), row.OptionalDouble(9)});
      });
  std::reverse(points.begin(), points.end());
  return points;
}

std::vector<GateRow> ReadGates(int64_t report, Database* database) {
  std::vector<GateRow> gates;
  database->Query(
      "SELECT gate, metric, concern, verdict, case_name, threshold, at_least, observed, ci_lo, "
      "ci_hi, noise, margin, reason FROM gates WHERE report = $1 ORDER BY position",
      {report}, [&](const SqlRow& row) {
        gates.push_back({row.String(0), row.String(1), row.String(2), row.String(3), row.String(4),
                         row.Double(5), row.Int(6) != 0, row.OptionalDouble(7),
                         row.OptionalDouble(8), row.OptionalDouble(9), row.OptionalDouble(10),
                         row.OptionalDouble(11), row.String(12)});
      });
  return gates;
}

std::vector<ReportRow> ListLatest(Database* database) {
  std::vector<ReportRow> reports;
  std::string sql = "SELECT ";
  sql += kReportColumns;
  sql +=
      " FROM latest l JOIN reports r ON r.id = l.report JOIN machines m ON m.id = l.machine "
      "ORDER BY m.fingerprint, l.config";
  database->Query(sql, {}, [&](const SqlRow& row) { reports.push_back(ReadRow(row)); });
  return reports;
}

std::vector<MachineRow> ListMachines(Database* database) {
  std::vector<MachineRow> machines;
  database->Query(
      "SELECT fingerprint, platform, name, cpu_model, os, threads, memory_bytes FROM machines "
      "ORDER BY name, fingerprint LIMIT 1000",
      {}, [&](const SqlRow& row) { machines.push_back(ReadMachine(row, 0)); });
  return machines;
}

StoreSize MeasureStore(Database* database) {
  StoreSize size;
  // Keys are given in order and never taken back, so the largest is the count: no scan.
  size.reports = database->QueryInt("SELECT max(id) FROM reports").value_or(0);
  size.bytes = database->SizeBytes();
  return size;
}

int64_t PruneSamples(int64_t before_s, Database* database) {
  int64_t removed = 0;
  database->Query("DELETE FROM samples WHERE created_s < $1 RETURNING report", {before_s},
                  [&](const SqlRow&) { ++removed; });
  return removed;
}

}  // namespace deltagauge
