#include <sqlite3.h>

#include <map>
#include <utility>

#include "fmt/format.h"
#include "harness/store/database.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

[[noreturn]] void Throw(sqlite3* connection, const std::string& doing) {
  const int code = sqlite3_extended_errcode(connection);
  const bool is_conflict = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
  std::string what = "SQLite: ";
  what += sqlite3_errmsg(connection);
  what += " (";
  what += doing.substr(0, 200);
  what += ")";
  throw DatabaseError(is_conflict ? DatabaseError::Kind::kConflict : DatabaseError::Kind::kBroken,
                      what);
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, Close>;

class SqliteRow final : public SqlRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  double Double(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view Text(int column) const override {
    const auto* text = sqlite3_column_text(statement_, column);
    return View(text, column);
  }
  std::string_view Bytes(int column) const override {
    return View(sqlite3_column_blob(statement_, column), column);
  }

 private:
  std::string_view View(const void* data, int column) const {
    if (data == nullptr) return {};
    const int size = sqlite3_column_bytes(statement_, column);
    return {static_cast<const char*>(data), static_cast<size_t>(size)};
  }

  sqlite3_stmt* statement_;
};

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(Connection connection) : connection_(std::move(connection)) {}

  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

  void Query(const std::string& sql, std::span<const SqlValue> parameters,
             const RowFunction& row) override {
    sqlite3_stmt* const statement = Prepared(sql);
    // A statement that is not reset keeps its read transaction open.
    struct Reset {
      sqlite3_stmt* statement;
      ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
      }
    } const reset{statement};
    for (size_t i = 0; i < parameters.size(); ++i) Bind(statement, i + 1, parameters[i], sql);
    const SqliteRow of_statement(statement);
    for (;;) {
      const int result = sqlite3_step(statement);
      if (result == SQLITE_DONE) return;
      if (result != SQLITE_ROW) Throw(connection_.get(), sql);
      if (row) row(of_statement);
    }
  }

  void Run(const std::string& sql) override {
    if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      Throw(connection_.get(), sql);
    }
  }

  int64_t SizeBytes() override {
    const int64_t pages = QueryInt("PRAGMA page_count").value_or(0);
    return pages * QueryInt("PRAGMA page_size").value_or(0);
  }

  void BackUp(const std::string& path) override { Query("VACUUM INTO $1", {SqlValue(path)}); }

  using Database::Query;

 private:
  sqlite3_stmt* Prepared(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second.get();
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
      Throw(connection_.get(), sql);
    }
    return statements_.emplace(sql, Statement(statement)).first->second.get();
  }

  // SQLite numbers $1, $2, ... by where they first stand in the text, so they are bound by name.
  void Bind(sqlite3_stmt* statement, size_t number, const SqlValue& value, const std::string& sql) {
    const std::string name = fmt::format("${}", number);
    const int at = sqlite3_bind_parameter_index(statement, name.c_str());
    if (at == 0) return;  // given, but not used by this statement
    int result = SQLITE_OK;
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      result = sqlite3_bind_int64(statement, at, *integer);
    } else if (const auto* number_value = std::get_if<double>(&value)) {
      result = sqlite3_bind_double(statement, at, *number_value);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      result = sqlite3_bind_text64(statement, at, text->data(), text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<SqlBytes>(&value)) {
      result = sqlite3_bind_blob64(statement, at, bytes->bytes.data(), bytes->bytes.size(),
                                   SQLITE_STATIC);
    } else {
      result = sqlite3_bind_null(statement, at);
    }
    if (result != SQLITE_OK) Throw(connection_.get(), sql);
  }

  Connection connection_;
  std::map<std::string, Statement, std::less<>> statements_;  // ends before the connection
};

}  // namespace

std::unique_ptr<Database> OpenSqlite(const DatabaseAddress& address) {
  sqlite3* opened = nullptr;
  const int result =
      sqlite3_open_v2(address.text.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(opened);
  if (result != SQLITE_OK) {
    const std::string what =
        opened == nullptr ? std::string("out of memory") : std::string(sqlite3_errmsg(opened));
    throw reference::InputError(address.text, "can't be opened as an SQLite database: " + what,
                                "its folder must exist, and be writable");
  }
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  auto database = std::make_unique<SqliteDatabase>(std::move(connection));
  try {
    // FULL: a commit has reached the disk before it is acknowledged. 64 MB of cache and map make
    // reading pages cheap; a checkpoint at 16 MB of log keeps the log from growing without end.
    database->Run(
        "PRAGMA page_size=1024; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
        "foreign_keys=ON;"
        "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA wal_autocheckpoint=4096;"
        "PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF");
  } catch (const DatabaseError& error) {
    throw reference::InputError(address.text, error.what(),
                                "is this a database of deltagauge, and writable?");
  }
  return database;
}

}  // namespace deltagauge
