#include "harness/store/store_runs.h"

#include <array>
#include <limits>

namespace deltagauge {
namespace {

constexpr std::array<std::string_view, 5> kStateNames = {"queued", "running", "completed",
                                                         "cancelled", "error"};

constexpr const char* kRunColumns =
    "SELECT u.id, u.task, u.config, u.overrides, u.state, u.created_s, u.started_s, u.ended_s, "
    "u.report_id, u.exit_code, u.message, r.verdict FROM runs u "
    "LEFT JOIN reports r ON r.report_id = u.report_id ";

RunState StateNamed(std::string_view name) {
  for (size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == name) return static_cast<RunState>(i);
  }
  return RunState::kError;  // of a later program
}

std::optional<int64_t> OptionalInt(const SqlRow& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional(row.Int(column));
}

SqlValue OptionalValue(const std::optional<int64_t>& value) {
  return value ? SqlValue(*value) : SqlValue();
}

RunRecord ReadRun(const SqlRow& row) {
  RunRecord run;
  run.id = row.Int(0);
  run.task = row.String(1);
  run.config = row.String(2);
  run.overrides = row.String(3);
  run.state = StateNamed(row.Text(4));
  run.created_s = row.Int(5);
  run.started_s = OptionalInt(row, 6);
  run.ended_s = OptionalInt(row, 7);
  run.report_id = row.String(8);
  run.exit_code = OptionalInt(row, 9);
  run.message = row.String(10);
  run.verdict = row.String(11);
  return run;
}

std::string NameOf(RunState state) { return std::string(RunStateName(state)); }

}  // namespace

std::string_view RunStateName(RunState state) { return kStateNames[static_cast<size_t>(state)]; }

int64_t AddRun(const RunRecord& run, Database* database) {
  return database
      ->QueryInt(
          "INSERT INTO runs(task, config, overrides, state, created_s, started_s, ended_s, "
          "report_id, exit_code, message) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
          "RETURNING id",
          {run.task, run.config, run.overrides, NameOf(run.state), run.created_s,
           OptionalValue(run.started_s), OptionalValue(run.ended_s), run.report_id,
           OptionalValue(run.exit_code), run.message})
      .value();
}

bool UpdateRun(const RunRecord& run, Database* database) {
  return database
      ->QueryInt(
          "UPDATE runs SET state = $2, started_s = $3, ended_s = $4, report_id = $5, "
          "exit_code = $6, message = $7 WHERE task = $1 RETURNING id",
          {run.task, NameOf(run.state), OptionalValue(run.started_s), OptionalValue(run.ended_s),
           run.report_id, OptionalValue(run.exit_code), run.message})
      .has_value();
}

std::optional<RunRecord> FindRun(std::string_view task, Database* database) {
  std::optional<RunRecord> found;
  database->Query(std::string(kRunColumns) + "WHERE u.task = $1", {std::string(task)},
                  [&](const SqlRow& row) { found = ReadRun(row); });
  return found;
}

std::vector<RunRecord> ListRuns(int64_t before_id, int limit, Database* database) {
  std::vector<RunRecord> runs;
  database->Query(std::string(kRunColumns) + "WHERE u.id < $1 ORDER BY u.id DESC LIMIT $2",
                  {before_id > 0 ? before_id : std::numeric_limits<int64_t>::max(), int64_t{limit}},
                  [&](const SqlRow& row) { runs.push_back(ReadRun(row)); });
  return runs;
}

std::vector<std::string> FailUnfinishedRuns(std::string_view message, int64_t now_s,
                                            Database* database) {
  std::vector<std::string> tasks;
  database->Query(
      "UPDATE runs SET state = 'error', ended_s = $1, message = $2 "
      "WHERE state IN ('queued', 'running') RETURNING task",
      {now_s, std::string(message)}, [&](const SqlRow& row) { tasks.push_back(row.String(0)); });
  return tasks;
}

}  // namespace deltagauge
